"""Trees of ours as xgboost reads them: an implementation of TreeSHAP that shares nothing with ours.

xgboost keeps thresholds as floats and goes left below them, so features are coded by the rank of their thresholds.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost

from reactivation.statistics.shapley import Floats, Leaf, Split, Tree


def contributions(trees: Sequence[Tree], values: Floats) -> Floats:
    """By row and feature, the base last, in floats. values: by row and feature."""
    thresholds = [sorted({t for tree in trees for f, t in _thresholds(tree) if f == n}) for n in range(values.shape[1])]
    columns = [np.searchsorted(cuts, values[:, n], side="left") for n, cuts in enumerate(thresholds)]
    model = xgboost.Booster(model_file=bytearray(json.dumps(_learner(trees, thresholds)).encode()))
    return np.asarray(model.predict(xgboost.DMatrix(np.column_stack(columns).astype(float)), pred_contribs=True))


def _thresholds(tree: Tree) -> list[tuple[int, float]]:
    if isinstance(tree, Leaf):
        return []
    return [(tree.feature, tree.threshold), *_thresholds(tree.left), *_thresholds(tree.right)]


def _learner(trees: Sequence[Tree], thresholds: Sequence[Sequence[float]]) -> dict[str, Any]:
    count, features = len(trees), str(len(thresholds))
    booster = {
        "gbtree_model_param": {"num_trees": str(count), "num_parallel_tree": "1"},
        "tree_info": [0] * count,
        "iteration_indptr": list(range(count + 1)),
        "trees": [_nodes(tree, thresholds, number) for number, tree in enumerate(trees)],
    }
    return {
        "version": [3, 0, 0],
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"name": "gbtree", "model": booster},
            "learner_model_param": {
                "base_score": "0E0",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": features,
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }


def _nodes(tree: Tree, thresholds: Sequence[Sequence[float]], number: int) -> dict[str, Any]:
    nodes: list[Tree] = [tree]
    parents, left, right = [2147483647], [-1], [-1]
    for at, node in enumerate(nodes):  # grows while it is walked
        if isinstance(node, Split):
            left[at], right[at] = len(nodes), len(nodes) + 1
            for child in (node.left, node.right):
                nodes.append(child)
                parents.append(at)
                left.append(-1)
                right.append(-1)
    split = [isinstance(node, Split) for node in nodes]
    size = len(nodes)
    return {
        "id": number,
        "base_weights": [node.value if isinstance(node, Leaf) else 0.0 for node in nodes],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * size,
        "left_children": left,
        "right_children": right,
        "parents": parents,
        "loss_changes": [float(is_split) for is_split in split],
        "split_conditions": [
            float(thresholds[node.feature].index(node.threshold) + 1) if isinstance(node, Split) else node.value
            for node in nodes
        ],
        "split_indices": [node.feature if isinstance(node, Split) else 0 for node in nodes],
        "split_type": [0] * size,
        "sum_hessian": [node.cover for node in nodes],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(len(thresholds)),
            "num_nodes": str(size),
            "size_leaf_vector": "1",
        },
    }

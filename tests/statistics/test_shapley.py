"""Contributions of trees against Shapley's definition itself: all orders in which features may become known."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactivation.statistics.shapley import BoostedTrees, Leaf, Split, Tree, strongest

pytestmark = pytest.mark.numbers

FEATURES = 4


def trees(depth: int) -> st.SearchStrategy[Tree]:
    """Trees over few features, so that paths meet one feature twice; covers are weights and so no whole numbers."""
    cover, value = st.floats(0.1, 9), st.floats(-3, 3)
    leaf = st.builds(Leaf, cover, value)
    if depth == 0:
        return leaf
    below = trees(depth - 1)
    return leaf | st.builds(Split, cover, st.integers(0, FEATURES - 1), st.integers(-2, 2).map(float), below, below)


def said(tree: Tree, row: list[float], known: frozenset[int]) -> float:
    """What a tree is expected to say of a row of which some features are known."""
    if isinstance(tree, Leaf):
        return tree.value
    if tree.feature in known:
        return said(tree.left if row[tree.feature] <= tree.threshold else tree.right, row, known)
    left, right = tree.left.cover, tree.right.cover
    return (left * said(tree.left, row, known) + right * said(tree.right, row, known)) / (left + right)


def by_definition(forest: list[Tree], row: list[float]) -> list[float]:
    """Mean over all orders of what each feature adds when it becomes known."""
    found, orders = [0.0] * FEATURES, list(permutations(range(FEATURES)))
    for order in orders:
        for place, feature in enumerate(order):
            before = frozenset(order[:place])
            for tree in forest:
                found[feature] += said(tree, row, before | {feature}) - said(tree, row, before)
    return [value / len(orders) for value in found]


@settings(max_examples=60)
@given(
    st.lists(trees(4), min_size=1, max_size=2),
    st.lists(st.lists(st.integers(-3, 3).map(float), min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=2),
)
def test_each_contribution_is_the_mean_over_all_orders(forest: list[Tree], rows: list[list[float]]) -> None:
    own = BoostedTrees(forest)
    found = own.contributions([np.array([row[feature] for row in rows]) for feature in own.features])
    for number, row in enumerate(rows):
        meant = by_definition(forest, row)
        assert own.features == tuple(sorted(own.features))
        assert [value for feature, value in enumerate(meant) if feature not in own.features] == pytest.approx(
            [0.0] * (FEATURES - len(own.features))
        )
        if own.features:
            assert found[:, number] == pytest.approx([meant[feature] for feature in own.features], abs=1e-12)
            everything = frozenset(range(FEATURES))
            whole = sum(said(tree, row, everything) for tree in forest)
            assert own.base + found[:, number].sum() == pytest.approx(whole, abs=1e-12)


def full(depth: int, feature: int = 0) -> Tree:
    """A tree that splits on another feature at every node."""
    if depth == 0:
        return Leaf(1.0 + feature % 3, float(feature % 7))
    below = full(depth - 1, 2 * feature + 1), full(depth - 1, 2 * feature + 2)
    return Split(below[0].cover + below[1].cover, feature, 0.5, *below)


def test_a_tree_as_deep_as_may_be_is_cut_and_still_adds_up() -> None:
    tree, row = full(8), [float(feature % 2) for feature in range(255)]
    own = BoostedTrees([tree])
    found = own.contributions([np.array([row[feature]]) for feature in own.features])
    assert own.base + found.sum() == pytest.approx(said(tree, row, frozenset(range(255))), abs=1e-12)


def test_a_deeper_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="deeper than 8"):
        BoostedTrees([full(9)])


def test_the_strongest_come_first_and_what_contributed_nothing_is_no_reason() -> None:
    by_row = np.array(
        [
            [0.1, -0.9, 0.5],
            [0.0, 0.0, 0.2],  # fewer than asked for
            [-0.3, 0.3, 0.3],  # equal amounts: the first feature's
        ]
    )
    found = strongest(by_row.T, most=2)
    assert found.rows.tolist() == [2, 1, 2]
    assert found.place.tolist() == [1, 2, 2, 0, 1]
    assert found.value.tolist() == [-0.9, 0.5, 0.2, -0.3, 0.3]

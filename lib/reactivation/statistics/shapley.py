"""Exact Shapley values of boosted trees: how much each feature moved one score, by tables made once per model.

What a tree is expected to say where only some features are known goes down the branch that a known feature takes, and
weighs both branches of an unknown one by the training rows behind them (Lundberg, Erion and Lee 2018, "Consistent
individualized feature attribution for tree ensembles", algorithm 1). The values are those of Shapley's definition for
it: a feature's mean marginal contribution over all orders in which the features may become known.

What a tree says of a row depends on which of its conditions hold, and on nothing else. A tree is therefore cut into
parts of at most eight conditions, whose outcomes together are one byte; the definition is worked out once for each of
the 256 bytes. A row then costs a byte and some look-ups a part, and all is in doubles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_CONDITIONS = 8
"""Of a part, and so the greatest depth of a tree: a part holds a path to a last split at least."""


class Leaf(NamedTuple):
    """What a tree adds to the score of a row that ends here. cover: weight of the training rows that did."""

    cover: float
    value: float


class Split(NamedTuple):
    """Rows whose feature is at most the threshold go left, the others right. cover: weight of its training rows."""

    cover: float
    feature: int
    threshold: float
    left: "Tree"
    right: "Tree"


Tree = Leaf | Split


class _Condition(NamedTuple):
    """One condition on the path to a part, and the side on which the path goes on."""

    split: Split
    is_left: bool


@dataclass(frozen=True)
class _Part:
    """A part of a tree. conditions: (feature, threshold) by bit. table: by feature and byte, what it contributes."""

    conditions: tuple[tuple[int, float], ...]
    features: tuple[int, ...]
    table: Floats


class BoostedTrees:
    """A sum of trees, ready to say what each feature contributed to it.

    features: indices of the features that some tree splits on, in order. base: what the trees are expected to say of a
    row of which nothing is known; base and contributions add up to what they say. ValueError for trees deeper than
    `MOST_CONDITIONS`.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.features = tuple(sorted({split.feature for tree in trees for split in _splits(tree)}))
        self.base = sum(_mean(tree) for tree in trees)
        place = {feature: at for at, feature in enumerate(self.features)}
        self._parts = [_part(part, place) for tree in trees for part in _cut(tree, ())]

    def contributions(self, values: Sequence[Floats]) -> Floats:
        """What each feature contributed to the score of each row, by feature and row. values: those of `features`."""
        rows = len(values[0]) if values else 0
        found = np.zeros((len(self.features), rows))
        for part in self._parts:
            outcomes = np.zeros(rows, np.uint8)
            for bit, (feature, threshold) in enumerate(part.conditions):
                outcomes |= (values[feature] <= threshold).view(np.uint8) << np.uint8(bit)
            for feature, of_outcome in zip(part.features, part.table, strict=True):
                found[feature] += of_outcome[outcomes]
        return found


class Strongest(NamedTuple):
    """The strongest contributions of some rows. rows: how many each has. place, value: one row's after another's."""

    rows: NDArray[np.int64]
    place: NDArray[np.int64]
    value: Floats


def strongest(contributions: Floats, most: int) -> Strongest:
    """Of each row the largest contributions by amount, largest first; of equal ones the first feature's.

    contributions: by feature and row. A feature that contributed nothing is none of them.
    """
    amounts = np.abs(contributions.T)
    every = np.arange(len(amounts))
    places = np.empty((len(amounts), min(most, amounts.shape[1])), np.int64)
    for turn in range(places.shape[1]):
        places[:, turn] = amounts.argmax(axis=1)
        amounts[every, places[:, turn]] = -1.0
    values = np.take_along_axis(contributions.T, places, axis=1)
    counts = (values != 0).sum(axis=1)
    return Strongest(counts, places[values != 0], values[values != 0])


def _splits(tree: Tree) -> Iterator[Split]:
    if isinstance(tree, Split):
        yield tree
        yield from _splits(tree.left)
        yield from _splits(tree.right)


def _mean(tree: Tree) -> float:
    if isinstance(tree, Leaf):
        return tree.value
    left, right = tree.left.cover, tree.right.cover
    return (left * _mean(tree.left) + right * _mean(tree.right)) / (left + right)


def _cut(tree: Tree, path: tuple[_Condition, ...]) -> Iterator[tuple[tuple[_Condition, ...], Tree]]:
    """The parts that a tree is the sum of: a path and all below it, beside which the tree says 0."""
    inside = sum(1 for _ in _splits(tree))
    if isinstance(tree, Leaf) or len(path) + inside <= MOST_CONDITIONS:
        if len(path) > MOST_CONDITIONS:
            raise ValueError(f"a tree is deeper than {MOST_CONDITIONS}")
        yield path, tree
        return
    yield from _cut(tree.left, (*path, _Condition(tree, True)))
    yield from _cut(tree.right, (*path, _Condition(tree, False)))


def _part(part: tuple[tuple[_Condition, ...], Tree], place: dict[int, int]) -> _Part:
    """Shapley's definition for every outcome of a part's conditions."""
    path, below = part
    tree = _alone(path, below)
    splits = list(_splits(tree))
    features = sorted({split.feature for split in splits})
    outcomes = np.arange(1 << len(splits))
    goes_left = {split: (outcomes >> bit & 1).astype(bool) for bit, split in enumerate(splits)}
    known_sets = np.arange(1 << len(features))[:, None]
    is_known = {feature: (known_sets >> bit & 1).astype(bool) for bit, feature in enumerate(features)}

    def expected(node: Tree) -> Floats:
        """By set of known features and by outcome."""
        if isinstance(node, Leaf):
            return np.full((1, 1), node.value)
        left, right = expected(node.left), expected(node.right)
        unknown = (node.left.cover * left + node.right.cover * right) / (node.left.cover + node.right.cover)
        return np.where(is_known[node.feature], np.where(goes_left[node], left, right), unknown)

    said = np.broadcast_to(expected(tree), (len(known_sets), len(outcomes)))
    table = np.empty((len(features), len(outcomes)))
    sizes = np.array([int(number).bit_count() for number in known_sets[:, 0]])
    of_size = [factorial(k) * factorial(len(features) - k - 1) / factorial(len(features)) for k in range(len(features))]
    for bit, feature in enumerate(features):
        without = known_sets[~is_known[feature]]
        weights = np.array([of_size[size] for size in sizes[without]])
        table[bit] = weights @ (said[without | 1 << bit] - said[without])
    conditions = tuple((place[split.feature], split.threshold) for split in splits)
    return _Part(conditions, tuple(place[feature] for feature in features), table)


def _alone(path: Sequence[_Condition], below: Tree) -> Tree:
    """A part as a tree of its own: beside the path it says 0."""
    tree = below
    for split, is_left in reversed(path):
        beside = Leaf((split.right if is_left else split.left).cover, 0.0)
        tree = split._replace(left=tree, right=beside) if is_left else split._replace(left=beside, right=tree)
    return tree

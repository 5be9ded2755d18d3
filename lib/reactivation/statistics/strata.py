"""Post-stratification: arms compared within strata that were fixed before the draw, then averaged over all users."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reactivation.statistics.means import Component, Effect, Sample, judged
from reactivation.statistics.said import Said, said

METHOD = "post-stratified"
OTHER = "(small strata)"
SMALLEST_PER_ARM = 20
"""Users per arm below which a stratum counts as small."""


class Stratum(NamedTuple):
    """One stratum: users of all arms, whose share is its weight, and the two sides to be compared."""

    name: str
    users: int
    treatment: Sample
    control: Sample


class Stratified(NamedTuple):
    """The two sides' weighted means and their difference; None with the reason where it is not estimable."""

    treatment: float
    control: float
    effect: Effect


def post_stratified(strata: Sequence[Stratum], *, alpha: float, critical: Any = None) -> Stratified | Said:
    """The difference within each stratum, weighted by the stratum's share over all arms; or why it cannot be had.

    A stratum in which a side has nobody has no difference, and leaving it out would change whom the answer is about:
    then the whole is not estimable. A side of one user has no variance and counts as empty.

    References: Miratrix, Sekhon and Yu, Journal of the Royal Statistical Society B 75 (2013).
    """
    empty = [
        f"{stratum.name}: {int(side.n)} on the side of the {name}"
        for stratum in strata
        for name, side in (("treatment", stratum.treatment), ("control", stratum.control))
        if side.n < 2
    ]
    if empty or not strata:
        found = "; ".join(empty) or "there are no strata"
        return said("stratum", f"a stratum needs two users on each side ({found}): name coarser strata, or fewer")
    users = sum(stratum.users for stratum in strata)
    weights = [stratum.users / users for stratum in strata]
    first, second = (
        float(sum(w * getattr(stratum, side).mean for w, stratum in zip(weights, strata, strict=True)))
        for side in ("treatment", "control")
    )
    parts = [
        Component(w * w * side.variance / side.n, side.n - 1)
        for w, stratum in zip(weights, strata, strict=True)
        for side in (stratum.treatment, stratum.control)
    ]
    return Stratified(first, second, judged(first - second, parts, alpha=alpha, critical=critical))


def collapse(users: Mapping[str, int], *, smallest: int) -> dict[str, str]:
    """Which stratum each one becomes: those below `smallest` users over all arms go together, into `(small strata)`.

    The rule looks at the size of a stratum alone, never at its arms or outcomes, so the draw and what came of it have
    no say in who is compared with whom. Where all of the small ones together are still too few, they join the smallest
    of the others.

    >>> collapse({"city": 900, "town": 400, "isle": 3, "rock": 2}, smallest=100)
    {'city': 'city', 'town': 'town', 'isle': 'town', 'rock': 'town'}
    """
    small = [name for name, n in users.items() if n < smallest]
    large = {name: n for name, n in users.items() if n >= smallest}
    is_enough = sum(users[name] for name in small) >= smallest or not large
    home = OTHER if is_enough else min(large, key=lambda name: (large[name], name))
    return {name: home if name in small else name for name in users}

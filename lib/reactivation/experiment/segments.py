"""The same questions asked of parts of the users, and of parts of the month."""

from collections.abc import Callable, Iterator, Sequence

from reactivation.experiment.analysis import Asked, Row, estimates, pairs
from reactivation.experiment.contrasts import CONTRASTS, Contrast
from reactivation.experiment.groups import Group, by_arm, split_by
from reactivation.experiment.secondary_estimates import TOUCH
from reactivation.statistics.multiplicity import as_family

_IN_A_WEEK = "active"


def parts(groups: Sequence[Group], *, asked: Asked) -> Iterator[Row]:
    """The touch effects within each branch and each tier, their verdicts after Benjamini-Hochberg over all of these.

    Both are facts fixed before the draw, so that within each of them chance alone decided who was held out.
    """
    in_cells = [group for group in groups if group.touch is not None]
    keys: dict[str, Callable[[Group], str]] = {"branch": lambda group: group.branch, "tier": lambda group: group.tier}
    segments = {
        f"{kind}={name}": by_arm(members)
        for kind, key in keys.items()
        for name, members in sorted(split_by(in_cells, key).items())
    }
    sides = {segment: pairs(TOUCH, members) for segment, members in segments.items()}
    for metric in asked.measured.metrics:
        found = {segment: estimates(TOUCH, pair, metric, asked=asked) for segment, pair in sides.items()}
        for contrast in TOUCH:
            rows = [
                asked.row(contrast, metric, segment, asked.checked(contrast.name, each[contrast.name]))
                for segment, each in found.items()
            ]
            yield from as_family(rows, "segments", alpha=asked.level.alpha)


def weeks(groups: Sequence[Group], *, asked: Asked) -> Iterator[Row]:
    """The touch effects on being active in each week of seven days since the first wave; one family as well."""
    if _IN_A_WEEK not in asked.measured.rates:
        return
    sides = pairs(TOUCH, groups)
    for contrast in TOUCH:
        found = {
            f"week {week}": asked.of_shares(*sides[contrast.name], f"week__{week}")
            for week in range(1, asked.measured.weeks + 1)
        }
        rows = [
            asked.row(contrast, _IN_A_WEEK, segment, asked.checked(contrast.name, estimate))
            for segment, estimate in found.items()
        ]
        yield from as_family(rows, "weeks", alpha=asked.level.alpha)


def disagreements(groups: Sequence[Group], *, asked: Asked) -> Iterator[Row]:
    """The contrasts of two policies among the users whom only one of the two would pick.

    Users whom both or neither pick are treated alike by both, so all that sets the policies apart is here: whom each
    finds that the other does not, what the campaign moves among them, and the policies over both kinds together.
    """
    for pair in dict.fromkeys(c.name.split("_", 1)[1] for c in CONTRASTS if c.name.startswith("policy_")):
        first, second = pair.split("_vs_")
        among = disagreeing(groups, first, second)
        own = (f"touch_{first}", f"touch_{second}", *(f"{kind}_{pair}" for kind in ("pick", "found", "gain", "policy")))
        contrasts = [contrast for contrast in CONTRASTS if contrast.name in own]
        yield from _of_all(contrasts, among, f"disagreement {pair}", asked=asked)


def disagreeing(groups: Sequence[Group], first: str, second: str) -> tuple[Group, ...]:
    """The groups by arm of those whom one of two policies would pick and the other would not."""
    return by_arm(group for group in groups if len(group.picked_by & {first, second}) == 1)


def _of_all(contrasts: Sequence[Contrast], groups: Sequence[Group], segment: str, *, asked: Asked) -> Iterator[Row]:
    sides = pairs(contrasts, groups)
    for metric in asked.measured.metrics:
        found = estimates(contrasts, sides, metric, asked=asked)
        for contrast in contrasts:
            yield asked.row(contrast, metric, segment, asked.checked(contrast.name, found[contrast.name]))

"""The same questions asked of parts of the users, and of parts of the month."""

from collections.abc import Iterator, Sequence

from reactivation.experiment.analysis import AnalysisRequest, Row, outside_of, pairs
from reactivation.experiment.contrasts import CONTRASTS, TOUCH
from reactivation.experiment.groups import Group, by_arm, parts_of
from reactivation.experiment.metrics import compare_shares
from reactivation.statistics.multiplicity import as_family

_IN_A_WEEK = "active"


def part_rows(groups: Sequence[Group], *, request: AnalysisRequest) -> Iterator[Row]:
    """The touch effects within each branch and each tier.

    Branch and tier are fixed before the draw, so that within each part chance alone decided who was held out. Where no
    order was registered (0.1.0), the verdicts are those after Benjamini-Hochberg over all parts.
    """
    sides = {segment: pairs(TOUCH, by_arm(members)) for segment, members in parts_of(groups).items()}
    outside = {segment: outside_of(TOUCH, pair) for segment, pair in sides.items()}
    for metric in request.specs.compared:
        found = {segment: request.estimates(TOUCH, pair, metric) for segment, pair in sides.items()}
        for contrast in TOUCH:
            rows = [
                request.row(contrast, metric, segment, each[contrast.name], outside=outside[segment])
                for segment, each in found.items()
            ]
            yield from rows if request.is_ordered else as_family(rows, "segments", alpha=request.level.alpha)


def week_rows(groups: Sequence[Group], *, request: AnalysisRequest) -> Iterator[Row]:
    """The touch effects on being active in each week of seven days since the first wave.

    Where no order was registered (0.1.0), all weeks are one family.
    """
    metric = next((metric for metric in request.specs.shares if metric.name == _IN_A_WEEK), None)
    if metric is None:
        return
    level, minimum = request.level, request.settings.minimum_expected_events
    for name, pair in pairs(TOUCH, groups).items():
        contrast = next(c for c in TOUCH if c.name == name)
        found = {
            week: compare_shares(pair, "week", week, level=level, minimum_events=minimum)
            for week in range(1, request.specs.weeks + 1)
        }
        rows = [
            request.row(contrast, metric, f"week {week}", request.checked(name, one)) for week, one in found.items()
        ]
        yield from rows if request.is_ordered else as_family(rows, "weeks", alpha=level.alpha)


def disagreement_rows(groups: Sequence[Group], *, request: AnalysisRequest) -> Iterator[Row]:
    """The contrasts of two policies among the users whom only one of the two would pick.

    Both policies treat all other users alike, so these users are all that sets the policies apart: whom each finds that
    the other does not, what the campaign moves among them, and the policies over both kinds together.
    """
    for pair in [name.split("_", 1)[1] for name in request.contrasts if name.startswith("policy_")]:
        first, second = pair.split("_vs_")
        own = (f"touch_{first}", f"touch_{second}", *(f"{kind}_{pair}" for kind in ("pick", "found", "gain", "policy")))
        contrasts = [contrast for contrast in CONTRASTS if contrast.name in own]
        sides = pairs(contrasts, disagreeing(groups, first, second))
        outside = outside_of(contrasts, sides)
        for metric in request.specs.compared:
            found = request.estimates(contrasts, sides, metric)
            for contrast in contrasts:
                segment = f"disagreement {pair}"
                yield request.row(contrast, metric, segment, found[contrast.name], outside=outside)


def disagreeing(groups: Sequence[Group], first: str, second: str) -> tuple[Group, ...]:
    """The groups by arm of the users whom one of two policies would pick and the other would not."""
    return by_arm(group for group in groups if len(group.picked_by & {first, second}) == 1)

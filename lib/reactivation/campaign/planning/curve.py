"""Value against budget: what the best plan of the cell `model` is worth were there less or more money for it."""

from collections.abc import Sequence

from reactivation.campaign.planning import programmes
from reactivation.campaign.planning.capacity import CENTS
from reactivation.campaign.planning.cells import MICRO, Cells
from reactivation.campaign.planning.model_cell import BUDGET, Part

TIMES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Of the cell's part of the wave's budget; the draws take theirs first. At 1 stands the plan itself."""


def points(equals: Cells, share: float, parts: Sequence[Part], *, value: int) -> list[dict[str, float]]:
    """Times, budget and value in the region's currency, a row for each of `TIMES`; no pass over the users.

    equals: users of equal values in cells, of whom share are there (`Priced`). value: of the plan, millionths. The
    optimum of a linear programme over cells of equals never falls with a limit (it is concave in it: Dantzig, Linear
    Programming and Extensions, 1963); the plan's value rises and falls as that does. A budget at which the limits
    cannot be met is left out. Empty where the plan is worth nothing.
    """
    best: dict[float, float] = {}
    for times in TIMES if len(equals.users) else ():
        limits = [(_at(part, times) if part.limit.name == BUDGET else part).limit.share(share) for part in parts]
        if found := programmes.relaxed(equals, limits):
            best[times] = found.value
    if value <= 0 or best.get(1.0, 0.0) <= 0:
        return []
    [whole] = [part.whole / CENTS for part in parts if part.limit.name == BUDGET]
    per_unit = value / best[1.0] / MICRO
    return [
        {"times": times, "budget": round(whole * times, 2), "value": round(worth * per_unit, 2)}
        for times, worth in best.items()
    ]


def _at(part: Part, times: float) -> Part:
    return part._replace(limit=part.limit._replace(most=max(round(part.whole * times) - part.drawn, 0)))

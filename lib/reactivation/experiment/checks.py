"""What must hold before an effect may be read: the sample ratios, and equal spend."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from reactivation.experiment.aggregates import Group
from reactivation.experiment.contrasts import Contrast
from reactivation.experiment.sample_ratio import SampleRatio, sample_ratio
from reactivation.tables.derived import POLICIES


class Design(NamedTuple):
    """The shares that chance was to give, as registered.

    cells: share of each cell among contactable users. holdout, long_holdout: shares of every cell's users; the rest is
    touched.
    """

    cells: Mapping[str, float]
    holdout: float
    long_holdout: float


def sample_ratios(groups: Collection[Group], design: Design) -> dict[str, SampleRatio]:
    """Every split that was drawn, tested: the cells, touched against holdout in each, and the long holdout."""
    monthly = ("touched", "holdout")
    drawn = (1 - design.holdout - design.long_holdout, design.holdout)
    found = {
        "cells": sample_ratio(
            f"users of the cells {' : '.join(design.cells)}",
            [_users(groups, policy, monthly) for policy in design.cells],
            list(design.cells.values()),
        )
    }
    for policy in POLICIES:
        for key, part, is_selected in ((policy, "", None), (f"{policy}_selected", "picked users of the ", True)):
            counts = [_users(groups, policy, (touch,), is_selected) for touch in monthly]
            found[key] = sample_ratio(f"touched : holdout among {part or 'the '}cell {policy}", counts, drawn)
    everyone = [sum(_users(groups, p, touches) for p in POLICIES) for touches in (monthly, ("long_holdout",))]
    found["long_holdout"] = sample_ratio(
        "others : long holdout", everyone, (1 - design.long_holdout, design.long_holdout)
    )
    return found


def why_withheld(
    contrast: Contrast,
    *,
    groups: Sequence[Group],
    ratios: Mapping[str, SampleRatio],
    srm_p: float,
    spend_tolerance_share: float,
) -> str | None:
    """The check that failed and what was found, in words; None where the effect may be read."""
    for ratio in (ratios[name] for name in contrast.checks):
        if ratio.is_mismatch(srm_p):
            found = " : ".join(str(n) for n in ratio.counts)
            expected = " : ".join(f"{share:.3g}" for share in ratio.expected)
            return (
                f"sample ratio: {ratio.what} are {found} where shares of {expected} were drawn "
                f"(p = {ratio.p_value:.2g}); users were lost or added on the way"
            )
    if contrast.needs_equal_spend:
        first, second = (_spend_per_user(side.members(groups)) for side in contrast.sides)
        if abs(first - second) > spend_tolerance_share * max(first, second):
            return (
                f"unequal spend: {first:.4f} per user against {second:.4f}, more than "
                f"{spend_tolerance_share:.0%} apart; the policies did not campaign at equal spend"
            )
    return None


def _users(groups: Iterable[Group], policy: str, touches: Collection[str], is_selected: bool | None = None) -> int:
    return sum(
        group.users
        for group in groups
        if group.policy == policy
        and group.touch in touches
        and (is_selected is None or group.is_selected == is_selected)
    )


def _spend_per_user(members: Iterable[Group]) -> float:
    known = list(members)
    users = sum(group.users for group in known)
    return sum(group.spend for group in known) / users if users else 0.0

"""What must hold before an effect may be read: the sample ratios, equal spend, and a holdout that was one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from reactivation.contracts.derived import POLICIES
from reactivation.experiment.contrasts import Contrast
from reactivation.experiment.groups import Group, total
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.sample_ratio import SampleRatio, sample_ratio

Counted = Literal["users", "assigned"]


class Design(NamedTuple):
    """The shares that chance was to give, as registered.

    cells: share of each cell among contactable users. holdout, long_holdout: shares of every cell's users; the rest is
    touched. months_before: months of campaigns since the long holdout was drawn.
    """

    cells: Mapping[str, float]
    holdout: float
    long_holdout: float
    months_before: int = 0


class Checked(NamedTuple):
    """One row of `readout_checks` without the cycle."""

    check: str
    subject: str
    found: str | None
    expected: str | None
    p_value: float | None
    verdict: str
    says: str


def sample_ratios(groups: Collection[Group], design: Design, *, counted: Counted = "users") -> dict[str, SampleRatio]:
    """Every split that was drawn, tested: the cells, touched against holdout in each, and the long holdout.

    counted: `users` are those of whom an outcome came back, `assigned` all of `arms`.
    """
    monthly = ("touched", "holdout")
    drawn = (1 - design.holdout - design.long_holdout, design.holdout)
    found = {
        "cells": sample_ratio(
            f"users of the cells {' : '.join(design.cells)}",
            [_users(groups, policy, monthly, counted) for policy in design.cells],
            list(design.cells.values()),
        )
    }
    for policy in POLICIES:
        for key, part, is_selected in ((policy, "", None), (f"{policy}_selected", "picked users of the ", True)):
            counts = [_users(groups, policy, (touch,), counted, is_selected) for touch in monthly]
            found[key] = sample_ratio(f"touched : holdout among {part or 'the '}cell {policy}", counts, drawn)
    everyone = [sum(_users(groups, p, touches, counted) for p in POLICIES) for touches in (monthly, ("long_holdout",))]
    found["long_holdout"] = sample_ratio(
        "others : long holdout", everyone, (1 - design.long_holdout, design.long_holdout)
    )
    return found


def why_withheld(
    contrast: Contrast, *, groups: Sequence[Group], ratios: Mapping[str, SampleRatio], settings: ExperimentSettings
) -> str | None:
    """The check that failed and what was found, in words; None where the effect may be read."""
    for ratio in (ratios[name] for name in contrast.checks):
        if ratio.is_mismatch(settings.srm_p):
            by_chance = f"a fair draw looks so less than once in {1 / settings.srm_p:.0f} times"
            return f"sample ratio: {in_words(ratio)}; were users lost or added on the way? {by_chance}"
    if contrast.needs_equal_spend:
        first, second = (_spend_per_user(side.members(groups)) for side in contrast.sides)
        tolerance = settings.spend_tolerance_share
        if abs(first - second) > tolerance * max(first, second):
            return (
                f"unequal spend: {first:.4f} per user against {second:.4f}, more than "
                f"{tolerance:.0%} apart; the policies did not campaign at equal spend"
            )
    held_out = [
        group for side in contrast.sides for group in side.members(groups) if group.touch in ("holdout", "long_holdout")
    ]
    return why_no_holdout(held_out, settings=settings)


def why_no_holdout(held_out: Iterable[Group], *, settings: ExperimentSettings) -> str | None:
    """Why users who were to get nothing cannot stand for it, in words; None where they can."""
    whole = total(held_out)
    users = whole.of("users")
    reasons = (
        ("from_outside", settings.most_outside_share, "got contacts of other senders"),
        ("redeemers", settings.most_redeemed_share, "redeemed benefits that the campaign offers"),
    )
    for name, most, what in reasons:
        share = whole.of(name) / users if users else 0.0
        if share > most:
            return f"{share:.1%} of the held out {what}, more than the {most:.0%} that conf allows: no holdout any more"
    return None


def in_words(ratio: SampleRatio) -> str:
    """Counts found and shares drawn."""
    found = " : ".join(str(n) for n in ratio.counts)
    expected = " : ".join(f"{share:.3g}" for share in ratio.expected)
    p = "" if ratio.p_value is None else f" (p = {ratio.p_value:.2g})"
    return f"{ratio.what} are {found} where shares of {expected} were drawn{p}"


def _users(
    groups: Iterable[Group],
    policy: str,
    touches: Collection[str],
    counted: Counted,
    is_selected: bool | None = None,
) -> int:
    return sum(
        int(getattr(group, counted))
        for group in groups
        if group.policy == policy
        and group.touch in touches
        and (is_selected is None or group.is_selected == is_selected)
    )


def _spend_per_user(members: Iterable[Group]) -> float:
    whole = total(members)
    users = whole.of("users")
    return float(whole.of("spend")) / users if users else 0.0

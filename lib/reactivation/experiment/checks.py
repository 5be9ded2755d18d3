"""What must hold before an effect may be read: the sample ratios, equal spend, and a holdout that was one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reactivation.contracts.derived import ALL_POLICIES
from reactivation.experiment.contrasts import Contrast, comparisons
from reactivation.experiment.groups import Group, Totals, total
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.proportions import Share, p_value
from reactivation.statistics.said import Said, said
from reactivation.statistics.sample_ratio import SampleRatio, sample_ratio

OUTSIDE, REDEEMERS, REACHED = "from_outside", "redeemers", "reached"
"""Sums of users with a contact of another sender, with a redeemed benefit of ours, with a contact of ours."""


class Design(NamedTuple):
    """The shares that chance was to give, as registered.

    cells: share of each cell among contactable users. holdout, long_holdout: shares of every cell's users; the rest is
    touched. months_before: months of campaigns since the long holdout was drawn. contrasts: names of those that were
    registered; None: all.
    """

    cells: Mapping[str, float]
    holdout: float
    long_holdout: float
    months_before: int = 0
    contrasts: tuple[str, ...] | None = None


class Checked(NamedTuple):
    """One row of `readout_checks` without the cycle."""

    check: str
    subject: str
    found: str | None
    expected: str | None
    p_value: float | None
    verdict: str
    says: Said


def sample_ratios(groups: Collection[Group], design: Design) -> dict[str, SampleRatio]:
    """Every split that was drawn, tested: the cells, touched against holdout in each, and the long holdout.

    Counted are the users of `arms`. Each of them has a row of `outcomes`, made from `arms`: the same split tested among
    these could never show anything else.
    """
    monthly = ("touched", "holdout")
    drawn = (1 - design.holdout - design.long_holdout, design.holdout)
    found = {
        "cells": sample_ratio(
            f"users of the cells {' : '.join(design.cells)}",
            [_users(groups, policy, monthly) for policy in design.cells],
            list(design.cells.values()),
        )
    }
    for policy in ALL_POLICIES:
        parts: list[tuple[str, str, bool | None]] = [
            (policy, "", None),
            (f"{policy}_selected", "picked users of the ", True),
        ]
        if policy == "model":  # some of its others are guided
            parts.append(("model_unpicked", "users not picked of the ", False))
        for key, part, is_selected in parts:
            counts = [_users(groups, policy, (touch,), is_selected) for touch in monthly]
            found[key] = sample_ratio(f"touched : holdout among {part or 'the '}cell {policy}", counts, drawn)
    everyone = [sum(_users(groups, p, touches) for p in ALL_POLICIES) for touches in (monthly, ("long_holdout",))]
    found["long_holdout"] = sample_ratio(
        "others : long holdout", everyone, (1 - design.long_holdout, design.long_holdout)
    )
    return found


def why_withheld(
    contrast: Contrast, *, groups: Sequence[Group], ratios: Mapping[str, SampleRatio], settings: ExperimentSettings
) -> Said | None:
    """The check that failed and what was found, in words; None where the effect may be read."""
    for ratio in (ratios[name] for name in contrast.checks):
        if ratio.is_mismatch(settings.srm_p):
            by_chance = f"a fair draw looks so less than once in {1 / settings.srm_p:.0f} times"
            told = f"sample ratio: {in_words(ratio)}; were users lost or added on the way? {by_chance}"
            return said("sample_ratio", told, **of_ratio(ratio))
    if contrast.needs_equal_spend:
        first, second = (_spend_per_user(side.members(groups)) for side in contrast.sides)
        tolerance = settings.spend_tolerance_share
        if abs(first - second) > tolerance * max(first, second):
            told = (
                f"unequal spend: {first:.4f} per user against {second:.4f}, more than "
                f"{tolerance:.0%} apart; the policies were not allotted equal spend"
            )
            return said("unequal_spend", told, first=first, second=second, tolerance=tolerance)
    if apart := _why_outside_differs(contrast, groups=groups, settings=settings):
        return apart
    held_out = [
        group for side in contrast.sides for group in side.members(groups) if group.touch in ("holdout", "long_holdout")
    ]
    return why_no_holdout(held_out, settings=settings)


def why_no_holdout(held_out: Iterable[Group], *, settings: ExperimentSettings) -> Said | None:
    """Why users who were to get nothing cannot stand for it, in words; None where they can."""
    whole = total(held_out)
    users = whole.of("users")
    reasons = (
        (OUTSIDE, settings.most_outside_share, "got contacts of other senders"),
        (REDEEMERS, settings.most_redeemed_share, "redeemed benefits that the campaign offers"),
        (REACHED, settings.most_contacted_share, "got contacts of ours"),
    )
    for name, most, what in reasons:
        share = whole.of(name) / users if users else 0.0
        if share > most:
            told = f"{share:.1%} of the held out {what}, more than the {most:.0%} that conf allows: no holdout any more"
            return said("no_holdout", told, share=float(share), what=name, most=most)
    return None


def outside_differs(first: Totals, second: Totals, *, settings: ExperimentSettings) -> bool:
    """True where other senders wrote to one side more often than the bound allows, and more than chance explains.

    A side of few users differs by chance, and the effect's own interval allows for that. Chance explains what it gives
    as often as a sample ratio that is let pass.
    """
    sides = [Share(side.of(OUTSIDE), side.of("users")) for side in (first, second)]
    if not all(side.users for side in sides) or abs(sides[0].rate - sides[1].rate) <= settings.most_outside_difference:
        return False
    p = p_value(*sides)
    return p is not None and p < settings.srm_p


def _why_outside_differs(contrast: Contrast, *, groups: Sequence[Group], settings: ExperimentSettings) -> Said | None:
    for part in comparisons([contrast]):
        first, second = (total(side.members(groups)) for side in part.sides)
        if outside_differs(first, second, settings=settings):
            shares = [side.of(OUTSIDE) / side.of("users") for side in (first, second)]
            told = (
                f"contacts of other senders: {shares[0]:.1%} against {shares[1]:.1%} of the users of {part.name} got "
                f"one, more than {100 * settings.most_outside_difference:g} points apart; others moved one side"
            )
            most = settings.most_outside_difference
            return said("outside_differs", told, first=float(shares[0]), second=float(shares[1]), most=most)
    return None


def in_words(ratio: SampleRatio) -> Said:
    """Counts found and shares drawn."""
    found = " : ".join(str(n) for n in ratio.counts)
    expected = " : ".join(f"{share:.3g}" for share in ratio.expected)
    p = "" if ratio.p_value is None else f" (p = {ratio.p_value:.2g})"
    return said("ratio", f"{ratio.what} are {found} where shares of {expected} were drawn{p}", **of_ratio(ratio))


def of_ratio(ratio: SampleRatio) -> dict[str, Any]:
    """Counts found and shares drawn as text, and the p-value."""
    found = " : ".join(str(n) for n in ratio.counts)
    expected = " : ".join(f"{share:.3g}" for share in ratio.expected)
    return {"found": found, "expected": expected, "p": ratio.p_value}


def _users(
    groups: Iterable[Group],
    policy: str,
    touches: Collection[str],
    is_selected: bool | None = None,
) -> int:
    return sum(
        group.assigned
        for group in groups
        if group.policy == policy
        and group.touch in touches
        and (is_selected is None or group.is_selected == is_selected)
    )


def _spend_per_user(members: Iterable[Group]) -> float:
    whole = total(members)
    users = whole.of("users")
    return float(whole.of("spend")) / users if users else 0.0

"""All that was checked of a month's experiment, as rows of `readout_checks`."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reactivation.contracts.derived import TOUCHES, policies_in
from reactivation.experiment.checks import (
    OUTSIDE,
    REACHED,
    REDEEMERS,
    Checked,
    Design,
    in_words,
    outside_differs,
    sample_ratios,
)
from reactivation.experiment.contrasts import CAUSAL, WITH_GUARDRAILS, comparisons
from reactivation.experiment.groups import Group, by_arm, parts_of, total
from reactivation.experiment.settings import ExperimentSettings
from reactivation.periods import Month
from reactivation.statistics.multiplicity import holm
from reactivation.statistics.said import Said, columns, said
from reactivation.statistics.sample_ratio import SampleRatio, sample_ratio
from reactivation.statistics.verdicts import SAME

Row = dict[str, Any]
_WORDS = {
    "no difference larger than the minimum": "holds",
    "proven worse": "broken",
    "inconclusive": "not shown to hold",
}


def check_rows(
    groups: Sequence[Group],
    readout: Sequence[Row],
    further: Iterable[Checked],
    *,
    cycle: Month,
    design: Design,
    settings: ExperimentSettings,
) -> list[Row]:
    """One row per check that could fail: splits, parts, arms, outside contacts, guardrails, further ones.

    Key: check, subject. What withholds is said there; everything else only warns. readout: the month's rows.
    """
    arms = by_arm(groups)
    found = [
        *_splits(arms, design, settings),
        *_parts(groups, design, settings),
        *_arms(arms, settings),
        *_outside(arms, settings),
        *_guardrails(readout, settings),
        *further,
    ]
    return [{"cycle": str(cycle), **one._asdict(), "says": str(one.says), **columns(one.says)} for one in found]


def _splits(arms: Sequence[Group], design: Design, settings: ExperimentSettings) -> Iterator[Checked]:
    """Every split that was drawn and has two sides."""
    for subject, ratio in sample_ratios(arms, design).items():
        if ratio.p_value is not None:
            verdict = "withholds" if ratio.is_mismatch(settings.srm_p) else "holds"
            yield _of_ratio("sample_ratio_assigned", subject, ratio, ratio.p_value, verdict)


def _parts(groups: Sequence[Group], design: Design, settings: ExperimentSettings) -> Iterator[Checked]:
    """Touched against holdout within each branch and each tier, p-values after Holm over all; they only warn."""
    drawn = (1 - design.holdout - design.long_holdout, design.holdout)
    ratios = {}
    for part, members in parts_of(groups).items():
        counts = [sum(group.assigned for group in members if group.touch == touch) for touch in ("touched", "holdout")]
        ratios[part] = sample_ratio(f"touched : holdout in {part.replace('=', ' ', 1)}", counts, drawn)
    adjusted = holm([ratio.p_value for ratio in ratios.values()])
    for (subject, ratio), p in zip(ratios.items(), adjusted, strict=True):
        verdict = "warns" if p is not None and p < settings.srm_p else "holds"
        yield _of_ratio("sample_ratio_by_part", subject, ratio, p, verdict)


def _arms(arms: Sequence[Group], settings: ExperimentSettings) -> Iterator[Checked]:
    """Per cell and touch: contacts of other senders, our benefits redeemed, and of the held out contacts of ours.

    Too many held out with one withhold.
    """
    for name, most, check, what, touches in (
        (OUTSIDE, settings.most_outside_share, "outside_contacts", "with a contact of another sender", TOUCHES),
        (REDEEMERS, settings.most_redeemed_share, "benefits_redeemed", "with a redeemed benefit of ours", TOUCHES),
        (REACHED, settings.most_contacted_share, "holdout_contacted", "with a contact of ours", TOUCHES[1:]),
    ):
        for policy in policies_in({arm.policy for arm in arms}):
            for touch in touches:
                whole = total(arm for arm in arms if (arm.policy, arm.touch) == (policy, touch))
                users, found = whole.of("users"), whole.of(name)
                share, is_limited = (found / users if users else 0.0), touch != "touched"
                verdict = "withholds" if is_limited and share > most else "holds"
                expected = f"at most {most:.0%}" if is_limited else None
                told = f"{policy}, {touch}: {found} of {users} users {what} ({share:.1%})"
                says = said("with", told, found=int(found), users=int(users), share=float(share))
                yield Checked(check, f"{policy} {touch}", str(found), expected, None, verdict, says)


def _outside(arms: Sequence[Group], settings: ExperimentSettings) -> Iterator[Checked]:
    """Contacts of other senders on both sides of each comparison; a difference beyond the bound withholds."""
    for contrast in comparisons(CAUSAL):
        sides = [total(side.members(arms)) for side in contrast.sides]
        if not all(side.of("users") for side in sides):
            continue
        shares = [side.of(OUTSIDE) / side.of("users") for side in sides]
        verdict = "withholds" if outside_differs(*sides, settings=settings) else "holds"
        found = f"{shares[0]:.1%} : {shares[1]:.1%}"
        expected = f"at most {100 * settings.most_outside_difference:g} points apart, but for chance"
        told = f"{contrast.name}: {found} of the users got a contact of another sender"
        says = said("outside_shares", told, first=float(shares[0]), second=float(shares[1]))
        yield Checked("outside_difference", contrast.name, found, expected, None, verdict, says)


def _guardrails(readout: Sequence[Row], settings: ExperimentSettings) -> Iterator[Checked]:
    """Each guardrail of each cell, and whether all of a cell's hold."""
    for row in readout:
        if row["metric"] in settings.guardrails:
            spec = settings.guardrails[row["metric"]]
            worst = row["difference_high" if spec.harm == "rise" else "difference_low"]
            seen = None if worst is None else f"at worst {100 * worst:+.2f} points"
            margin = 100 * spec.margin
            allowed = f"less than {margin:+.2f} points" if spec.harm == "rise" else f"more than {-margin:+.2f} points"
            verdict = "withholds" if row["status"] == "withheld" else _WORDS.get(row["verdict"], "not estimable")
            subject = f"{row['contrast']} {row['metric']}"
            yield Checked("guardrail", subject, seen, allowed, None, verdict, _about(subject, row))
    if settings.guardrails:
        for name, holds in all_hold(readout, list(settings.guardrails)).items():
            told = f"{name}: {'all guardrails hold' if holds else 'not all guardrails were shown to hold'}"
            says = said("guardrails_hold" if holds else "guardrails_open", told)
            verdict = "holds" if holds else "not shown to hold"
            yield Checked("all_guardrails", name, None, "all hold", None, verdict, says)


def all_hold(rows: Sequence[Mapping[str, Any]], guardrails: Sequence[str]) -> dict[str, bool]:
    """By contrast that has guardrails: were all shown to hold? One that is not known, or not asked, does not pass."""
    asked = {row["contrast"] for row in rows if row["metric"] in guardrails}
    shown = {(row["contrast"], row["metric"]) for row in rows if row["verdict"] == SAME}
    names = [contrast.name for contrast in WITH_GUARDRAILS if contrast.name in asked]
    return {name: all((name, guardrail) in shown for guardrail in guardrails) for name in names}


def _about(subject: str, row: Row) -> Said:
    """A guardrail's row of `readout` as the sentence of its check, with the same code and values."""
    return Said(f"{subject}: {row['reason']}", row["reason_code"] or "", json.loads(row["reason_values"] or "{}"))


def _of_ratio(check: str, subject: str, ratio: SampleRatio, p: float | None, verdict: str) -> Checked:
    found = " : ".join(str(n) for n in ratio.counts)
    expected = " : ".join(f"{share:.4g}" for share in ratio.expected)
    return Checked(check, subject, found, expected, p, verdict, in_words(ratio))

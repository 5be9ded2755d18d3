"""One user's month in words: for the bank's staff, with scores and how each thing is known, or for the customer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from reactivation.contracts.derived import ALL_POLICIES
from reactivation.report.explanation_words import CUSTOMER, WAVE_REASONS

Record = Mapping[str, Any]
NONE = "none"

OF_PLAN = "wave_plan"
RECONSTRUCTED = "worked out again as of that day, for no table keeps it by user"
DECIDED_AGAIN = "the whole wave, decided again, is equal to the planned version"
DECIDED_OTHERWISE = "likely, not certain: the whole wave, decided again, differs from the planned version"
OTHER_CONF = "; conf has changed since it was planned"
LIFT_WORDS = {"policy": ("counted as a user of the cell `model`", "")}
"""What a lift's trees read beside features."""


class WaveOfUser(NamedTuple):
    """What one wave made of the user.

    status: what became of the version that speaks of the user (planned, released, stopped), or that the wave was
    skipped; None: not planned yet. The version is the one that reserved a contact of the user, else the newest. reason:
    as `wave_waterfall` counts it. basis: how it is known. plan, contact: the user's rows of `wave_plan` and
    `contact_ledger`. receipts: those of `contacts`, oldest first. asks: conf's condition on users of the own cell.
    """

    wave: str
    status: str | None = None
    version: int | None = None
    as_of: date | None = None
    send_on: date | None = None
    reason: str | None = None
    basis: str = OF_PLAN
    plan: Record | None = None
    contact: Record | None = None
    receipts: Sequence[Record] = ()
    asks: str | None = None


@dataclass(frozen=True)
class UserMonth:
    """What the tables hold of one user in one cycle; None where they hold no row.

    zone: the region's. band: of `tier_bands`, the user's. words: meaning and unit of each feature. waves: in the order
    of their days. is_by_lift: users of the user's cell count by how much a contact moves them.
    """

    user_id: int
    cycle: str
    zone: str
    scores: Record | None = None
    features: Record | None = None
    tier: Record | None = None
    band: Record | None = None
    arm: Record | None = None
    outcome: Record | None = None
    waves: Sequence[WaveOfUser] = ()
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_by_lift: bool = False


def for_staff(month: UserMonth) -> str:
    """The month with scores, the five strongest reasons of each, and the source of what no table keeps."""
    parts = {
        "Scores": _scores(month),
        "Tier": _tier(month),
        "Cell and arm": _arm(month),
        "Waves": (line for wave in month.waves for line in _wave(wave, ZoneInfo(month.zone))),
        "Outcome": _outcome(month.outcome),
    }
    lines = [f"User {month.user_id} in {month.cycle}"]
    for title, told in parts.items():
        lines += ["", title, *(f"  {line}" for line in told)]
    return "\n".join(lines)


def _scores(month: UserMonth) -> Iterator[str]:
    if month.scores is None:
        yield "none: the user was not of low activity at the observation date, or refuses profiling"
        return
    for target in ("active", "asset_uplift"):
        if month.scores[f"p_{target}"] is None:
            yield f"{target}: no model of it was live"
            continue
        version = month.scores[f"{target}_version"]
        yield (
            f"{target}: probability {month.scores[f'p_{target}']:.3f}, "
            f"raw score {month.scores[f'raw_{target}']:+.3f} (log-odds), model version {version}"
        )
        yield from _reasons(month, target)
    if month.scores["lift_active"] is not None:
        version = month.scores["active_uplift_version"]
        yield f"lift: a month open to contact adds {month.scores['lift_active']:+.3f} to P(active), version {version}"
        yield "  what moved it, as shares of users before the lift was calibrated:"
        yield from _reasons(month, "active_uplift")


def _reasons(month: UserMonth, target: str) -> Iterator[str]:
    reasons = month.scores.get(f"reasons_{target}") if month.scores else None
    if reasons is None:
        yield "  reasons were not asked for (model.reasons), or the scores are older than they"
    for reason in reasons or ():
        yield f"  {reason.contribution:+.3f}  {_feature(month, reason.feature)}"


def _feature(month: UserMonth, name: str) -> str:
    meaning, unit = month.words.get(name, (name, ""))
    if month.features is None or name not in month.features:
        return meaning
    value = month.features[name]
    if value is None:
        return f"{meaning}: not known"
    return f"{meaning}: {f'{value:.4g}' if isinstance(value, float) else value} {unit}".rstrip()


def _tier(month: UserMonth) -> Iterator[str]:
    if month.tier is None:
        yield "none"
        return
    yield f"{month.tier['tier']}, by band {month.tier['band']} (1 is the highest)"
    if month.band is not None:
        ends = f"p_active from {month.band['score_low']:.3f} to {month.band['score_high']:.3f}"
        yield f"the band: {ends}; {month.band['basis']}: {month.band['reason']}"


def _arm(month: UserMonth) -> Iterator[str]:
    arm = month.arm
    if arm is None:
        yield "none: the user is not among the cycle's low-activity users"
    elif arm["policy"] == NONE:
        yield "cell none: not contactable at the observation date, or profiling refused"
    else:
        rank = "not ranked" if arm["policy_rank"] is None else f"rank {arm['policy_rank']}"
        yield f"cell {arm['policy']} ({rank}), {'picked' if arm['is_selected'] else 'not picked'}, {arm['touch']}"
        who = [policy for policy in ALL_POLICIES if arm.get(f"picked_by_{policy}")]
        yield f"would be picked by: {', '.join(who) or 'no policy'}"


def _wave(wave: WaveOfUser, zone: ZoneInfo) -> Iterator[str]:
    if wave.status is None:
        yield f"{wave.wave}: not planned yet"
        return
    if wave.status == "skipped":
        yield f"{wave.wave}: the wave was left out of the month"
        return
    what = (
        f"{wave.wave} (version {wave.version}, {wave.status}, planned as of {wave.as_of}, to be sent on {wave.send_on})"
    )
    if wave.reason != "planned" or wave.plan is None:
        basis = "" if wave.basis == OF_PLAN else f" [{wave.basis}]"
        asked = f" ({wave.asks})" if wave.asks and wave.reason == "does_not_qualify" else ""
        yield f"{what}: nothing. {wave.reason}: {WAVE_REASONS.get(str(wave.reason), wave.reason)}{asked}{basis}"
        return
    gains = {"P(active)": wave.plan["expected_gain"], "P(asset uplift)": wave.plan["expected_asset_gain"]}
    raised = " and ".join(f"{what} by {gain:.3f}" for what, gain in gains.items() if gain is not None)
    drawn = f", drawn with probability {wave.plan['propensity']:.3f}" if wave.plan["is_exploration"] else ""
    known = f", expected to raise {raised}" if raised else ""
    yield f"{what}: {_option(wave.plan)}, expected cost {wave.plan['cost']}{known}{drawn}"
    if wave.status != "planned" and wave.contact is None:
        yield "  left out at its release: what may be sent was looked at once more"
    if wave.contact is not None and wave.contact["stopped_on"] is not None:
        yield f"  stopped on {wave.contact['stopped_on']} before it was sent"
    for receipt in wave.receipts:
        yield f"  {receipt['status']}, sent at {receipt['sent_at'].astimezone(zone):%Y-%m-%d %H:%M}"


def _option(plan: Record) -> str:
    leads = f", leads to {plan['guide_to']}" if plan["guide_to"] else ""
    return f"{plan['channel']}, {'no benefit' if plan['benefit'] == NONE else plan['benefit']}{leads}"


def _outcome(outcome: Record | None) -> Iterator[str]:
    if outcome is None:
        yield "not read out yet, or the user is not in the experiment"
        return
    for name in ("logged_in", "transacted", "is_active", "has_asset_uplift", "opted_out"):
        said = {None: "not known", True: "yes", False: "no"}[outcome[name]]
        yield f"{name}: {said}"
    yield f"contacts delivered: {outcome['contacts_delivered']}, of other senders: {outcome['outside_contacts']}"


def for_customer(month: UserMonth, *, language: str) -> str:
    """The month in a customer's words, without scores, tiers or cells.

    language: one of `CUSTOMER`. Signals are named in the order of their strongest reason, three at most.
    """
    say = CUSTOMER[language]
    lines = [say["title"].format(month=month.cycle), ""]
    if month.arm is None:
        return "\n".join([*lines, say["not_considered"], say["rights"]])
    lines += [say["purpose"]]
    if month.scores is None:
        lines += [say["no_profile"]]
    else:
        reasons = month.scores.get("reasons_active_uplift") if month.is_by_lift else None
        reasons = reasons or month.scores["reasons_active"] or ()
        signals = list(dict.fromkeys(reason.feature.partition("_")[0] for reason in reasons))[:3]
        named = [say[signal] for signal in signals if signal in say]
        lines += [say["signals"].format(signals="; ".join(named))] if named else []
    lines += [line for wave in month.waves for line in _told(wave, say)]
    return "\n".join([*lines, say["rights"]])


def _told(wave: WaveOfUser, say: Mapping[str, str]) -> Iterator[str]:
    if wave.send_on is None:
        return
    is_sent = wave.contact is not None and wave.contact["stopped_on"] is None
    if wave.plan is not None and (is_sent or (wave.reason, wave.status) == ("planned", "planned")):
        offer = "" if wave.plan["benefit"] == NONE else say["offer"]
        channel = say[f"by_{wave.plan['channel']}"]
        yield say["sent" if is_sent else "to_be_sent"].format(day=wave.send_on, channel=channel, offer=offer)
    else:
        yield say["no_message"].format(day=wave.send_on, why=say.get(str(wave.reason), say["other"]))

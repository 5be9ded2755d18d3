"""No job, but what several share: the one view of what was planned, released and stopped."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import campaign
from reactivation.campaign import Ledger
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.errors import Finding, NotReady, PlanError
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.runtime.console import NOTICE
from reactivation.runtime.principal import now
from reactivation.runtime.run import Run

FROZEN = (derived.SCORES, derived.TIERS_TABLE, derived.TIER_BANDS, derived.ARMS)
"""What a released wave rests on."""


def ledger(r: Run) -> Ledger:
    """What happened to the waves of all cycles."""
    return Ledger.of(records(r.read(derived.WAVE_RELEASES)) if r.has(derived.WAVE_RELEASES) else [])


def newest(r: Run, table: Table, where: Column, *, known: Ledger | None = None) -> DataFrame:
    """Rows of plans, waterfalls or limits that belong to each wave's newest release: for the read-out and the draws."""
    return r.read(table, where).where((known or ledger(r)).is_newest_release())


def contacts(r: Run, where: Column, *, known: Ledger | None = None) -> DataFrame:
    """Every own contact that was released and not stopped, of all versions: for spend and receipts.

    where: a condition on cycle, wave and send_on.
    """
    old = campaign.ledger.sent_as_planned(r.read(derived.WAVE_PLAN, where))
    ours = _present(r, derived.CONTACT_LEDGER, where)
    return campaign.ledger.standing(None if ours is None else (known or ledger(r)).released_contacts(ours), old)


def reserved(r: Run, release: Mapping[str, Any]) -> DataFrame:
    """Every contact that a release reserved, stopped ones among them. release: its row of `wave_releases`."""
    is_it = (F.col("cycle") == str(r.cycle)) & (F.col("release_id") == release["release_id"])
    return r.read(derived.CONTACT_LEDGER, is_it)


def require_contacts(r: Run, released: Iterable[Mapping[str, Any]]) -> None:
    """NotReady where the ledger has no contact of some releases: it was moved, and caps and stops would not see them.

    released: own rows of `wave_releases`. Of some contacts one is enough: users may have been erased since.
    """
    wanted = [str(event["release_id"]) for event in released if event["contacts"]]
    there = r.rows_by(derived.CONTACT_LEDGER, "release_id") if wanted and r.has(derived.CONTACT_LEDGER) else {}
    place, name = r.settings.paths.contact_ledger, derived.CONTACT_LEDGER.name
    advice = f"was `paths.contact_ledger` changed? Copy its rows of `{name}` to {place} from where they lay before"
    findings = [Finding("not there", release, advice) for release in wanted if not there.get(release)]
    if findings:
        raise NotReady(f"`{name}` has nothing of what was released", findings)


def contacts_of_others(r: Run, where: Column, *, until: date | None, near: date) -> DataFrame | None:
    """Every contact that stands or is reserved, of all scenarios that share the ledger, but the own wave's: for caps.

    where: a condition on cycle, wave and send_on. until: of the own scenario, only contacts sent by that day. near: see
    `ledger.of_others`.
    """
    wave, scope = {"cycle": str(r.cycle), "wave": r.wave}, (r.region, r.scenario)
    reserved, plans = _present(r, derived.CONTACT_LEDGER, where), _present(r, derived.WAVE_PLAN, where)
    if reserved is not None:
        reserved = campaign.ledger.of_others(reserved, wave=wave, scope=scope, until=until, near=near)
    if plans is None:
        return reserved
    return campaign.ledger.standing(reserved, campaign.ledger.sent_as_planned(plans, wave=wave, until=until))


def receipts_of_others(r: Run, receipts: DataFrame, *, are_others: bool) -> DataFrame:
    """Receipts of contacts that other scenarios sharing the ledger have released, or of all but those."""
    if not r.has(derived.CONTACT_LEDGER):
        return receipts.limit(0) if are_others else receipts
    is_ours = (F.col("region") == r.region) & (F.col("scenario") == r.scenario)
    others = r.read(derived.CONTACT_LEDGER, ~is_ours).select("contact_id")
    return receipts.join(others, "contact_id", "left_semi" if are_others else "left_anti").select(*receipts.columns)


def granted(
    r: Run, day: date, *, other_than: str | None = None, plan: Mapping[str, Any] | None = None
) -> dict[str, int]:
    """Benefits of the cycle that are out of stock, by code: granted by any scenario and valid still, or redeemed.

    other_than: a release whose own grants do not count. plan: as for `account`.
    """
    if not r.has(derived.CONTACT_LEDGER):
        return {}
    is_other = (F.col("cycle") == str(r.cycle)) & (F.col("release_id") != (other_than or ""))
    reserved, used = campaign.ledger.not_stopped(_counted(r, is_other, plan)), redeemed(r, r.cycle)
    found = records(campaign.money.granted(reserved, _known(r, used, day if plan else None), day=day))
    return {row["benefit"]: row["granted"] for row in found}


def sent_on(r: Run, *, known: Ledger | None = None) -> dict[str, date]:
    """The day on which each released wave of the cycle was to be sent."""
    rows = (
        newest(r, derived.WAVE_PLAN, F.col("cycle") == str(r.cycle), known=known).select("wave", "send_on").distinct()
    )
    return {row["wave"]: row["send_on"] for row in records(rows)}


def note(r: Run, status: str, *, version: int | None, wave: str, **more: Any) -> dict[str, Any]:
    """Write one row of `wave_releases`, once; Busy where another job writes the same one."""
    event = {
        "event_id": campaign.ledger.event_id(str(r.cycle), wave, status, version),
        "cycle": str(r.cycle),
        "wave": wave,
        "plan_version": version,
        "status": status,
        "happened_at": now(),
        "as_of": r.as_of,
        "principal": r.principal,
        "settings_hash": r.settings_hash,
        "run_id": r.run_id,
        **more,
    }
    r.write(derived.WAVE_RELEASES, r.rows(derived.WAVE_RELEASES, [event]), event_id=str(event["event_id"]))
    return event


def skip(r: Run, known: Ledger, *, wave: str, reason: str | None) -> None:
    """Note that a wave is left out of its cycle; PlanError without a reason, or where it was released."""
    findings = [] if reason else [Finding("missing", "--reason", "say why it is left out: the read-out tells it")]
    for event in known.having("released", cycle=str(r.cycle), wave=wave):
        advice = "what is not sent yet is stopped by jobs/stop_wave.py"
        findings.append(Finding("released", f"version {event['plan_version']}", advice))
    if findings:
        raise PlanError(f"{wave} of {r.cycle} cannot be left out", findings)
    if known.having("skipped", cycle=str(r.cycle), wave=wave):
        r.say(f"    {wave} of {r.cycle} was left out before")
        return
    note(r, "skipped", version=None, wave=wave, reason=reason)
    r.say(f"    {wave} of {r.cycle} is left out: {reason}", NOTICE)


def fingerprints(r: Run, known: Ledger) -> campaign.frozen.Fingerprints:
    """Of the cycle's scores, tiers, bands and arms. What an earlier event of the cycle noted is not computed again."""
    versions = r.versions(FROZEN)
    for event in reversed([e for e in known.events if e["cycle"] == str(r.cycle)]):
        noted = campaign.frozen.read(event["frozen_json"])
        if noted and {name: of["version"] for name, of in noted.items()} == versions:
            return noted
    return fingerprints_of({table.name: r.read(table, F.col("cycle") == str(r.cycle)) for table in FROZEN}, versions)


def fingerprints_of(
    tables: Mapping[str, DataFrame], versions: Mapping[str, int] | None = None
) -> campaign.frozen.Fingerprints:
    """Of rows that are there, or are about to be written."""
    return campaign.frozen.of_rows(records(campaign.frozen.fingerprints(tables)), versions or {}, tables)


def require_frozen(r: Run, tables: Mapping[str, DataFrame]) -> None:
    """PlanError where a wave of the cycle was released and a job would change what it rests on, by force or not.

    tables: rows that are about to replace the cycle's, by table.
    """
    known = ledger(r)
    if known.having("released", cycle=str(r.cycle)):
        require_as_released(r, known, fingerprints_of(tables))


def require_as_released(r: Run, known: Ledger, now: campaign.frozen.Fingerprints) -> None:
    """PlanError where scores, tiers, bands or arms are not those of the cycle's first release."""
    released = known.having("released", cycle=str(r.cycle))
    if not released:
        return
    first = min(released, key=lambda event: event["happened_at"])
    changed = campaign.frozen.differences(campaign.frozen.read(first["frozen_json"]), now)
    if changed:
        advice = "leave them: rows that came late teach the next cycle. Nothing was written"
        headline = f"{first['wave']} of {r.cycle} is released, and what it rests on would change"
        raise PlanError(headline, [*changed, Finding("what to do", "nothing", advice)])


def day(r: Run, default: date) -> date:
    """The day as of which somebody releases, checks or stops: the one given, or a default; in `prod` none before today.

    What was decided and sent since must be known: a day that is over would hide it.
    """
    asked = r.as_of or default
    return max(asked, today(r)) if r.env == "prod" else asked


def today(r: Run) -> date:
    """The region's day, by the clock."""
    return now().astimezone(ZoneInfo(r.calendar.zone)).date()


def as_json(value: Mapping[str, Any]) -> str:
    """Plain values as JSON, keys in order."""
    return json.dumps(value, sort_keys=True, default=str)


def _present(r: Run, table: Table, where: Column) -> DataFrame | None:
    return r.read(table, where) if r.has(table) else None


def account(
    r: Run, known: Ledger, *, cycle: Month, day: date, plan: Mapping[str, Any] | None = None, is_settled: bool = False
) -> campaign.money.Money:
    """What releases of a cycle commit and have spent, by receipts and redemptions that are in.

    plan: of a wave that is planned as of `day`, its cycle, wave, plan_version and send_on: then what it counts of
    others (`ledger.counted_in_plan`). For a plan, and for a month that settled on `day`, by what was known at 00:00.
    """
    known_before = day if plan or is_settled else None
    if not known.having("released", cycle=str(cycle)):
        return campaign.money.Money()
    is_now, receipts = F.col("cycle") == str(cycle), r.read_present([canonical.CONTACTS]).get("contacts")
    found = campaign.money.account(
        known.released_contacts(_counted(r, is_now, plan)),
        _known(r, None if receipts is None else receipts.where(is_now), known_before),
        _known(r, redeemed(r, cycle), known_before),
        channel_cost=r.settings.campaign.channel_cost_cny,
        day=day,
    )
    return campaign.money.Money(**records(found)[0])


def _counted(r: Run, where: Column, plan: Mapping[str, Any] | None) -> DataFrame:
    reserved = r.read(derived.CONTACT_LEDGER, where)
    return reserved if plan is None else campaign.ledger.counted_in_plan(reserved, plan, scope=(r.region, r.scenario))


def _known(r: Run, rows: DataFrame | None, before: date | None) -> DataFrame | None:
    """Receipts or redemptions: those that were in at 00:00 of a day; None: all that are in."""
    return rows if rows is None or before is None else rows.where(r.calendar.is_before("arrived_at", before))


def redeemed(r: Run, cycle: Month) -> DataFrame | None:
    """Of `money.redemptions`, those since the cycle began: earlier benefits were granted by an earlier cycle."""
    events = r.read_present([canonical.BENEFIT_EVENTS]).get("benefit_events")
    if events is None:
        return None
    since = F.col("event_at") >= r.calendar.starts(cycle.first)
    return campaign.money.redemptions(events.where(since), r.calendar)

"""Release a planned wave: look once more, reserve every contact in the ledger, and write the files as one set."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign
from reactivation.campaign import Ledger
from reactivation.contracts import canonical, derived
from reactivation.errors import Busy, Finding, NotReady, PlanError
from reactivation.frames import checkpointed, records
from reactivation.pipelines import broken_off, permissions, reach, releases
from reactivation.runtime import file_sets
from reactivation.runtime.files import write_files
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text
from reactivation.runtime.watermark import require_ingested

Event = campaign.ledger.Event
_CHANNELS = canonical.CONTACT_CHANNELS


def run(r: Run) -> None:
    """Releases the newest version of this wave's plan, once. A release that was broken off is finished.

    Order: the contacts in `contact_ledger`, the files, the row of `wave_releases`, and `_SUCCESS` last.
    """
    known = releases.ledger(r)
    planned = _planned(r, known)
    released = known.released(cycle=str(r.cycle), wave=planned["wave"])
    if released is not None and released["plan_version"] == planned["plan_version"]:
        _finish(r, released)
        return
    broken_off.require_standing(known, planned)
    day = releases.day(r, require_ingested(r, planned["as_of"]))
    require_free(r, known, planned, day)
    require_ingested(r, day)
    if day > planned["as_of"]:  # on the plan's own day they were fit
        permissions.require_feeds(r, known, day=day)
    upon = _version(r)
    looked = checkpointed(_looked_at(r, known, planned, day))
    rows = records(campaign.last_look.counted(looked))
    channels = campaign.last_look.by_channel(rows, r.settings.campaign.worst_costs)
    left_out = campaign.last_look.left_out(rows)
    before = releases.account(r, known, cycle=r.cycle, day=day)
    _require_means(r, planned, rows, before, day)
    _reserve(r, _to_release(r, looked, planned), planned, upon)
    folder = _folder(known, planned)
    digests = _write_files(r, planned, f"{r.exports}/{folder}", has_calls="call" in channels)
    broken_off.require_standing(releases.ledger(r), planned)  # nobody stopped it meanwhile
    event = releases.note(
        r,
        "released",
        version=planned["plan_version"],
        wave=planned["wave"],
        as_of=day,
        contacts=sum(channel.contacts for channel in channels.values()),
        cost=sum((channel.cost for channel in channels.values()), Decimal(0)),
        worst_cost=sum((channel.worst_cost for channel in channels.values()), Decimal(0)),
        left_out_json=releases.as_json(left_out),
        files_json=releases.as_json(campaign.manifest.of_files(channels, digests)),
        folder=folder,
        **{name: planned[name] for name in ("send_on", "release_id", "plan_digest", "frozen_json", "plan_hash")},
    )
    _finish(r, event)
    _tell(r, event, channels, left_out, before)
    broken_off.tell(r, known, but=planned["plan_version"])


def _planned(r: Run, known: Ledger) -> Event:
    """The version that would be released; NotReady, or PlanError, where there is none."""
    wave = r.wave
    found = None if wave is None else known.planned(cycle=str(r.cycle), wave=wave)
    if found is None:
        waves = sorted({event["wave"] for event in known.having("planned", cycle=str(r.cycle))})
        advice = f"run jobs/plan_wave.py first; planned in {r.cycle}: {', '.join(waves) or 'none'}"
        raise NotReady(f"there is no planned wave `{wave}` in {r.cycle}", [Finding("wave", str(wave), advice)])
    if known.having("skipped", cycle=str(r.cycle), wave=found["wave"]):
        finding = Finding("skipped", found["wave"], "what was skipped stays so")
        raise PlanError(f"{wave} of {r.cycle} was skipped and is not released", [finding])
    return found


def require_free(r: Run, known: Ledger, planned: Event, day: date) -> None:
    """PlanError lists all that forbids the release."""
    problems = list(campaign.ledger.days_that_forbid(planned, day=day))
    if (r.settings.campaign.release.four_eyes or r.env == "prod") and r.principal == planned["principal"]:
        advice = "it planned this version: another account must release it"
        problems.append(Finding("same account", r.principal, advice))
    then = campaign.frozen.read(planned["frozen_json"])
    problems += campaign.frozen.differences(then, releases.fingerprints(r, known))
    if problems:
        raise PlanError(f"{planned['wave']} of {r.cycle}, version {planned['plan_version']}, is not released", problems)


def _looked_at(r: Run, known: Ledger, planned: Event, day: date) -> DataFrame:
    is_wave = (F.col("cycle") == str(r.cycle)) & (F.col("wave") == planned["wave"])
    before = None
    if known.released(cycle=str(r.cycle), wave=planned["wave"]) is not None:
        before = releases.contacts(r, is_wave, known=known)
    return campaign.last_look.looked_at(
        r.read(derived.WAVE_PLAN, is_wave & (F.col("plan_version") == planned["plan_version"])),
        reach=permissions.contactable(r, day=day, sent_until=reach.sent_until(r, planned["send_on"])),
        recent=reach.recently_contacted(r, day, known=known, send_on=planned["send_on"], is_final=True),
        before=before,
    )


def _require_means(r: Run, planned: Event, rows: list[dict[str, Any]], before: campaign.money.Money, day: date) -> None:
    """PlanError where money, stock or an approved template is missing for what would be released."""
    settings = r.settings.campaign
    released = [row for row in rows if row["left_out"] is None]
    offers = {campaign.templates.offer(row["channel"], row["benefit"], row["guide_to"]) for row in released}
    cost = sum((row["cost"] for row in released), Decimal(0))
    wanted, stock = campaign.money.wanted(rows), settings.release.stock_per_month
    limited = {code for code in wanted if stock.get(code) is not None}
    last_day = max(reach.sent_until(r, planned["send_on"]).values())
    taken = releases.granted(r, day, other_than=planned["release_id"]) if limited else {}
    problems = [
        *campaign.templates.not_approved(settings.templates, offers, last_day=last_day),
        *campaign.money.over_budget(settings.release.budget, before, cost=cost, day=day),
        *campaign.money.over_stock(stock, taken, wanted),
    ]
    if problems:
        raise PlanError(f"{planned['wave']} of {r.cycle}, version {planned['plan_version']}, is not released", problems)


def _to_release(r: Run, looked: DataFrame, planned: Event) -> DataFrame:
    return campaign.channel_files.to_release(
        looked,
        planned,
        scope=campaign.channel_files.Scope(r.region, r.scenario),
        settings=r.settings.campaign,
        calendar=r.calendar,
        salt=r.salt(f"{planned['wave']}_send_order"),
    )


def _reserve(r: Run, contacts: DataFrame, planned: Event, upon: int) -> None:
    """Write the contacts to the ledger; Busy where another release wrote there since the caps were looked at.

    upon: the ledger's version then. Versions are compared once the contacts are there, in a catalog as well, and leave
    them reserved like a release broken off.
    """
    r.write(derived.CONTACT_LEDGER, contacts, release_id=str(planned["release_id"]))
    if _version(r) > upon + 1:
        advice = "its contacts count for the caps: run the same command again, which looks once more"
        raise Busy("another wave was released meanwhile", [Finding("moved", derived.CONTACT_LEDGER.name, advice)])


def _version(r: Run) -> int:
    """The ledger's version. Before there is one: -1 in a folder, 0 in a catalog, which makes a table in a version."""
    absent = 0 if r.contact_store.is_catalog else -1
    return r.versions([derived.CONTACT_LEDGER]).get(derived.CONTACT_LEDGER.name, absent)


def _folder(known: Ledger, planned: Event) -> str:
    """The first release of a wave lies in its folder, a later one in `v<version>` below."""
    place = f"{planned['cycle']}/{planned['wave']}"
    is_first = known.released(cycle=planned["cycle"], wave=planned["wave"]) is None
    return place if is_first else f"{place}/v{planned['plan_version']}"


def _write_files(r: Run, event: Event, folder: str, *, has_calls: bool) -> dict[str, str]:
    """Write what the ledger holds of a release; SHA-256 of each file, by its name."""
    files, names = campaign.channel_files, [name for name in _CHANNELS if name != "call" or not has_calls]
    file_sets.reopen(r.spark, folder)
    reserved = releases.reserved(r, event)
    days = files.days_of_sending(event["send_on"], r.settings.campaign, r.calendar)
    rows = files.contacts(reserved, days, r.calendar)
    write_files(rows.where(F.col("channel").isin(names)), folder, by="channel", names=names, order_by="send_order")
    if has_calls:
        calls = files.calls(rows, attempts_max=r.settings.campaign.release.call_centre.attempts_max)
        write_files(calls, folder, by="channel", names=["call"], order_by="send_order")
    write_files(files.benefits(reserved), folder, by="file", names=["benefits"], order_by="contact_id")
    return _digests(r, folder, [f"{name}.csv" for name in (*_CHANNELS, "benefits")])


def _digests(r: Run, folder: str, names: Iterable[str]) -> dict[str, str]:
    there = file_sets.there(r.spark, folder, names)
    return {name: file_sets.sha256(r.spark, f"{folder}/{name}") for name in there}


def _finish(r: Run, event: Event) -> None:
    """Say that the files are whole. Where some are not those of the release, all are made again from the ledger."""
    folder = f"{r.exports}/{event['folder']}"
    if file_sets.is_complete(r.spark, folder):
        r.say(f"    version {event['plan_version']} is released: {folder}")
        return
    files = json.loads(event["files_json"])
    wanted = {name: of["sha256"] for name, of in files.items()}
    found = _digests(r, folder, wanted)
    if found != wanted:
        found = _write_files(r, event, folder, has_calls="call.csv" in wanted)
    if found != wanted:
        advice = "restore the version of contact_ledger that run_log names for the release"
        raise PlanError(f"files of {event['release_id']} differ", [Finding("altered", "contact_ledger", advice)])
    text = releases.as_json(campaign.manifest.manifest(event, files, region=r.region, scenario=r.scenario))
    write_text(r.spark, f"{folder}/manifest.json", text)
    file_sets.complete(r.spark, folder)


def _tell(
    r: Run,
    event: Event,
    channels: Mapping[str, campaign.last_look.Channel],
    left_out: Mapping[str, int],
    before: campaign.money.Money,
) -> None:
    told = ", ".join(f"{name}.csv: {channel.contacts} contacts" for name, channel in channels.items()) or "nobody"
    r.say(f"    version {event['plan_version']}: {told}")
    r.say(f"    expected cost {event['cost']}, at worst (every benefit redeemed) {event['worst_cost']}")
    approved = r.settings.campaign.release.budget.approved_cny
    total, worst = before.committed + event["cost"], before.worst + event["worst_cost"]
    r.say(f"    committed in {r.cycle}: {total} of {approved} approved, at worst {worst}")
    if before.committed:
        r.say(f"    spent so far, by receipts and redemptions that are in: {before.spent}")
    for reason, number in left_out.items():
        r.say(f"    left out since it was planned: {number} {reason}")

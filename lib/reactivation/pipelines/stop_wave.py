"""Stop what is unsent of a released wave, all cells alike: it leaves caps and cost; its users may be planned again."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import argument_types, campaign
from reactivation.contracts import canonical, derived
from reactivation.errors import Finding, NotReady, PlanError, SettingsError
from reactivation.frames import checkpointed, records
from reactivation.pipelines import broken_off, releases
from reactivation.runtime.channel_file_reader import STOPPED
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text

Event = campaign.ledger.Event


class _Stop(NamedTuple):
    """One release that is stopped. reserved: its contacts. after: by channel the send_order that was sent last.

    released: its event; of one that was broken off that of its plan.
    """

    released: Event
    reserved: DataFrame
    after: dict[str, int]


def add_arguments(parser: ArgumentParser) -> None:
    """What was sent already, and why the rest is not."""
    parser.add_argument("--reason", required=True, type=argument_types.said, help="why it is stopped")
    parser.add_argument(
        "--plan-version", type=version_if_any, metavar="N", help="stop the release of this version alone (empty: each)"
    )
    parser.add_argument(
        "--sent",
        action="append",
        default=[],
        metavar="CHANNEL=N",
        help="send_order that a channel sent last, 0: none (default: the last with a receipt, where receipts tell); "
        "several with spaces between, as a scheduler's one parameter has them",
    )


def version_if_any(text: str) -> int | None:
    """A number of 1 or more, or None of an empty text, as a scheduler hands on what nobody said."""
    if text.strip() and not (text.strip().isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"`{text}` is no version of a plan, write it as 2")
    return int(text) if text.strip() else None


def run(r: Run) -> None:
    """Writes `stopped.json` beside the files, marks the contacts in the ledger, and notes the stop.

    Of a release that was broken off there is no set of files, and it commits no money; its contacts stand all the same.
    A contact that may have gone out counts as sent: PlanError where neither `--sent` nor receipts tell. Nothing is
    written then.
    """
    found, given = _open(r), sent_last(r.args.sent)
    if given and len(found) > 1:
        versions = " or ".join(str(event["plan_version"]) for event in found)
        advice = f"each release counts for itself: add --plan-version {versions}"
        raise SettingsError(f"of which release of {r.wave}?", [Finding("several", "--sent", advice)])
    releases.require_contacts(r, found)
    receipts, day = r.read_present([canonical.CONTACTS]).get("contacts"), releases.day(r, releases.today(r))
    receipts = None if receipts is None else receipts.where(F.col("cycle") == str(r.cycle))
    stops = []
    for released in found:
        reserved = checkpointed(releases.reserved(r, released))
        stops.append(_Stop(released, reserved, {**_with_receipts(reserved, receipts), **given}))
    problems = [problem for stop in stops for problem in _not_known(stop, given, receipts, day)]
    if problems:
        raise PlanError(f"nothing of {r.wave} is stopped: what was sent by {day} is not known", problems)
    for stop in stops:
        _stop(r, stop, receipts, day)


def _open(r: Run) -> list[Event]:
    """The wave's releases that are asked for, broken-off ones among them; NotReady where there is none to stop."""
    known = releases.ledger(r)
    found = [] if r.wave is None else known.open_releases(cycle=str(r.cycle), wave=r.wave)
    found += [] if r.wave is None else broken_off.reservations(r, known)
    found = [event for event in found if r.args.plan_version in (None, event["plan_version"])]
    if not found:
        running = sorted({f"{e['wave']} v{e['plan_version']}" for e in known.open_releases(cycle=str(r.cycle))})
        advice = f"released and not stopped in {r.cycle}: {', '.join(running) or 'none'}"
        raise NotReady(f"there is nothing of `{r.wave}` to stop", [Finding("wave", str(r.wave), advice)])
    return found


def _not_known(stop: _Stop, given: dict[str, int], receipts: DataFrame | None, day: date) -> Iterator[Finding]:
    """Channels of which nobody said what they sent, though they may have sent what would be stopped."""
    version = stop.released["plan_version"]
    rows = records(campaign.ledger.perhaps_sent(stop.reserved, stop.after, receipts, day=day))
    for row in sorted(rows, key=lambda row: str(row["channel"])):
        if row["channel"] not in given:
            told = f"{row['contacts']} contacts may have gone out and have no receipt"
            advice = f"{told}: add --plan-version {version} --sent {row['channel']}=N, N the last sent, 0 for none"
            yield Finding("not known", f"version {version}, {row['channel']}", advice)


def _stop(r: Run, stop: _Stop, receipts: DataFrame | None, day: date) -> None:
    released, after, is_broken_off = stop.released, stop.after, stop.released["status"] == "planned"
    if not is_broken_off:  # its folder may be another version's by now
        write_text(r.spark, f"{r.exports}/{released['folder']}/{STOPPED}", releases.as_json(after))
    marked = checkpointed(campaign.ledger.stopped(stop.reserved, after, receipts, day=day))
    [sums] = records(campaign.ledger.stopped_sums(marked))
    sums |= {"cost": None, "worst_cost": None} if is_broken_off else {}
    r.write(derived.CONTACT_LEDGER, marked, release_id=str(released["release_id"]))
    releases.note(
        r,
        "stopped",
        version=released["plan_version"],
        wave=released["wave"],
        as_of=day,
        reason=r.args.reason,
        contacts=sums["contacts"],
        cost=sums["cost"] or Decimal(0),
        worst_cost=sums["worst_cost"] or Decimal(0),
        left_out_json=releases.as_json(after),
        **{name: released[name] for name in ("send_on", "release_id", "folder", "plan_hash")},
    )
    told = ", ".join(f"{channel} after {last}" for channel, last in sorted(after.items())) or "from the first on"
    r.say(f"    version {released['plan_version']}: {sums['contacts']} contacts stopped ({told})")


def _with_receipts(reserved: DataFrame, receipts: DataFrame | None) -> dict[str, int]:
    """By channel the send_order that was sent last, as far as receipts tell; 0 where there is none."""
    known = dict.fromkeys(canonical.CONTACT_CHANNELS, 0)
    if receipts is None:
        return known
    rows = records(campaign.ledger.sent_until(reserved, receipts))
    return known | {row["channel"]: row["last"] for row in rows}


def sent_last(texts: list[str]) -> dict[str, int]:
    """By channel what `--sent` says; SettingsError lists all that is not understood."""
    found, problems = {}, []
    for text in " ".join(texts).split():
        channel, _, number = text.partition("=")
        if channel in canonical.CONTACT_CHANNELS and number.isdecimal():
            found[channel] = int(number)
        else:
            advice = f"write CHANNEL=N, with a channel of {', '.join(canonical.CONTACT_CHANNELS)}"
            problems.append(Finding("sent", text, advice))
    if problems:
        raise SettingsError("--sent is not understood", problems)
    return found

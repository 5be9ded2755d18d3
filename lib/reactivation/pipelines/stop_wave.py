"""Stop what is unsent of a released wave, all cells alike: it leaves caps and cost; its users may be planned again."""

from argparse import ArgumentParser
from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign
from reactivation.contracts import canonical, derived
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import checkpointed, records
from reactivation.pipelines import releases
from reactivation.runtime.channel_file_reader import STOPPED
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text

Event = campaign.ledger.Event


def add_arguments(parser: ArgumentParser) -> None:
    """What was sent already, and why the rest is not."""
    parser.add_argument("--reason", required=True, help="why it is stopped")
    parser.add_argument(
        "--sent",
        action="append",
        default=[],
        metavar="CHANNEL=N",
        help="send_order that a channel sent last (default: the last with a receipt)",
    )


def run(r: Run) -> None:
    """Writes `stopped.json` beside the files, marks the contacts in the ledger, and notes the stop."""
    known = releases.ledger(r)
    found = [] if r.wave is None else known.open_releases(cycle=str(r.cycle), wave=r.wave)
    if not found:
        running = sorted({event["wave"] for event in known.open_releases(cycle=str(r.cycle))})
        advice = f"released and not stopped in {r.cycle}: {', '.join(running) or 'none'}"
        raise NotReady(f"there is nothing of `{r.wave}` to stop", [Finding("wave", str(r.wave), advice)])
    given = _given(r.args.sent)
    for released in found:
        _stop(r, released, given)


def _stop(r: Run, released: Event, given: dict[str, int]) -> None:
    reserved = checkpointed(releases.reserved(r, released))
    receipts = r.read_present([canonical.CONTACTS]).get("contacts")
    receipts = None if receipts is None else receipts.where(F.col("cycle") == str(r.cycle))
    after = {**_with_receipts(reserved, receipts), **given}
    write_text(r.spark, f"{r.exports}/{released['folder']}/{STOPPED}", releases.as_json(after))
    day = r.as_of or released["send_on"]
    marked = checkpointed(campaign.ledger.stopped(reserved, after, receipts, day=day))
    [sums] = records(campaign.ledger.stopped_sums(marked))
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


def _given(texts: list[str]) -> dict[str, int]:
    """What `--sent` says; SettingsError lists all that is not understood."""
    found, problems = {}, []
    for text in texts:
        channel, _, number = text.partition("=")
        if channel in canonical.CONTACT_CHANNELS and number.isdecimal():
            found[channel] = int(number)
        else:
            advice = f"write CHANNEL=N, with a channel of {', '.join(canonical.CONTACT_CHANNELS)}"
            problems.append(Finding("sent", text, advice))
    if problems:
        raise SettingsError("--sent is not understood", problems)
    return found

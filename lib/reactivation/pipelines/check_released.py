"""Look at released contacts once more while they may still be sent: who refused since, or left, is withdrawn."""

from datetime import date

from pyspark.sql import DataFrame

from reactivation import campaign
from reactivation.contracts import canonical
from reactivation.errors import Finding, SettingsError
from reactivation.frames import checkpointed, records
from reactivation.pipelines import permissions, reach, releases
from reactivation.runtime.files import write_files
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested

Event = campaign.ledger.Event


def run(r: Run) -> None:
    """Replaces `<channel>.withdrawn.csv` of each release and channel that still sends; run daily until none does.

    Of those whom no receipt calls sent, whoever would not be released today must be withdrawn.
    """
    known = releases.ledger(r)
    if r.as_of is None:
        advice = "name the day up to whose beginning the bank's rows are ingested"
        raise SettingsError("as of when?", [Finding("missing", "--as-of", advice)])
    day = r.as_of
    require_ingested(r, day)
    running = [e for e in known.open_releases(cycle=str(r.cycle), wave=r.wave) if _still_sending(r, e, day)]
    if not running:
        r.say(f"    nothing of {r.cycle} may still be sent on {day}")
    for released in running:
        _check(r.at(r.step, wave=released["wave"], as_of=day), released, day)


def _check(r: Run, released: Event, day: date) -> None:
    looked = checkpointed(_looked_at(r, released, day))
    names = [f"{channel}.withdrawn" for channel in _still_sending(r, released, day)]
    folder = f"{r.exports}/{released['folder']}"
    write_files(campaign.channel_files.withdrawn(looked), folder, by="file", names=names, order_by="contact_id")
    left_out = campaign.last_look.left_out(records(campaign.last_look.counted(looked)))
    told = ", ".join(f"{number} {reason}" for reason, number in left_out.items()) or "nobody"
    r.say(f"    {released['wave']}, version {released['plan_version']}: withdrawn {told}")


def _looked_at(r: Run, released: Event, day: date) -> DataFrame:
    name, receipts = str(released["release_id"]), r.read_present([canonical.CONTACTS]).get("contacts")
    return campaign.last_look.looked_at(
        campaign.ledger.may_be_sent(releases.reserved(r, released), receipts, day=day, calendar=r.calendar),
        reach=permissions.contactable(r, day=day, sent_until=reach.sent_until(r, released["send_on"])),
        recent=reach.recently_contacted(r, day, send_on=released["send_on"], is_final=True, but=name),
        before=None,
    )


def _still_sending(r: Run, released: Event, day: date) -> list[str]:
    """The channels whose days of sending are not over."""
    last = reach.sent_until(r, released["send_on"])
    return [channel for channel in canonical.CONTACT_CHANNELS if channel in last and last[channel] >= day]

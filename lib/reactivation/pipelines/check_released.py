"""Look at released contacts once more while they may still be sent: who refused since, or left, is withdrawn."""

from datetime import date

from pyspark.sql import DataFrame

from reactivation import campaign
from reactivation.contracts import canonical
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import checkpointed, records
from reactivation.pipelines import permissions, reach, releases
from reactivation.runtime.channel_file_reader import read_withdrawn
from reactivation.runtime.files import write_files
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested

Event = campaign.ledger.Event


def run(r: Run) -> None:
    """Adds to `<channel>.withdrawn.csv` of each release and channel that still sends; run daily until none does.

    Of those whom no receipt calls sent, whoever would not be released today must be withdrawn. Whom an earlier list
    names stays withdrawn. Once the lists are written, NotReady where the feeds do not tell what users decided.
    """
    known = releases.ledger(r)
    if r.as_of is None:
        advice = "name the day up to whose beginning the bank's rows are ingested"
        raise SettingsError("as of when?", [Finding("missing", "--as-of", advice)])
    day = releases.day(r, r.as_of)
    require_ingested(r, day)
    released = known.open_releases(cycle=str(r.cycle), wave=r.wave)
    releases.require_contacts(r, released)
    running = [(each, last) for each in released if (last := _still_sending(r, each, day))]
    if not running:
        r.say(f"    nothing of {r.cycle} may still be sent on {day}")
        return
    for each, last in running:
        _check(r.at(r.step, wave=each["wave"], as_of=day), known, each, last)
    _require_feeds(r, known, day)


def _check(r: Run, known: campaign.Ledger, released: Event, last: dict[str, date]) -> None:
    looked = checkpointed(_looked_at(r, known, released, last))
    folder, names = f"{r.exports}/{released['folder']}", [f"{channel}.withdrawn" for channel in last]
    lists = campaign.channel_files.withdrawn(looked, read_withdrawn(r.spark, folder))
    write_files(lists, folder, by="file", names=names, order_by="contact_id")
    left_out = campaign.last_look.left_out(records(campaign.last_look.counted(looked)))
    told = ", ".join(f"{number} {reason}" for reason, number in left_out.items()) or "nobody"
    r.say(f"    {released['wave']}, version {released['plan_version']}: withdrawn {told}, beside those named before")


def _looked_at(r: Run, known: campaign.Ledger, released: Event, last: dict[str, date]) -> DataFrame:
    assert r.as_of is not None
    day, name, receipts = r.as_of, str(released["release_id"]), r.read_present([canonical.CONTACTS]).get("contacts")
    return campaign.last_look.looked_at(
        campaign.ledger.may_be_sent(releases.reserved(r, released), receipts, day=day, calendar=r.calendar),
        reach=permissions.contactable(r, day=day, sent_until=last),
        recent=reach.recently_contacted(r, day, known=known, send_on=released["send_on"], is_final=True, but=name),
        before=None,
    )


def _still_sending(r: Run, released: Event, day: date) -> dict[str, date]:
    """By channel whose days of sending are not over the last of them, as it was released, whatever conf says now."""
    rows = records(campaign.ledger.still_sending(releases.reserved(r, released), day=day))
    return {row["channel"]: row["last"] for row in rows}


def _require_feeds(r: Run, known: campaign.Ledger, day: date) -> None:
    try:
        permissions.require_feeds(r, known, day=day)
    except NotReady as error:
        advice = "ingest the feed and check again; if it does not come, stop what is unsent by jobs/stop_wave.py"
        headline = f"the lists name whom they can; what users decided is not known well enough as of {day}"
        raise NotReady(headline, [*error.findings, Finding("what to do", "sending goes on", advice)]) from None

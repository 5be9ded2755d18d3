"""No job, but what the forecast, planning and releasing share: month to date, draws, and who had enough contacts."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, features, population
from reactivation.contracts import canonical
from reactivation.periods import Month, Window
from reactivation.pipelines import releases
from reactivation.runtime.run import Run

_LONGEST_SENDING = timedelta(days=31)
"""So long ago a contact may have been due that still goes out."""


def month_to_date(r: Run, window: Window, *, known_before: date) -> DataFrame:
    """What users did in some days of a month, as known at 00:00 of a day."""
    here = r.read_present(canonical.ALL)
    measures = features.flows(r.settings.activity)
    counted = [m.name for name, group in measures.items() if name in here for m in group]
    months = features.partials.in_window(
        {name: table for name, table in here.items() if name in measures},
        window=window,
        known_before=known_before,
        calendar=r.calendar,
        settings=r.settings.activity,
    )
    return campaign.facts.month_to_date(months, counted)


def sent_until(r: Run, send_on: date) -> dict[str, date]:
    """By channel the last day on which a wave of that day goes out."""
    return campaign.channel_files.last_days(send_on, r.settings.campaign, r.calendar)


def salts(r: Run, wave: str) -> campaign.WaveSalts:
    """The salts of a wave's draws in the run's cycle."""
    return campaign.WaveSalts(*(r.salt(f"{wave}_{purpose}") for purpose in ("explorers", "options", "guidance")))


def recently_contacted(
    r: Run, day: date, *, known: campaign.Ledger, send_on: date, is_final: bool, but: str | None = None
) -> DataFrame:
    """Who has how many contacts around the day of sending, as known at 00:00 of a day.

    Receipts, released contacts without one (on the nearest of the days on which they may go out), and others' contacts,
    held against each day on which a contact of the wave may go out.
    is_final: the release takes all reserved contacts; the plan, of the own scenario, those sent by `send_on`, so that a
    wave planned again, when others of later days are released, is the same wave. but: a release whose own receipts do
    not count, because it is what is looked at. NotReady where the ledger has nothing of what was released then.
    """
    here, longest = r.read_present((canonical.CONTACTS, canonical.OUTSIDE_CONTACTS)), _longest(r)
    until_last = sent_until(r, send_on)
    cycle, receipts = F.col("cycle"), here.get("contacts")
    first, last = send_on - longest - _LONGEST_SENDING, max(until_last.values()) + longest
    is_near = F.col("send_on").between(first, last)
    own = [event for event in known.events if event["status"] == "released"]
    releases.require_contacts(r, [event for event in own if first <= event["send_on"] <= last])
    in_cycles = cycle.between(str(Month.of(first)), str(Month.of(last)))
    if receipts is not None and but is not None:
        receipts = receipts.where(~F.col("contact_id").startswith(f"{but}-"))
    until = None if is_final else send_on
    sent = releases.contacts_of_others(r, in_cycles & is_near, until=until, near=send_on)
    all_contacts = (
        receipts if sent is None else campaign.facts.as_sent(sent, receipts, known_before=day, calendar=r.calendar)
    )
    return population.recently_contacted(
        all_contacts,
        here.get("outside_contacts"),
        settings=r.settings.population,
        day=send_on,
        known_before=day,
        calendar=r.calendar,
        sent_until=until_last,
    )


def _longest(r: Run) -> timedelta:
    return timedelta(days=r.settings.population.contact_policy.longest_days)

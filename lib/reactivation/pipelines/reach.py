"""No job, but what planning and releasing share: who had enough contacts."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, population
from reactivation.contracts import canonical
from reactivation.periods import Month
from reactivation.pipelines import releases
from reactivation.runtime.run import Run


def recently_contacted(r: Run, day: date, *, send_on: date, is_final: bool) -> DataFrame:
    """Who has how many contacts around the day of sending, as known at 00:00 of a day.

    Receipts, released contacts without one, and others' contacts. is_final: the release takes all reserved contacts;
    the plan, of the own scenario, those sent by `send_on`, so that a wave planned again, when others of later days are
    released, is the same wave.
    """
    known, longest = r.read_present((canonical.CONTACTS, canonical.OUTSIDE_CONTACTS)), _longest(r)
    cycle, receipts = F.col("cycle"), known.get("contacts")
    is_near = F.col("send_on").between(send_on - longest, send_on + longest)
    in_cycles = cycle.between(str(Month.of(send_on - longest)), str(Month.of(send_on + longest)))
    sent = releases.contacts_of_others(r, in_cycles & is_near, until=None if is_final else send_on)
    together = (
        receipts if sent is None else campaign.facts.as_sent(sent, receipts, known_before=day, calendar=r.calendar)
    )
    return population.recently_contacted(
        together,
        known.get("outside_contacts"),
        settings=r.settings.population,
        day=send_on,
        known_before=day,
        calendar=r.calendar,
    )


def _longest(r: Run) -> timedelta:
    return timedelta(days=r.settings.population.contact_policy.longest_days)

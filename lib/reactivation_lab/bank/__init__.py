"""A simulated bank with known truth: nothing else in the library knows it exists.

`people` draws the users, `due` says which stretches of days are still to be simulated, `simulate` gives the bank's
raw tables of those days; `potentials`, `options` and `effects` say what nobody at the bank could know. All rows depend
on the seed, the user, the day and the contacts alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import DataFrame

from reactivation.frames import checkpointed
from reactivation.periods import Calendar, Month, Window
from reactivation_lab.bank import (
    app,
    behaviour,
    effects,
    master,
    money,
    past_campaigns,
    response,
    tables,
    trials,
    truth,
)
from reactivation_lab.bank.arrival import MONEY_FAULTS, delivered
from reactivation_lab.bank.date_dimension import DateDimension
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.people import people
from reactivation_lab.bank.segments import due, name_of
from reactivation_lab.bank.settings import SandboxSettings, required
from reactivation_lab.bank.truth import Uplift

__all__ = [
    "SandboxSettings",
    "Uplift",
    "due",
    "effects",
    "name_of",
    "options",
    "people",
    "potentials",
    "required",
    "simulate",
    "tables",
    "trials",
]


def simulate(
    people: DataFrame,
    *,
    segments: Sequence[Window],
    is_opening: bool,
    contacts: DataFrame | None,
    calendar: Calendar,
    settings: SandboxSettings,
    suppressed: DataFrame | None = None,
) -> dict[str, DataFrame]:
    """Raw tables by name for the days of some segments; tables in which these days can have no row are left out.

    is_opening: the first segment is the bank's first and brings all that was there before it.
    contacts: `response.CONTACT_COLUMNS` of the channel files written so far, those of the three months before included;
    only what is sent before the segments' end is used. None: there are none yet; past campaigns come in by themselves.
    suppressed: whom other senders are asked to leave alone (`master.outside_contacts`).
    """
    dates = DateDimension(Window(segments[0].first, segments[-1].end), calendar, settings.season)
    common: dict[str, Any] = {"dates": dates, "settings": settings}
    contacted = _contacted(people, contacts, dates.window, settings)
    touched = checkpointed(response.with_touches(people, contacted, window=dates.window, effects=settings.effects))
    stretches = behaviour.stretches(touched, segments=segments, settings=settings)
    days = behaviour.days(stretches, **common)
    visits = behaviour.visits(days)
    sessions = app.sessions(visits, **common)
    books: dict[str, Any] = {"segments": segments, "is_opening": is_opening, **common}
    events = {
        "users": master.versions(people, **books),
        "consents": master.consents(people, **books),
        "logins": app.logins(sessions, settings=settings),
        "function_uses": app.function_uses(sessions, settings=settings),
        "transactions": money.transactions(days, **common),
        "benefit_events": app.benefit_events(visits, **common),
        "outside_contacts": master.outside_contacts(days, suppressed=suppressed, **common),
    }
    if any(money.snapshot_days(segment) for segment in segments):
        events["asset_snapshots"] = money.asset_snapshots(stretches, segments=segments, **common)
    if contacted is not None:
        events["contacts"] = response.receipts(contacted, segments=segments, **common)
        left = response.opt_outs(contacted, segments=segments, **common)
        events["consents"] = events["consents"].unionByName(left, allowMissingColumns=True)
    return {name: _delivered(name, frame, dates, settings) for name, frame in events.items()}


def potentials(
    people: DataFrame,
    *,
    cycle: Month,
    outcome: Window,
    contacts: DataFrame | None,
    calendar: Calendar,
    uplift: Uplift,
    settings: SandboxSettings,
) -> DataFrame:
    """Probabilities and outcomes of every user in an outcome window, with and without contacts: truth_potentials."""
    since = Window(cycle.first, outcome.end)
    contacted = _contacted(people, contacts, since, settings)
    touched = response.with_touches(people, contacted, window=since, effects=settings.effects)
    dates = DateDimension(outcome, calendar, settings.season)
    return truth.potentials(touched, cycle=cycle, outcome=outcome, dates=dates, uplift=uplift, settings=settings)


def options(
    people: DataFrame,
    offers: Iterable[tuple[str, str]],
    *,
    cycle: Month,
    outcome: Window,
    calendar: Calendar,
    uplift: Uplift,
    settings: SandboxSettings,
) -> DataFrame:
    """The same for each channel and benefit alone, of a sample of the users: truth_options."""
    sample = people.where(HashRng(settings.seed).happens(settings.options_share, "options", "user_id"))
    dates = DateDimension(outcome, calendar, settings.season)
    return truth.options(sample, offers, cycle=cycle, outcome=outcome, dates=dates, uplift=uplift, settings=settings)


def _contacted(
    people: DataFrame, contacts: DataFrame | None, window: Window, settings: SandboxSettings
) -> DataFrame | None:
    all_contacts = past_campaigns.with_past(contacts, people, window=window, settings=settings)
    return None if all_contacts is None else checkpointed(response.contacted(all_contacts, people, settings=settings))


_FORMS: dict[str, dict[str, Any]] = {
    "users": {
        "happened": "signed_up_on",
        "are_versions": True,
        "faults": ("null_key", "impossible_date", "uncastable"),
    },
    "transactions": {"money": "amount", "faults": MONEY_FAULTS},
    "asset_snapshots": {"happened": "snapshot_on", "money": "balance"},
    "benefit_events": {"money": "value", "faults": MONEY_FAULTS},
    "contacts": {"happened": "sent_at"},
    "outside_contacts": {"happened": "sent_at"},
}
"""How a table says when a row happened, what of it is money, and which faults it may have."""


def _delivered(name: str, events: DataFrame, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    return delivered(
        events,
        table=tables.BY_NAME[name],
        **_FORMS.get(name, {}),
        dates=dates,
        rng=HashRng(settings.seed),
        arrival=settings.arrival,
    )

"""A simulated bank with known truth: nothing else in the library knows it exists.

`people` draws the users, `due` says which stretches of days are still to be simulated, `simulate` gives the bank's
raw tables of those days, `potentials` and `effects` what nobody at the bank could know. All rows depend on the seed,
the user and the day alone.
"""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame

from reactivation.frames import at_hand
from reactivation.periods import Calendar, Month, Window
from reactivation.sandbox import app, behaviour, master, money, response, tables, truth
from reactivation.sandbox.almanac import Almanac
from reactivation.sandbox.arrival import MONEY_FAULTS, delivered
from reactivation.sandbox.dice import Dice
from reactivation.sandbox.people import people
from reactivation.sandbox.segments import due, name_of
from reactivation.sandbox.settings import SandboxSettings
from reactivation.sandbox.truth import effects

__all__ = ["SandboxSettings", "due", "effects", "name_of", "people", "potentials", "simulate", "tables"]


def simulate(
    people: DataFrame,
    *,
    segments: Sequence[Window],
    is_opening: bool,
    contacts: DataFrame | None,
    calendar: Calendar,
    settings: SandboxSettings,
) -> dict[str, DataFrame]:
    """Raw tables by name for the days of some segments; tables in which these days can have no row are left out.

    is_opening: the first segment is the bank's first and brings all that was there before it.
    contacts: `response.CONTACT_COLUMNS` of the channel files written so far, those of the month before included; only
    what is sent before the segments' end is used. None: the bank contacted nobody.
    """
    almanac = Almanac(Window(segments[0].first, segments[-1].end), calendar, settings.season)
    common: dict[str, Any] = {"almanac": almanac, "settings": settings}
    contacted = None if contacts is None else at_hand(response.contacted(contacts, people, settings=settings))
    touched = at_hand(response.with_touches(people, contacted, window=almanac.window, settings=settings))
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
        "outside_contacts": master.outside_contacts(days, **common),
    }
    if any(money.snapshot_days(segment) for segment in segments):
        events["asset_snapshots"] = money.asset_snapshots(stretches, segments=segments, **common)
    if contacted is not None:
        events["contacts"] = response.receipts(contacted, segments=segments, **common)
    return {name: _delivered(name, frame, almanac, settings) for name, frame in events.items()}


def potentials(
    people: DataFrame,
    *,
    cycle: Month,
    outcome: Window,
    contacts: DataFrame | None,
    calendar: Calendar,
    settings: SandboxSettings,
) -> DataFrame:
    """Chances and outcomes of every user in a cycle's outcome window, with and without contacts: truth_potentials."""
    almanac = Almanac(outcome, calendar, settings.season)
    contacted = None if contacts is None else response.contacted(contacts, people, settings=settings)
    touched = response.with_touches(people, contacted, window=outcome, settings=settings)
    return truth.potentials(touched, cycle=cycle, outcome=outcome, almanac=almanac, settings=settings)


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


def _delivered(name: str, events: DataFrame, almanac: Almanac, settings: SandboxSettings) -> DataFrame:
    return delivered(
        events,
        table=tables.BY_NAME[name],
        **_FORMS.get(name, {}),
        almanac=almanac,
        dice=Dice(settings.seed),
        arrival=settings.arrival,
    )

"""No job, but what several share: contacts that a release reserved before it was broken off, and nothing released."""

from reactivation import campaign
from reactivation.campaign import Ledger
from reactivation.contracts import derived
from reactivation.errors import Finding, PlanError
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run

Event = campaign.ledger.Event


def reservations(r: Run, known: Ledger) -> list[Event]:
    """Versions of the wave's plan of which contacts stand in the ledger without a release, lowest version first.

    As events `planned`. They count for caps and stock until they are released or stopped.
    """
    ends = {event["release_id"] for event in known.events if event["status"] in ("released", "stopped")}
    planned = known.having("planned", cycle=str(r.cycle), wave=r.wave)
    planned = [event for event in planned if event["release_id"] not in ends]
    there = r.rows_by(derived.CONTACT_LEDGER, "release_id") if planned and r.has(derived.CONTACT_LEDGER) else {}
    return [event for event in planned if there.get(event["release_id"])]


def tell(r: Run, known: Ledger, *, but: int | None = None) -> None:
    """Say which versions hold contacts that nobody will release any more. but: the version that is released now.

    They are not freed by themselves: a channel that did not wait for `_SUCCESS` may have sent some.
    """
    for event in reservations(r, known):
        if event["plan_version"] != but:
            told = f"version {event['plan_version']} of {event['wave']} was broken off while it was released"
            how = f"jobs/stop_wave.py --wave {event['wave']} --plan-version {event['plan_version']}"
            r.say(f"    {told}: its contacts count for caps and stock until {how} says what was sent", NOTICE)


def is_given_up(known: Ledger, planned: Event) -> bool:
    """True for a version that was stopped before it was released."""
    of_it = {event["status"] for event in known.events if event["release_id"] == planned["release_id"]}
    return "stopped" in of_it and "released" not in of_it


def require_standing(known: Ledger, planned: Event) -> None:
    """PlanError where a version was given up: its contacts are free for others."""
    if is_given_up(known, planned):
        finding = Finding("stopped", str(planned["release_id"]), "plan the wave anew: the same plan is a version again")
        headline = f"version {planned['plan_version']} of {planned['wave']} was stopped and is not released"
        raise PlanError(headline, [finding])

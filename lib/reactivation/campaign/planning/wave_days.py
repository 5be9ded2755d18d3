"""On which days a cycle's waves are sent: conf's days, or the next open ones, or none that the calendar can place."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.errors import Finding, PlanError
from reactivation.periods import Calendar, Month

_OPTIONAL = ("first", "guide_to", "least_contacts_per_1000_users", "least_per_branch_per_1000_users")
"""Of a wave; a plan that was registered before there were such names them no more than one that lacks them."""


def day_of(
    settings: CampaignSettings, *, cycle: Month, calendar: Calendar, wave: str | None, as_of: date | None
) -> date:
    """The day a wave is planned as of: the one given, else conf's; PlanError where there is no such wave or day."""
    days = settings.planned_on(cycle, calendar)
    if wave is None or wave not in days:
        advice = f"known here: {', '.join(days)}; name one with --wave"
        raise PlanError(f"cycle {cycle} has no wave `{wave}`", [Finding("wave", str(wave), advice)])
    day = as_of or days[wave]
    if not cycle.first < day < (cycle + 1).first:
        advice = f"must lie in the cycle and after its first day; conf plans {wave} for {days[wave]}"
        raise PlanError(f"{wave} of cycle {cycle} cannot be planned as of {day}", [Finding("as_of", str(day), advice)])
    send_on = day + timedelta(days=settings.lead_days)
    if Month.of(send_on) != cycle:
        advice = f"planned as of {day}, it would go out after the cycle, whose caps and read-out it is for: skip it"
        raise PlanError(f"{wave} of cycle {cycle} cannot be sent on {send_on}", [Finding("moved out", wave, advice)])
    if why := calendar.closed(send_on):
        advice = f"is {why}; the next open day is {calendar.next_open(send_on)}"
        findings = [Finding("closed day", str(send_on), advice)]
        raise PlanError(f"{wave} of cycle {cycle} cannot be sent on {send_on}", findings)
    return day


def as_plain(settings: CampaignSettings, cycle: Month, calendar: Calendar) -> list[dict[str, Any]]:
    """The waves of a cycle as plain values, each with its name and `as_of`, for the registered plan.

    A wave that was moved off a closed day says why, as `moved`.
    """
    days = settings.days_of(cycle, calendar)
    return [
        {
            "wave": name,
            "as_of": str(days[name]),
            **_moved(wave.day_of(cycle), days[name], calendar),
            **_conf_of(wave),
        }
        for name, wave in settings.waves.items()
    ]


def _conf_of(wave: Wave) -> dict[str, Any]:
    """A wave as conf has it; what an older release did not know is there only where it is asked for."""
    plain = wave.model_dump(mode="json", exclude={name for name in _OPTIONAL if getattr(wave, name) is None})
    for option in plain["options"]:
        if option["guide_to"] is None:
            del option["guide_to"]
    return plain


def require_open(settings: CampaignSettings, *, cycle: Month, calendar: Calendar) -> None:
    """PlanError lists the waves of a cycle that the calendar cannot place: on closed or unknown days, out of order."""
    days = settings.days_of(cycle, calendar)
    findings = [*_unplaced(settings, days, cycle, calendar), *_out_of_order(days)]
    if findings:
        raise PlanError(f"the waves of {cycle} do not fit the region's calendar", findings)


def missed(waves: Mapping[str, date], *, cycle: Month, calendar: Calendar, today: date) -> PlanError:
    """The error of waves whose day is over before they are planned, with what can be done about each.

    waves: the missed ones with their days. today: the day up to which the bank's rows are there, or that was named.
    """
    later = calendar.next_open(today)
    findings = [Finding("missed", f"{name} on {day}", f"it is {today} by now") for name, day in waves.items()]
    for name in waves:
        command = f"jobs/plan_wave.py --cycle {cycle} --wave {name}"
        findings.append(Finding("leave it out", name, f"{command} --skip --reason …, or --skip {name} of run_cycle"))
        if Month.of(later) == cycle:
            advice = f"{command} --as-of {later} --force; the plan keeps the registered day beside that one"
            findings.append(Finding("or plan it late", name, advice))
    return PlanError(f"{', '.join(waves)} of {cycle} cannot be sent any more on the day of the plan", findings)


def _moved(day: date, to: date, calendar: Calendar) -> dict[str, str]:
    return {} if day == to else {"moved": f"{day} is {calendar.closed(day)}: sent on the next open day, {to}"}


def _unplaced(
    settings: CampaignSettings, days: Mapping[str, date], cycle: Month, calendar: Calendar
) -> Iterator[Finding]:
    for name, wave in settings.waves.items():
        day, known = days[name], calendar.holidays_known_until
        if not calendar.is_known(day):
            advice = f"holidays are known until {known}: add later ones to the region's calendar"
            yield Finding("not known", f"{name} on {day}", advice)
        elif why := calendar.closed(day):
            advice = f"{why}: name another day than {wave.day}, or set calendar.wave_on_closed_day: next_open_day"
            yield Finding("closed day", f"{name} on {day}", advice)
        elif Month.of(day) != cycle:
            advice = f"from {wave.day_of(cycle)} to {day}, into another month: name an earlier day"
            yield Finding("moved out", name, advice)


def _out_of_order(days: Mapping[str, date]) -> Iterator[Finding]:
    for (earlier, day), (later, next_day) in pairwise(days.items()):
        if day >= next_day:
            advice = f"on {day} and {next_day}: name days that stay in order when they are moved"
            yield Finding("out of order", f"{earlier}, {later}", advice)

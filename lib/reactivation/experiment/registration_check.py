"""Compares the registered plan with present conf: before a wave, before a new registration, and at the read-out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from reactivation.errors import Finding, PlanError, nearest
from reactivation.experiment.checks import Design
from reactivation.experiment.registration import PlanText, sealed
from reactivation.experiment.registration_changes import NOTE, Difference, differences
from reactivation.experiment.settings import AS_IN_0_1_0, ExperimentSettings
from reactivation.periods import Window


def read(row: Mapping[str, Any] | None) -> PlanText:
    """The plan of a row of `experiment_plan`; PlanError where there is none or it was altered after its hash."""
    problems = list(_problems_of_row(row))
    if problems or row is None:
        raise PlanError("the registered plan cannot be relied on", problems)
    return dict(json.loads(row["plan_json"]))


def design_of(plan: PlanText, *, registered: Iterable[str] = ()) -> Design:
    """The shares that a registered plan names, for the checks of its read-out. registered: cycles with a plan."""
    arms = plan["arms"]
    before = sum(str(arms["long_holdout_since"]) <= cycle < plan["cycle"] for cycle in registered)
    names = tuple(contrast["name"] for contrast in plan["contrasts"]) if "contrasts" in plan else None
    return Design(arms["cells"], arms["holdout_share"], arms["long_holdout_share"], before, names)


def window_of(plan: PlanText) -> Window:
    """The outcome window that a registered plan names."""
    first, end = (date.fromisoformat(day) for day in plan["outcome_window"])
    return Window(first, end)


def wave_days(row: Mapping[str, Any] | None) -> dict[str, date]:
    """The day that was registered for each wave. row: of `experiment_plan`, as `require` has let it pass."""
    return {str(wave["wave"]): date.fromisoformat(str(wave["as_of"])) for wave in read(row)["waves"]}


def settings_of(plan: PlanText, *, now: ExperimentSettings) -> ExperimentSettings:
    """The settings by which a cycle is read out: those it was registered with.

    What an older plan does not state is taken from conf, and `differences` names it; but rules that came after 0.1.0
    never reach back to a plan that does not name them.
    """
    known = {name: value for name, value in plan["thresholds"].items() if name in ExperimentSettings.model_fields}
    before = {name: ExperimentSettings.model_fields[name].default for name in AS_IN_0_1_0}
    try:
        return ExperimentSettings.model_validate({**now.model_dump(mode="json"), **before, **known})
    except ValidationError as error:
        findings = [Finding("not usable", ".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise PlanError(f"the registered plan of cycle {plan['cycle']} cannot be read out", findings) from None


def renewed(now: PlanText, *, registered: PlanText | None, is_running: bool, is_forced: bool) -> PlanText:
    """The plan to register: as long as no wave is planned the present one; afterwards only what is registered already.

    A changed draw would move users between arms of a running experiment, and a changed rule could be chosen by its
    results: PlanError names the differences. By force the new plan is registered and keeps a note of them. Looks that
    would see nothing are never registered.
    """
    if registered is None or not is_running:
        _require_something_to_see(now)
        return now
    found, notes = differences(registered, now), list(registered.get(NOTE, []))
    if found and not is_forced:
        findings = [Finding("differs", d.what, f"registered {d.registered}, conf now {d.now}") for d in found]
        advice = Finding("what to do", "conf", "put it back, or --force: the plan will say what was changed")
        raise PlanError(f"the experiment of {now['cycle']} is running and cannot be changed", [*findings, advice])
    if found:
        notes.append([d.says for d in found])
    return {**now, NOTE: notes} if notes else now


def require(row: Mapping[str, Any] | None, *, now: PlanText, wave: str, day: date, is_forced: bool) -> list[Difference]:
    """Refuse a wave that no registered plan covers; PlanError names all that is missing.

    row: the cycle's of `experiment_plan`, None where there is none. now: the plan that present conf would register.
    day: on which the wave is planned. By force another day, and conf that has changed, are let pass and returned.
    """
    problems = list(_problems_of_row(row))
    found: list[Difference] = []
    if row is not None and not any(problem.what == "plan_json" for problem in problems):
        plan = json.loads(row["plan_json"])
        problems += [*_problems_of_power(row["power_json"], plan), *_problems_of_place(plan, now)]
        days = {str(w["wave"]): str(w["as_of"]) for w in plan["waves"]}
        if wave not in days:
            problems.append(Finding("not registered", f"wave {wave}", nearest(wave, days)))
        elif days[wave] != str(day):
            found.append(Difference(f"day of {wave}", days[wave], str(day)))
        if not problems:
            found += differences(plan, now)
    if found and not is_forced:
        problems += [
            Finding("differs", d.what, f"registered {d.registered}, now {d.now}; keep to it, or --force") for d in found
        ]
    if problems:
        raise PlanError(f"{wave} of cycle {now['cycle']} is not covered by a registered experiment", problems)
    return found


def _require_something_to_see(plan: PlanText) -> None:
    first = date.fromisoformat(plan["outcome_window"][0])
    blind = [day for day in plan["look_days"] if date.fromisoformat(day) <= first]
    if blind:
        advice = f"the first wave is on {first}: look later, for each look takes its part of alpha"
        findings = [Finding("sees nothing", f"experiment.interim_look_days, {day}", advice) for day in blind]
        raise PlanError(f"the experiment of {plan['cycle']} would be looked at before anybody was touched", findings)


def _problems_of_row(row: Mapping[str, Any] | None) -> Iterator[Finding]:
    advice = "restore the version of experiment_plan that run_log names"
    if row is None:
        yield Finding("missing", "experiment_plan", "run jobs/assign_tiers.py for this cycle before its first wave")
        yield Finding("missing", "power statement", "it is registered together with the plan")
        return
    try:
        is_whole = {"cycle", "arms", "waves", "thresholds"} <= set(json.loads(row["plan_json"]))
    except (TypeError, ValueError):
        is_whole = False
    if not is_whole:
        yield Finding("not readable", "plan_json", f"it is no plan; {advice}")
    if row["plan_hash"] != sealed(str(row["plan_json"])):
        found = f"{str(row['plan_hash'])[:12]}…, the plan gives {sealed(str(row['plan_json']))[:12]}…"
        yield Finding("hash", "plan_hash", f"registered {found}: it was altered after it was registered; {advice}")


def _problems_of_power(power_json: str | None, plan: PlanText) -> Iterator[Finding]:
    """Every hypothesis needs a line of the statement for the primary metric: a number, or why there is none."""
    asked = plan["thresholds"]
    try:
        rows = {(row["contrast"], row["metric"]): row for row in json.loads(power_json or "")}
    except (TypeError, ValueError, KeyError):
        rows = {}
    if not rows:
        yield Finding("missing", "power statement", "run jobs/assign_tiers.py for this cycle before its first wave")
        return
    for contrast in asked.get("hypotheses", {}):
        row = rows.get((contrast, asked["primary_metric"]), {})
        if row.get("minimum_detectable") is None and not row.get("reason"):
            yield Finding("missing", f"power of {contrast}", f"on {asked['primary_metric']}: it says nothing of it")


def _problems_of_place(plan: PlanText, now: PlanText) -> Iterator[Finding]:
    for name in ("region", "scenario", "cycle"):
        if plan.get(name) != now[name]:
            yield Finding("of another", name, f"the plan is for {plan.get(name)}, this is {now[name]}")

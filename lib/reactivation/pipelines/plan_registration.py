"""No job, but what several share: the plan that conf would register, the one that is registered, and a run under it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from pyspark.sql import functions as F

from reactivation import campaign, experiment
from reactivation.contracts import derived
from reactivation.pipelines import releases
from reactivation.runtime.run import Run

RegisteredOdds = Mapping[str, Mapping[str, float] | Sequence[float]]
"""Probabilities of each wave's options, by label; in plans without labels in the order of the registered options."""


class RegisteredRun(NamedTuple):
    """A run under the registered settings, the plan it goes by, and whether it is what was registered.

    told: in sentences; changes: the same as values. sent: the day on which each released wave was sent.
    """

    run: Run
    plan: experiment.PlanText
    told: list[str]
    changes: list[experiment.registration_changes.Change]
    sent: dict[str, str]

    @property
    def plan_hash(self) -> str:
        """SHA-256 of the plan."""
        return experiment.sealed(experiment.canonical(self.plan))


def draft(r: Run, odds: RegisteredOdds | None = None) -> experiment.PlanText:
    """The plan that present conf would register for the run's cycle.

    odds: of `evidence_months`, for a plan that is registered now; None: those that stand in the registered one.
    """
    settings = r.settings.campaign
    drawn_by = registered_odds(r) if odds is None else odds
    offers = {"channel_cost_cny", "benefits", "exploration", "guidance_channel"}
    offers |= {"lift"} if settings.lift == "user" else set()
    offers |= {"challenger", "allocation", "lift"} if settings.challenger is not None else set()
    offers |= {"redemption"} if settings.redemption.is_learnt else set()
    unsaid = None if settings.exploration.adaptive else {"exploration": {"adaptive"}}  # as plans before it
    return experiment.draft(
        r.settings.experiment,
        cycle=r.cycle,
        region=r.region,
        scenario=r.scenario,
        arms=settings.arms.model_dump(mode="json"),
        tiers=settings.tiers.model_dump(mode="json"),
        labels=r.settings.labels.model_dump(mode="json"),
        offers={
            **settings.model_dump(mode="json", include=offers, exclude=unsaid),
            **({"odds": dict(drawn_by)} if drawn_by else {}),
        },
        population=r.settings.population.model_dump(mode="json"),
        waves=campaign.wave_days.as_plain(settings, r.cycle, r.calendar),
        calendar=r.calendar,
    )


def row(r: Run) -> dict[str, Any] | None:
    """The cycle's row of `experiment_plan`; None where nothing was registered."""
    if not r.has(derived.EXPERIMENT_PLAN):
        return None
    found = r.read(derived.EXPERIMENT_PLAN, F.col("cycle") == str(r.cycle)).head()
    return None if found is None else found.asDict()


def plan_if_any(r: Run) -> experiment.PlanText | None:
    """The cycle's registered plan, None where nothing was registered; PlanError where it cannot be relied on."""
    found = row(r)
    return None if found is None else experiment.registration_check.read(found)


def registered_odds(r: Run) -> RegisteredOdds:
    """Probabilities of each wave's options as registered; empty where conf lets all be alike, or nothing was known."""
    plan = plan_if_any(r) if r.settings.campaign.exploration.adaptive else None
    found: RegisteredOdds = {} if plan is None else plan.get("offers", {}).get("odds", {})
    return found


def odds_of(r: Run, odds: RegisteredOdds, wave: str) -> campaign.Odds:
    """How a wave's explorers draw: all alike where the odds are not of the options that the run's settings have."""
    none, own = r.settings.campaign.exploration.none_share, odds.get(wave, {})
    labels = [option.label for option in r.settings.campaign.waves[wave].options]
    if isinstance(own, Mapping):
        return campaign.Odds(none, tuple(own[label] for label in labels) if own.keys() == set(labels) else ())
    waves = (plan_if_any(r) or {}).get("waves", [])
    then = [f"{of['channel']}/{of['benefit']}" for each in waves if each["wave"] == wave for of in each["options"]]
    return campaign.Odds(none, tuple(own) if then == labels else ())


def registered(r: Run) -> experiment.ExperimentSettings:
    """What was asked of the cycle, as it was registered; as conf has it where nothing was."""
    plan = plan_if_any(r)
    now = r.settings.experiment
    return now if plan is None else experiment.registration_check.settings_of(plan, now=now)


def is_running(r: Run) -> bool:
    """True once a wave of the cycle is planned: who was scored, drawn and picked must stay as it is."""
    is_now = F.col("cycle") == str(r.cycle)
    return r.has(derived.WAVE_WATERFALL) and not r.read(derived.WAVE_WATERFALL, is_now).isEmpty()


def under_the_plan(r: Run, plan: experiment.PlanText, *, until: date | None = None) -> RegisteredRun:
    """The run by its registered plan. until: a look's day; waves of it and later ones are still to come."""
    known = releases.ledger(r)
    sent = {wave: str(day) for wave, day in releases.sent_on(r, known=known).items()}
    skipped = {event["wave"]: str(event["reason"]) for event in known.having("skipped", cycle=str(r.cycle))}
    about: dict[str, Any] = {"now": draft(r), "waves": sent, "until": until, "skipped": skipped}
    about["stops"] = known.having("stopped", cycle=str(r.cycle))
    changes = experiment.registration_changes.changes(plan, **about)
    told = experiment.registration_changes.told(plan, changes)
    r.say("\n".join(f"    {line}" for line in told))
    settings = experiment.registration_check.settings_of(plan, now=r.settings.experiment)
    present = r.settings.labels  # a plan from before labels were registered leaves them to conf
    labels = type(present).model_validate(plan.get("labels", present.model_dump(mode="json")))
    offered = r.settings.campaign.as_registered(plan)
    return RegisteredRun(r.under(experiment=settings, labels=labels, campaign=offered), plan, told, changes, sent)

"""No job, but what several share: the plan that conf would register, the one that is registered, and a run under it."""

from typing import Any

from pyspark.sql import functions as F

from reactivation import campaign, experiment
from reactivation.runtime.run import Run
from reactivation.tables import derived


def draft(r: Run) -> experiment.PlanText:
    """The plan that present conf would register for the run's cycle."""
    settings = r.settings.campaign
    return experiment.draft(
        r.settings.experiment,
        cycle=r.cycle,
        region=r.region,
        scenario=r.scenario,
        arms=settings.arms.model_dump(mode="json"),
        tiers=settings.tiers.model_dump(mode="json"),
        waves=campaign.waves.as_plain(settings, r.cycle),
        calendar=r.calendar,
    )


def row(r: Run) -> dict[str, Any] | None:
    """The cycle's row of `experiment_plan`; None where nothing was registered."""
    if not r.has(derived.EXPERIMENT_PLAN):
        return None
    found = r.read(derived.EXPERIMENT_PLAN, F.col("cycle") == str(r.cycle)).head()
    return None if found is None else found.asDict()


def plan_json(r: Run) -> str:
    """The cycle's registered plan as it was sealed; PlanError where it cannot be relied on."""
    return experiment.canonical(experiment.registered.read(row(r)))


def under_the_plan(r: Run) -> tuple[list[str], Run]:
    """Whether what is analysed is what was registered, in sentences; and the run under the registered settings."""
    plan = experiment.registered.read(row(r))
    sent = r.read(derived.WAVE_PLAN, F.col("cycle") == str(r.cycle)).select("wave", "send_on").distinct().collect()
    told = experiment.registered.told(plan, now=draft(r), waves={found.wave: str(found.send_on) for found in sent})
    r.say("\n".join(f"    {line}" for line in told))
    return told, r.under(experiment=experiment.registered.settings_of(plan, now=r.settings.experiment))

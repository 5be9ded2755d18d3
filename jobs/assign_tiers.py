"""Say who is worth a touch, draw who may get one, and register the month's experiment before the first wave."""

from collections.abc import Mapping

from pyspark.sql import functions as F

from reactivation import campaign, chance, cli, experiment, population
from reactivation.runtime.run import Run
from reactivation.tables import canonical, derived


def run(r: Run) -> None:
    """Replaces exactly this cycle's tiers, arms and plan."""
    settings, cycle, first = r.settings.campaign, str(r.cycle), r.cycle.first
    is_now = F.col("cycle") == cycle
    scores = r.read(derived.SCORES, is_now)
    seen, base_rates = _past(r)

    evidence = campaign.tiers.weigh(seen, bands=len(settings.tiers.band_borders) + 1)
    bands = campaign.tiers.decide(campaign.tiers.band_sizes(scores, settings.tiers), evidence, settings.tiers)
    r.write(derived.TIER_BANDS, r.rows(derived.TIER_BANDS, [{"cycle": cycle, **band} for band in bands]))
    r.write(derived.TIERS_TABLE, campaign.tiers.of_users(scores, bands, cycle=cycle, settings=settings.tiers))

    permissions = r.read_present([canonical.CONSENTS, canonical.CONTACTS])
    spine = population.signed_up(r.read(canonical.USERS), day=first, calendar=r.calendar)
    arms = campaign.arms.assign(
        scores,
        r.read(derived.TIERS_TABLE, is_now),
        r.read(derived.FEATURES, is_now),
        population.contactable(
            spine,
            consents=permissions.get("consents"),
            contacts=permissions.get("contacts"),
            day=first,
            calendar=r.calendar,
            settings=r.settings.population,
        ),
        cycle=cycle,
        settings=settings.arms,
        salts=campaign.ArmSalts(
            cell=r.salt("cell"),
            touch=r.salt("touch"),
            long_holdout=chance.salt(r.region, r.scenario, settings.arms.long_holdout_since, "long_holdout"),
            order=r.salt("order"),
            ties=r.salt("ties"),
        ),
    )
    r.write(derived.ARMS, arms)
    _register(r, base_rates)
    r.show("Tiers by band of p_active", bands)


def _past(r: Run) -> tuple[list[campaign.tiers.Seen], Mapping[str, float | None]]:
    """Evidence and base rates of the settled months whose experiment was registered."""
    metrics = {name: metric.outcome for name, metric in r.settings.experiment.metrics.items()}
    if not r.has(derived.OUTCOMES):
        return [], dict.fromkeys(metrics)
    oldest, newest = r.cycle - r.settings.campaign.tiers.evidence_months, r.calendar.newest_settled(r.cycle.first)
    is_past = F.col("cycle").between(str(oldest), str(newest))
    registered = r.read(derived.EXPERIMENT_PLAN, is_past).select("cycle")
    scores, arms, outcomes = (
        r.read(table, is_past).join(registered, "cycle", "left_semi")
        for table in (derived.SCORES, derived.ARMS, derived.OUTCOMES)
    )
    seen = campaign.tiers.observe(scores, arms, outcomes, settings=r.settings.campaign.tiers)
    return seen, campaign.tiers.base_rates(arms, outcomes, metrics)


def _register(r: Run, base_rates: Mapping[str, float | None]) -> None:
    settings = r.settings.campaign
    plan = experiment.register(
        r.settings.experiment,
        cycle=r.cycle,
        region=r.region,
        scenario=r.scenario,
        sizes=campaign.arms.sizes(r.read(derived.ARMS, F.col("cycle") == str(r.cycle))),
        base_rates=base_rates,
        arms=settings.arms.model_dump(mode="json"),
        waves=campaign.waves.as_plain(settings, r.cycle),
        calendar=r.calendar,
    )
    r.write(derived.EXPERIMENT_PLAN, r.rows(derived.EXPERIMENT_PLAN, [{"cycle": str(r.cycle), **plan._asdict()}]))


if __name__ == "__main__":
    cli.main(run, __file__)

"""Say who is worth a touch, draw who may get one, and register the month's experiment before the first wave."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, randomization
from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady, PlanError
from reactivation.frames import checkpointed, records
from reactivation.periods import Month
from reactivation.pipelines import (
    evidence_months,
    learnt_options,
    permissions,
    plan_registration,
    releases,
    spend_forecast,
)
from reactivation.runtime.console import ANSWER, NOTICE
from reactivation.runtime.files import write_files
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run


def run(r: Run) -> None:
    """Replaces exactly this cycle's tiers, arms, plan and balance; refuses another plan once a wave is planned."""
    settings, cycle, is_now = r.settings.campaign, str(r.cycle), F.col("cycle") == str(r.cycle)
    settings.arms.check_long_holdout(r.cycle)
    own = [campaign.arms.LIFT] if settings.lift == "user" else []
    scores = checkpointed(r.read(derived.SCORES, is_now).select("user_id", "p_active", "raw_active", *own))
    if scores.isEmpty():
        findings = [Finding("no rows", f"scores of {r.cycle}", "run jobs/score_users.py for this cycle first")]
        raise NotReady(f"there is nobody to put into tiers in cycle {r.cycle}", findings)
    experiment.balance.require_numbers(r.read(derived.FEATURES), r.read(derived.SCORES), r.settings.experiment)
    is_running, months = plan_registration.is_running(r), evidence_months.cycles(r)
    odds = plan_registration.registered_odds(r) if is_running else learnt_options.odds(r)
    plan = _plan(r, odds, is_running=is_running)
    rates = evidence_months.base_rates(r, months)
    bands = campaign.bands.decide(
        campaign.bands.band_sizes(scores, settings.tiers),
        evidence_months.evidence(r, months),
        settings.tiers,
        before=evidence_months.standing_tiers(r),
    )
    tiers = campaign.bands.of_users(scores, bands, cycle=cycle, settings=settings.tiers)
    arms = assigned(r, scores, tiers, campaign.bands.gains(bands))
    of_bands = r.rows(derived.TIER_BANDS, [{"cycle": cycle, **band} for band in bands])
    releases.require_frozen(r, {"tier_bands": of_bands, "tiers": tiers, "arms": arms})
    forecasts = spend_forecast.required(r, arms, tiers, odds)
    r.write_together([(derived.TIER_BANDS, of_bands, {}), (derived.TIERS_TABLE, tiers, {}), (derived.ARMS, arms, {})])
    r.write(derived.SPEND_FORECAST, r.rows(derived.SPEND_FORECAST, forecasts))
    _register(r, plan, rates, campaign.arms.sizes(arms))
    _look_before_launch(r, arms)

    held = campaign.channel_files.suppressed(
        arms,
        shields=settings.arms.suppression,
        month_until=(r.cycle + 1).first,
        long_holdout_until=Month.parse(settings.arms.long_holdout_exit).first,
    )
    write_files(held, f"{r.exports}/{r.cycle}", by="file", names=["suppression"], order_by="user_id")
    r.show("Tiers by band of p_active", bands)
    r.show("What each cell will send and spend, forecast", forecasts)


def _plan(r: Run, odds: plan_registration.RegisteredOdds, *, is_running: bool) -> experiment.PlanText:
    """What is to be registered; refused before anything is written."""
    campaign.wave_days.require_open(r.settings.campaign, cycle=r.cycle, calendar=r.calendar)
    now, found = plan_registration.draft(r, odds), plan_registration.row(r)
    for wave in now["waves"]:
        if "moved" in wave:
            r.say(f"    {wave['wave']}: {wave['moved']}", NOTICE)
    for name, wave in r.settings.campaign.waves.items():
        own = plan_registration.odds_of(r, odds, name)
        told = "".join(f"{o.label} {share:.2f}, " for o, share in zip(wave.options, own.weights, strict=False))
        if told:
            r.say(f"    {name}: explorers draw {told}none {own.none:.2f}")
    registered = experiment.registration_check.read(found) if found and is_running else None
    return experiment.registration_check.renewed(now, registered=registered, is_running=is_running, is_forced=r.force)


def assigned(r: Run, scores: DataFrame, tiers: DataFrame, gains: Mapping[int, float]) -> DataFrame:
    """The cycle's arms by the run's settings, checkpointed. gains: per band, as `tier_bands` has them."""
    settings, is_now = r.settings.campaign.arms, F.col("cycle") == str(r.cycle)
    contactable = permissions.contactable(r, day=r.cycle.first)
    long = randomization.salt(r.region, r.scenario, settings.long_holdout_since, "long_holdout")
    own = {purpose: r.salt(purpose) for purpose in ("cell", "touch", "order", "ties")}
    salts, cycle = campaign.ArmSalts(long_holdout=long, **own), str(r.cycle)
    features, challenger = r.read(derived.FEATURES, is_now), None
    if (policy := r.settings.campaign.challenger) is not None:
        challenger = campaign.arms.by_challenger(features, r.read(derived.SCORES, is_now), policy)
        require_an_order(challenger, policy.order)
    how: dict[str, Any] = {"cycle": cycle, "settings": settings, "salts": salts}
    tables = (scores, tiers, features, contactable)
    return checkpointed(campaign.arms.assign(*tables, gains=gains, challenger=challenger, **how))


def require_an_order(challenger: DataFrame, order: str) -> None:
    """PlanError where the challenger has a value for nobody: chance alone would pick in its cell."""
    if challenger.where(F.col("by_challenger").isNotNull()).isEmpty():
        advice = f"`{order}` has no value for any user of the cycle; name another, or take the challenger out"
        raise PlanError("the challenger orders nobody", [Finding("no value", "campaign.challenger.order", advice)])


def _register(
    r: Run, plan: experiment.PlanText, rates: Mapping[str, experiment.BaseRate], sizes: Mapping[str, int]
) -> None:
    sealed = experiment.register(plan, r.settings.experiment, sizes=sizes, base_rates=rates)._asdict()
    r.write(derived.EXPERIMENT_PLAN, r.rows(derived.EXPERIMENT_PLAN, [{"cycle": str(r.cycle), **sealed}]))
    Registry.open(r).note_plan(r.cycle, **sealed)


def _look_before_launch(r: Run, arms: DataFrame) -> None:
    settings, cycle = r.settings.experiment, str(r.cycle)
    features = r.read(derived.FEATURES, F.col("cycle") == cycle)
    sums = experiment.balance.aggregate(arms, features, settings=settings)
    is_first = cycle == r.settings.campaign.arms.long_holdout_since
    groups = records(sums)
    rows = experiment.balance.balance(groups, cycle=cycle, settings=settings, is_first_month=is_first)
    r.write(derived.BALANCE, r.rows(derived.BALANCE, rows))
    level = NOTICE if any(row["warning"] for row in rows) else ANSWER
    r.say("\n".join(f"    {line}" for line in experiment.balance.warnings(rows)), level)

"""No job, but what several share: the past months that teach a cycle, and what they say of bands and base rates."""

from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, model
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import releases
from reactivation.runtime.run import Run


def unrandomised(r: Run, *, before: Month, known: list[str] | None = None) -> frozenset[str]:
    """Months before `before` in which no registered draw decided who was contacted. known: of `registered`."""
    return campaign.usable_months.unrandomised(
        r.read_present([canonical.CONTACTS]).get("contacts"),
        registered=registered(r) if known is None else known,
        named=r.settings.campaign.tiers.unrandomised_cycles,
        before=before,
        calendar=r.calendar,
    )


def registered(r: Run) -> list[str]:
    """Cycles that have a registered experiment."""
    if not r.has(derived.EXPERIMENT_PLAN):
        return []
    return [row.cycle for row in r.read(derived.EXPERIMENT_PLAN).select("cycle").collect()]


def cycles(r: Run) -> list[str]:
    """Months that are evidence for the run's cycle, oldest first: randomised, with contacts, within conf's window.

    Empty before any month is read out.
    """
    if not r.has(derived.OUTCOMES):
        return []
    settings = r.settings.campaign
    oldest, newest = campaign.usable_months.window(
        r.cycle, months=settings.tiers.evidence_months, calendar=r.calendar, settings=settings.learning
    )
    known = registered(r)
    near = {month for month in with_contacts(r, known) if str(oldest) <= month <= str(newest)}
    return sorted(near - unrandomised(r, before=r.cycle, known=known)) if near else []


def with_contacts(r: Run, months: Iterable[str]) -> set[str]:
    """Those of the months of which a wave went out. In the others the touched were as alone as the held out.

    What 0.1.0 planned was sent, and has no row in `wave_releases`.
    """
    known = releases.ledger(r)
    planned = r.rows_by(derived.WAVE_PLAN, "cycle") if r.has(derived.WAVE_PLAN) else {}
    return {month for month in months if planned.get(month) and known.is_sent(month)}


def tables(r: Run, months: list[str], *wanted: Table) -> list[DataFrame]:
    """Those tables in some months."""
    return [r.read(table, F.col("cycle").isin(*months)) for table in wanted]


def draws_until(r: Run) -> list[str]:
    """Months whose exploration draws teach once the run's cycle has settled, its own among them."""
    newest, known = str(r.settings.campaign.learning.not_after(r.cycle)), registered(r)
    past = {month for month in known if month <= newest}
    return sorted(past - unrandomised(r, before=r.cycle + 1, known=known)) if past else []


def untouched(r: Run, months: list[str]) -> DataFrame | None:
    """Who was left alone in those of the months that had a registered experiment; None where none had."""
    drawn = sorted(set(registered(r)) & set(months))
    return campaign.untouched.marked(*tables(r, drawn, derived.ARMS, derived.TIERS_TABLE)) if drawn else None


def touched_probabilities(r: Run, months: Iterable[str]) -> dict[str, float]:
    """P(open to contact) as each month's plan registered it, of those of the months whose contacts a draw decided.

    Months whose odds earlier outcomes moved (`odds`) are left out: they judge no model.
    """
    known = registered(r)
    drawn = sorted(with_contacts(r, set(known) & set(months)))
    usable = set(drawn) - unrandomised(r, before=r.cycle, known=known) if drawn else set()
    if not usable:
        return {}
    plans = records(r.read(derived.EXPERIMENT_PLAN, F.col("cycle").isin(*usable)))
    read = {row["cycle"]: experiment.registration_check.read(row) for row in plans}
    names = ("holdout_share", "long_holdout_share")
    return {
        cycle: campaign.arms.touched_probability(**{name: plan["arms"][name] for name in names})
        for cycle, plan in sorted(read.items())
        if "odds" not in plan.get("offers", {})
    }


def examples_alone(
    r: Run, examples: Mapping[str, DataFrame], months: model.Months, alone: DataFrame | None
) -> dict[str, DataFrame]:
    """The examples of each target, chosen and weighed by what conf says of contacted users. alone: of `untouched`."""
    contacts, known = r.read_present([canonical.CONTACTS]).get("contacts"), unrandomised(r, before=r.cycle)
    reached = (
        None if contacts is None else campaign.usable_months.contacted(contacts, before=r.cycle, calendar=r.calendar)
    )
    return {
        target: model.weighed(
            rows, untouched=alone, contacted=reached, unrandomised=known, months=months, settings=r.settings.model
        )
        for target, rows in examples.items()
    }


def evidence(r: Run, months: list[str] | None = None) -> dict[int, campaign.Evidence]:
    """What past months showed of each band. months: of `cycles`, where they are known already."""
    months = cycles(r) if months is None else months
    if not months:
        return {}
    settings = r.settings.campaign
    newest = campaign.usable_months.newest_known(r.cycle, calendar=r.calendar, settings=settings.learning)
    sums = campaign.evidence.observe(
        *tables(r, months, derived.SCORES, derived.ARMS, derived.TIERS_TABLE, derived.OUTCOMES),
        bands=campaign.bands.band(F.col("p_active"), settings.tiers),
        weights=campaign.evidence.month_weights(months, newest=newest, settings=settings.tiers),
    )
    return campaign.evidence.pool(records(sums), settings.tiers)


def standing_tiers(r: Run) -> Mapping[campaign.bands.Ends, str]:
    """The tiers that stand before the cycle: those of the newest earlier one."""
    if not r.has(derived.TIER_BANDS):
        return {}
    return campaign.bands.standing(r.read(derived.TIER_BANDS, F.col("cycle") < str(r.cycle)))


def base_rates(r: Run, months: list[str] | None = None) -> Mapping[str, experiment.BaseRate]:
    """Rates of the held out of past experiments; where these say nothing, of what sleepers did before any.

    months: of `cycles`, where they are known already.
    """
    metrics = r.settings.experiment.metrics
    outcomes = {name: metric.outcome for name, metric in metrics.items()}
    found = dict.fromkeys(metrics)
    months = cycles(r) if months is None else months
    if months:
        arms, outcomes_then = tables(r, months, derived.ARMS, derived.OUTCOMES)
        found = campaign.bands.base_rates(arms, outcomes_then, outcomes)
    rates = experiment.of_untouched(found)
    unknown = {name: metric for name, metric in metrics.items() if rates[name].value is None}
    if not unknown:
        return rates
    newest = r.calendar.newest_settled(r.cycle.first)  # and the one before: whatever is built later changes neither
    is_near = F.col("cycle").between(str(newest - 1), str(newest))
    labels = r.read(derived.LABELS, is_near) if r.has(derived.LABELS) else None
    return rates | experiment.before_any_experiment(r.read(derived.FEATURES, is_near), labels, metrics=unknown)

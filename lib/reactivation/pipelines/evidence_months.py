"""No job, but what several share: the past months that teach a cycle, and what they say of bands and base rates."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, model
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import releases
from reactivation.runtime.run import Run
from reactivation.statistics.shrinkage import Posterior


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
    """Months that are evidence for the run's cycle, oldest first: randomised, read out, neither too old nor too new."""
    if not r.has(derived.OUTCOMES):
        return []
    settings = r.settings.campaign
    oldest, newest = campaign.usable_months.window(
        r.cycle, months=settings.tiers.evidence_months, calendar=r.calendar, settings=settings.learning
    )
    known = registered(r)
    near = {month for month in known if str(oldest) <= month <= str(newest)}
    return sorted(near - unrandomised(r, before=r.cycle, known=known)) if near else []


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
    drawn = sorted(set(known) & set(months))
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


def gains(r: Run, waves: Mapping[str, Wave]) -> dict[str, campaign.gains.WaveGains]:
    """What the options of some waves are known to add, by the newest month that may teach the cycle.

    Grain: wave; empty where nothing is known. The months are read once for all waves.
    """
    settings, worth = r.settings.campaign, r.settings.experiment.active_user_value
    newest = campaign.usable_months.newest_known(r.cycle, calendar=r.calendar, settings=settings.learning)
    if not r.has(derived.RESPONSE):
        return {}
    rows = campaign.gains.newest(r.read(derived.RESPONSE, F.col("cycle") <= str(newest)))
    months = cycles(r) if rows else []
    per_user = contacts_per_user(r, months)
    per_contact = level(r, months, per_user)
    known, found = campaign.gains.known(rows, settings.tiers, per_contact), dict[str, campaign.gains.WaveGains]()
    for name, wave in waves.items() if known else ():
        options = campaign.capacity.priced_options(wave, settings)
        of = campaign.gains.of_wave(
            wave,
            name,
            [option.cost for option in options],
            known=known,
            guidance_channel=settings.guidance_channel,
            settings=settings.tiers,
            level=per_contact,
        )
        shares = {(o.channel, o.benefit): float(o.cost) / worth.registered if worth else 0.0 for o in options}
        others = campaign.other_draws.reestimated(rows, wave=name, costs=shares, settings=settings.tiers)
        found[name] = replace(of, others=others, contacts_per_user=per_user)
    return found


def contacts_per_user(r: Run, months: list[str]) -> float | None:
    """Contacts of a month per touched pick of the model. months: of `cycles`. None: not known."""
    if not months:
        return None
    arms = r.read(derived.ARMS, F.col("cycle").isin(*months) & (F.col("policy") == campaign.model_cell.CELL))
    seen = campaign.intensity.seen(releases.newest(r, derived.WAVE_PLAN, F.col("cycle").isin(*months)), arms)
    return None if seen is None else seen.contacts_per_user


def level(r: Run, months: list[str], per_user: float | None) -> Posterior | None:
    """What a contact of the model's picks adds to their P(active), by the months of `cycles`.

    per_user: of `contacts_per_user`. None where it, or a comparison of who was active, is not known.
    """
    metric = r.settings.experiment.active_metric
    if per_user is None or metric is None or not r.has(derived.READOUT):
        return None
    is_asked = F.col("cycle").isin(*months) & (F.col("contrast") == "touch_model") & (F.col("segment") == "all")
    rows = records(r.read(derived.READOUT, is_asked & (F.col("metric") == metric)))
    return campaign.gains.level(rows, per_user)


def odds(r: Run) -> dict[str, dict[str, float]]:
    """Probabilities of each wave's options by label, where conf lets past draws decide them; empty: all alike.

    Fixed at registration (`plan_registration.draft`), by learnt costs and, as for `response`, by fair draws alone.
    """
    worth = r.settings.experiment.active_user_value
    months = cycles(r) if r.settings.campaign.exploration.adaptive and r.has(derived.RESPONSE) else []
    if not months or worth is None:
        return {}
    settings = at_learnt_costs(r).settings.campaign
    outcomes, tiers = tables(r, months, derived.OUTCOMES, derived.TIERS_TABLE)
    plans = releases.newest(r, derived.WAVE_PLAN, F.col("cycle").isin(*months))
    unfair = experiment.unfair(records(experiment.draw_counts(plans)), srm_p=r.settings.experiment.srm_p)
    drawn = experiment.exploration(plans, outcomes=outcomes, tiers=tiers, salt="", by="cycle", leave_out=unfair)
    rows = campaign.gains.newest(r.read(derived.RESPONSE, F.col("cycle") <= months[-1]))
    monthly = experiment.by_month(records(drawn), settings=r.settings.experiment)
    known = campaign.adaptive.posterior(rows, monthly, settings.tiers)
    found: dict[str, dict[str, float]] = {}
    for name, wave in settings.waves.items():
        costs = {o.label: float(settings.cost(o)) / worth.registered for o in wave.options}
        own = campaign.adaptive.odds(known, wave, name, costs=costs, none=settings.exploration.none_share)
        found |= {name: dict(zip(costs, own, strict=True))} if own else {}
    return found


def at_learnt_costs(r: Run) -> Run:
    """The run with redemption shares as settled months showed them, in all cells alike; says which.

    They are those of the newest `tiers.evidence_months` months that may teach the cycle, whatever its day.
    """
    settings = r.settings.campaign
    events = r.read_present([canonical.BENEFIT_EVENTS]).get("benefit_events")
    if not settings.redemption.is_learnt or events is None or not r.has(derived.CONTACT_LEDGER):
        return r
    oldest, newest = campaign.usable_months.window(
        r.cycle, months=settings.tiers.evidence_months, calendar=r.calendar, settings=settings.learning
    )
    ledger = r.read(derived.CONTACT_LEDGER, F.col("cycle").between(str(oldest), str(newest)))
    seen = campaign.redemption.observed(
        releases.ledger(r).released_contacts(ledger),
        r.read_present([canonical.CONTACTS]).get("contacts"),
        events,
        newest=newest,
        calendar=r.calendar,
    )
    learnt, lines = campaign.redemption.learnt(records(seen), settings)
    for line in lines:
        r.say(f"    {line}")
    return r.under(campaign=learnt)


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

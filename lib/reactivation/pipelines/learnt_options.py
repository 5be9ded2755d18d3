"""No job, but what several share: what settled months teach of a wave's options: gains, odds and costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyspark.sql import functions as F

from reactivation import campaign, experiment
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import canonical, derived
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import evidence_months, plan_registration, releases
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run
from reactivation.statistics.shrinkage import Posterior


def gains(r: Run, waves: Mapping[str, Wave]) -> dict[str, campaign.gains.WaveGains]:
    """What the options of some waves are known to add, by the newest month that may teach the cycle.

    Grain: wave; empty where nothing is known. The months are read once for all waves.
    """
    settings, worth = r.settings.campaign, r.settings.experiment.active_user_value
    newest = campaign.usable_months.newest_known(r.cycle, calendar=r.calendar, settings=settings.learning)
    if not r.has(derived.RESPONSE):
        return {}
    rows = _response(r, str(newest))
    months = evidence_months.cycles(r) if rows else []
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
        is_asked = r.settings.experiment.asset_uplift_value is not None
        assets = campaign.gains.of_assets(rows, wave, name, settings.tiers) if is_asked else ()
        found[name] = replace(of, others=others, contacts_per_user=per_user, assets=assets)
        if None in assets:
            r.say(
                f"    {name}: no draw tells yet what its options add to assets; they count by activity alone",
                NOTICE,
            )
    return found


def _response(r: Run, newest: str) -> list[dict[str, Any]]:
    """What the newest month until some month learnt of options, without those that led elsewhere then than now."""
    rows = campaign.gains.newest(r.read(derived.RESPONSE, F.col("cycle") <= newest))
    plan = plan_registration.plan_if_any(replace(r, cycle=Month.parse(rows[0]["cycle"]))) if rows else None
    now, then = r.settings.campaign.guides, r.settings.campaign.as_registered(plan or {}).guides
    changed = {key for key in now.keys() & then.keys() if now[key] != then[key]}
    return [row for row in rows if (row["wave"], row["channel"], row["benefit"]) not in changed]


def contacts_per_user(r: Run, months: list[str]) -> float | None:
    """Contacts of a month per touched pick of the model. months: of `cycles`. None: not known."""
    if not months:
        return None
    arms = r.read(derived.ARMS, F.col("cycle").isin(*months) & (F.col("policy") == campaign.model_cell.CELL))
    seen = campaign.intensity.seen(releases.contacts(r, F.col("cycle").isin(*months)), arms)
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
    return campaign.intensity.level(rows, per_user)


def odds(r: Run) -> dict[str, dict[str, float]]:
    """Probabilities of each wave's options by label, where conf lets past draws decide them; empty: all alike.

    Fixed at registration (`plan_registration.draft`), by learnt costs and, as for `response`, by fair draws alone.
    """
    worth = r.settings.experiment.active_user_value
    months = evidence_months.cycles(r) if r.settings.campaign.exploration.adaptive and r.has(derived.RESPONSE) else []
    if not months or worth is None:
        return {}
    settings = at_learnt_costs(r).settings.campaign
    outcomes, tiers = evidence_months.tables(r, months, derived.OUTCOMES, derived.TIERS_TABLE)
    known = releases.ledger(r)
    plans = releases.newest(r, derived.WAVE_PLAN, F.col("cycle").isin(*months), known=known)
    of: dict[str, Any] = {"outcomes": outcomes, "tiers": tiers, "salt": "", "by": "cycle", "measured": ("is_active",)}
    excluded = left_out(r, known, records(experiment.draw_counts(plans)))
    drawn = experiment.exploration(plans, **of, leave_out=excluded)
    monthly = experiment.by_month(records(drawn), settings=r.settings.experiment)
    learnt = campaign.adaptive.posterior(_response(r, months[-1]), monthly, settings.tiers)
    found: dict[str, dict[str, float]] = {}
    for name, wave in settings.waves.items():
        costs = {o.label: float(settings.cost(o)) / worth.registered for o in wave.options}
        own = campaign.adaptive.odds(learnt, wave, name, costs=costs, none=settings.exploration.none_share)
        found |= {name: dict(zip(costs, own, strict=True))} if own else {}
    return found


def left_out(r: Run, ledger: campaign.Ledger, drawn: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """Cycles and waves whose draws teach nothing of an option, each with its sentence.

    Contacts were stopped, an option led users elsewhere than now, or the draws are not as probable as recorded. drawn:
    of `draw_counts`, of the cycles that shall teach.
    """
    cycles = {row["cycle"] for row in drawn}
    found = {key: f"{key[1]}: contacts were stopped" for key in ledger.cut_short if key[0] in cycles}
    found |= experiment.led_elsewhere(drawn, r.settings.campaign.guides)
    return found | experiment.unfair(drawn, srm_p=r.settings.experiment.srm_p)


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

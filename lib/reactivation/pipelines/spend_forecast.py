"""A part of `assign_tiers`: what every cell will send and spend in every wave, before the month is registered."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, population
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import canonical, derived
from reactivation.frames import checkpointed, records, union_all
from reactivation.pipelines import learnt_options, permissions, plan_registration, reach
from reactivation.pipelines.plan_registration import RegisteredOdds
from reactivation.runtime.run import Run


def required(r: Run, arms: DataFrame, tiers: DataFrame, odds: RegisteredOdds) -> list[dict[str, Any]]:
    """Rows of `spend_forecast`; PlanError where a cell cannot spend its part. arms, tiers: the cycle's."""
    found, cycle = forecast(r, arms, tiers, odds), str(r.cycle)
    tolerance = r.settings.experiment.spend_tolerance_share
    campaign.forecast.require_equal(found, r.settings.campaign.waves, cycle=cycle, tolerance=tolerance)
    return [one.row(cycle) for one in found]


def forecast(r: Run, arms: DataFrame, tiers: DataFrame, odds: RegisteredOdds) -> list[campaign.Forecast]:
    """One forecast per wave and cell. odds: of the waves' options, as registered."""
    r = learnt_options.at_learnt_costs(r)
    settings = r.settings.campaign
    cells = campaign.arms.cell_sizes(arms)
    if not settings.waves:
        return []
    known = _known(r, arms, tiers, cells)
    rows = records(union_all([_sizes(r, known, cells, name, wave) for name, wave in settings.waves.items()]))
    found, known_gains = [], learnt_options.gains(r, settings.waves)
    for name, wave in settings.waves.items():
        options, gains = campaign.capacity.priced_options(wave, settings), known_gains.get(name)
        order = dict.fromkeys(derived.READS_MODEL, [options[place] for place in gains.order] if gains else options)
        parts = campaign.capacity.of_cells(wave, cells, settings.arms, most=settings.release.most_contacts)
        draws = campaign.forecast.Draws(
            wave.exploration_share, plan_registration.odds_of(r, odds, name), settings.exploration.reserve_share
        )
        for policy, part in parts.items():
            sizes = {
                (row["rank_bucket"], row["options_mask"]): float(row["users"])
                for row in rows
                if (row["wave"], row["queue"]) == (name, policy)
            }
            filled = campaign.forecast.of_cell(sizes, order.get(policy, options), part=part, draws=draws)
            open_users = round(cells[policy] * (1 - settings.arms.untouched_share))
            found.append(campaign.Forecast(name, policy, open_users, sum(sizes.values()), *filled, part))
    return found


def _known(r: Run, arms: DataFrame, tiers: DataFrame, cells: Mapping[str, int]) -> dict[str, DataFrame]:
    """By wave, what it will look at: on its day of the month before, for as far as its conditions ask for the month."""
    is_now = F.col("cycle") == str(r.cycle)
    scores, facts = r.read(derived.SCORES, is_now), r.read(derived.FEATURES, is_now)
    contactable = checkpointed(permissions.contactable(r, day=r.cycle.first, keep=campaign.facts.MASTER_DATA))
    nobody = population.recently_contacted(
        None, None, day=r.cycle.first, calendar=r.calendar, settings=r.settings.population
    )
    return {
        name: campaign.facts.gather(
            arms,
            cells=cells,
            tiers=tiers,
            scores=scores,
            features=facts,
            to_date=_to_date(r, day, r.settings.campaign.waves[name]),
            reach=contactable,
            recent=nobody,
        )
        for name, day in r.settings.campaign.days_of(r.cycle, r.calendar).items()
    }


def _to_date(r: Run, day: date, wave: Wave) -> DataFrame:
    """What users had done by the wave's day, in the month before: nobody knows yet what they will do in this one.

    Nothing where none of the wave's conditions asks for it.
    """
    if "_to_date" not in wave.model_dump_json():
        return r.read(canonical.USERS).select("user_id").limit(0)
    return reach.month_to_date(r, campaign.forecast.stands_in(day), known_before=r.cycle.first)


def _sizes(r: Run, known: Mapping[str, DataFrame], cells: Mapping[str, int], name: str, wave: Wave) -> DataFrame:
    eligible = campaign.eligibility.eligibility(
        known[name], wave=wave, name=name, cells=cells, settings=r.settings.campaign, salts=reach.salts(r, name)
    )
    return campaign.forecast.eligible_sizes(eligible, name)

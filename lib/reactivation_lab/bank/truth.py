"""What only the simulator knows: each user's probabilities and outcomes in an outcome window, in more than one world.

Worlds of one user are held against the same draws, so they differ by the contacts alone. The probabilities are closed
forms: days are independent given the month's rates, and so is the month's inflow of money. Metrics:

login          at least one login in the window
transaction    at least one mobile transaction in the window
asset_uplift   assets at the end of the window's month above those at its start by more than a share and an amount
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation_lab.bank import behaviour, exact_sums, flows, response, touches
from reactivation_lab.bank.compensated_effect import DAILY, chances, rises
from reactivation_lab.bank.date_dimension import DateDimension, number
from reactivation_lab.bank.settings import SandboxSettings
from reactivation_lab.bank.tables import METRICS, TRUTH_OPTIONS, TRUTH_POTENTIALS, WORLDS


class Uplift(NamedTuple):
    """What counts as an uplift of assets: a rise by more than both."""

    min_share: float
    min_amount: float

    @classmethod
    def of(cls, min_share: Decimal, min_amount: Decimal) -> Self:
        """From numbers of conf."""
        return cls(float(min_share), float(min_amount))


def potentials(
    people: DataFrame,
    *,
    cycle: Month,
    outcome: Window,
    dates: DateDimension,
    uplift: Uplift,
    settings: SandboxSettings,
) -> DataFrame:
    """`truth_potentials`: one row per user whose account was open in the outcome window. people: with `touches`."""
    found = worlds(people, outcome=outcome, dates=dates, uplift=uplift, settings=settings)
    risen = rises(people, outcome=outcome, dates=dates, settings=settings)
    in_window = F.filter("touches", lambda touch: touch["day"].between(number(outcome.first), number(outcome.end) - 1))
    traits = people.select(
        "user_id", "kind", "habit", "responsiveness", F.coalesce(F.size(in_window), F.lit(0)).alias("contacts")
    )
    known = found.join(traits, "user_id", "inner").join(risen, "user_id", "left")
    of_month = F.col("p_asset_uplift_planned") - F.col("p_asset_uplift_untouched")
    daily = {f"rise_{metric}": F.coalesce(f"rise_{metric}", F.lit(0.0)) for metric in DAILY}
    return TRUTH_POTENTIALS.select(
        known.withColumns({"cycle": F.lit(str(cycle)), "rise_asset_uplift": of_month, **daily})
    )


def options(
    people: DataFrame,
    offers: Iterable[tuple[str, str]],
    *,
    cycle: Month,
    outcome: Window,
    dates: DateDimension,
    uplift: Uplift,
    settings: SandboxSettings,
) -> DataFrame:
    """`truth_options`: the same for one contact alone, sent on the window's first day, by each channel and benefit.

    The probability counts that the contact may not arrive; the outcome is that of the draw which decides that.
    """
    sent = F.explode(F.array(*[_offer(channel, benefit) for channel, benefit in offers]))
    contact = F.concat_ws("-", F.lit(str(cycle)), F.lit("alone"), "channel", "benefit", "user_id")
    offered = (
        people.withColumn("offer", sent)
        .select("*", "offer.channel", "offer.benefit")
        .withColumns({"contact_id": contact, "send_on": F.lit(outcome.first)})
        .withColumn("contact", F.xxhash64("contact_id"))
    )
    touched = offered.withColumn("touches", touches.alone(number(outcome.first), response.strength(settings)))
    keys = ("user_id", "channel", "benefit")
    reached = worlds(touched, outcome=outcome, dates=dates, uplift=uplift, settings=settings, keys=keys)
    p_delivered = F.when(response.has_address(), response.p_arrives(settings.reach)).otherwise(0.0)
    is_delivered = response.has_address() & response.arrives(settings)
    facts = offered.select(*keys, p_delivered.alias("p_delivered"), is_delivered.alias("is_delivered"))
    return TRUTH_OPTIONS.select(
        reached.join(facts, list(keys), "inner").withColumns({"cycle": F.lit(str(cycle)), **_alone()})
    )


def worlds(
    people: DataFrame,
    *,
    outcome: Window,
    dates: DateDimension,
    uplift: Uplift,
    settings: SandboxSettings,
    keys: tuple[str, ...] = ("user_id",),
) -> DataFrame:
    """Per key: p_<metric>_<world> and <metric>_<world>, untouched and under the `touches` of each row of people."""
    stretches = behaviour.stretches(people, segments=[outcome], settings=settings)
    days = behaviour.days(stretches, dates=dates, settings=settings)
    in_app = _in_app(days, keys, settings)
    in_assets = _with_assets(stretches, outcome, uplift, settings)
    of_assets = [c for world in WORLDS for c in (f"p_asset_uplift_{world}", f"asset_uplift_{world}")]
    return in_app.join(in_assets.select(*keys, *of_assets), list(keys), "inner")


def _in_app(days: DataFrame, keys: Sequence[str], settings: SandboxSettings) -> DataFrame:
    """Logins and mobile transactions, added up over the days."""
    known = chances(settings)
    steps = days.withColumns(
        {
            name: column
            for metric, chance in known.items()
            for world in WORLDS
            for name, column in zip((f"day_{metric}_{world}", f"is_{metric}_{world}"), chance[world], strict=True)
        }
    )
    sums = []
    for metric in known:
        for world in WORLDS:
            alone = F.log1p(-F.col(f"day_{metric}_{world}"))
            sums += [
                (1 - F.exp(exact_sums.total(alone))).alias(f"p_{metric}_{world}"),
                F.bool_or(f"is_{metric}_{world}").alias(f"{metric}_{world}"),
            ]
    return steps.groupBy(*keys).agg(*sums)


def _with_assets(stretches: DataFrame, outcome: Window, uplift: Uplift, settings: SandboxSettings) -> DataFrame:
    """Assets at the end of the month against its start; the start knows the contacts of the month before.

    In steps, each of them computed once: as one expression it would outgrow what the JVM can compile.
    """
    now, month = F.col("month"), Month.of(outcome.first)
    before = month - 1
    moved_before = flows.moved(F.lit(number(before.first)), F.lit(number(month.first) - 1), settings)
    moved_now = flows.moved(F.lit(number(month.first)), F.lit(number(outcome.end) - 1), settings)
    usual, start = F.exp("wealth"), F.col("start_level")

    def rises(inflow: Column | float) -> Column:
        change = F.col("level_alone") + inflow - start
        return (change * usual > uplift.min_amount) & (change > uplift.min_share * start)

    steps = stretches.withColumns(
        {"came_before": flows.comes(now - 1, moved_before, settings), "size_before": flows.size(now - 1, settings)}
    ).withColumn("inflow_before", F.when(F.col("came_before"), F.col("size_before")).otherwise(0.0))
    steps = steps.withColumn("start_level", flows.level(now - 1, F.col("inflow_before"), settings))
    steps = steps.withColumns(
        {"level_alone": flows.level(now, F.lit(0.0), settings), "size": flows.size(now, settings)}
    )
    steps = steps.withColumns({"rises_with": rises(F.col("size")), "rises_without": rises(0.0)})
    found = {}
    for world, moved in {"untouched": F.lit(0.0), "planned": moved_now}.items():
        p, comes = flows.p_comes(moved, settings), flows.comes(now, moved, settings)
        with_it, without = F.col("rises_with").cast("int"), F.col("rises_without").cast("int")
        found[f"p_asset_uplift_{world}"] = p * with_it + (1 - p) * without
        found[f"asset_uplift_{world}"] = F.when(comes, F.col("rises_with")).otherwise(F.col("rises_without"))
    return steps.withColumns(found)


def _alone() -> Mapping[str, Column]:
    """An option that may not arrive: mixed by the probability that it does."""
    mixed = {}
    for metric in METRICS:
        untouched, reached = (F.col(f"p_{metric}_{world}") for world in WORLDS)
        mixed[f"p_{metric}"] = untouched + F.col("p_delivered") * (reached - untouched)
        mixed[metric] = F.when(F.col("is_delivered"), F.col(f"{metric}_planned")).otherwise(
            F.col(f"{metric}_untouched")
        )
    return mixed


def _offer(channel: str, benefit: str) -> Column:
    return F.struct(F.lit(channel).alias("channel"), F.lit(benefit).alias("benefit"))

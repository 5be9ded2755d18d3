"""One pass over the month's users to a few sums per group; statistics see only these and run without Spark."""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import combinations_with_replacement
from operator import or_
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reactivation.contracts.derived import POLICIES
from reactivation.contracts.table import MONEY
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.metrics import EVERYBODY, MISSING, WITH_ASSETS, Measured, sum_of

KEY = ("policy", "is_selected", "touch", *(f"picked_by_{policy}" for policy in POLICIES), "branch", "tier")
MOST_BRANCHES = 20
OTHER_BRANCHES = "(other branches)"
NO_VALUE = "(none)"

_COVARIATE = "decimal(18,3)"
"""Covariates to three decimals: a sum of doubles would depend on how the users lie in partitions."""


def placed(
    arms: DataFrame,
    *,
    tiers: DataFrame,
    master: DataFrame,
    features: DataFrame,
    scores: DataFrame,
    measured: Measured,
) -> DataFrame:
    """Where chance put each user, beside what was known before: branch, tier and covariates.

    Grain: one row per user of `arms`. All tables are the cycle's; master: user_id, branch at the observation date.
    """
    own = [name for name in measured.covariates if name in features.columns]
    scored = [name for name in measured.covariates if name not in own]
    return (
        arms.select("user_id", *[name for name in KEY if name not in ("branch", "tier")])
        .join(tiers.select("user_id", "tier"), "user_id", "left")
        .join(master.select("user_id", "branch"), "user_id", "left")
        .join(features.select("user_id", *own), "user_id", "left")
        .join(scores.select("user_id", *scored), "user_id", "left")
        .fillna(NO_VALUE, ["branch", "tier"])
    )


def aggregate(outcomes: DataFrame, placed: DataFrame, *, measured: Measured) -> DataFrame:
    """Aggregate users to one row per group, for all contrasts, metrics and segments at once.

    Grain and key: `KEY`; at most some thousand rows, however many users: of the branches only the `MOST_BRANCHES` with
    most users keep their name. A user whose outcome was lost on the way counts as `assigned` alone, so that the sample
    ratio shows it. All sums are whole numbers or decimals, exact in any order.
    """
    is_there = F.col("is_there")
    known = outcomes.drop("cycle").withColumn("is_there", F.lit(True))
    users = placed.transform(_with_covariates, measured).join(known, "user_id", "left")
    costs = F.col("contact_cost") + F.coalesce("benefits_redeemed", F.lit(0).cast(MONEY))
    capped = {
        sum_of("capped", name): F.greatest(F.least(F.col(mean.outcome), _number(mean.highest)), _number(mean.lowest))
        for name, mean in measured.means.items()
    }
    ready = users.withColumns({"cost": F.when(is_there, costs).cast(MONEY), **_as_stored(capped, users, measured)})
    rows = ready.groupBy(*KEY).agg(
        F.count("*").alias("assigned"),
        *[column.alias(name) for name, column in _sums(measured).items()],
    )
    return _with_fewer_branches(rows)


def groups(rows: Iterable[Mapping[str, Any]]) -> tuple[Group, ...]:
    """The rows of `aggregate` as values."""
    return tuple(
        Group(
            row["policy"],
            row["is_selected"],
            row["touch"],
            Totals({name: value for name, value in row.items() if name not in KEY and value is not None}),
            picked_by=frozenset(policy for policy in POLICIES if row[f"picked_by_{policy}"]),
            branch=row["branch"],
            tier=row["tier"],
        )
        for row in rows
    )


def _with_covariates(placed: DataFrame, measured: Measured) -> DataFrame:
    """Covariates as decimals; where one has no number all of the row count as 0, and an indicator tells so."""
    if not measured.covariates:
        return placed
    numbers = {name: F.col(name).try_cast(_COVARIATE) for name in measured.covariates}
    is_missing = reduce(or_, [number.isNull() for number in numbers.values()])
    filled = {name: F.when(is_missing, F.lit(0)).otherwise(number) for name, number in numbers.items()}
    ready = {name: column.cast(_COVARIATE) for name, column in filled.items()}
    return placed.withColumns({**ready, MISSING: is_missing.cast("int").cast(_COVARIATE)})


def _as_stored(columns: Mapping[str, Column], users: DataFrame, measured: Measured) -> dict[str, Column]:
    """Capped outcomes in the type they had: a cap must not make a double of money."""
    types = dict(users.dtypes)
    outcomes = {sum_of("capped", name): mean.outcome for name, mean in measured.means.items()}
    return {
        name: F.when(F.col(outcomes[name]).isNotNull(), column.cast(types[outcomes[name]]))
        for name, column in columns.items()
    }


def _sums(measured: Measured) -> dict[str, Column]:
    """Every sum by its name."""
    is_there, is_reached = F.col("is_there"), F.col("contacts_delivered") > 0
    cost = F.col("cost")
    return {
        "users": F.count_if(is_there),
        "spend": F.sum("spend"),
        "reached": F.count_if(is_reached),
        "from_outside": F.count_if(F.col("outside_contacts") > 0),
        "redeemers": F.count_if(F.col("benefits_redeemed") > 0),
        "cost": F.sum(cost),
        "cost_squares": F.sum(cost * cost),
        **dict(_of_rates(measured)),
        **dict(_of_means(measured)),
        **dict(_of_covariates(measured)),
    }


def _of_rates(measured: Measured) -> Iterator[tuple[str, Column]]:
    is_reached = F.col("contacts_delivered") > 0
    for name, outcome in {**measured.rates, **measured.guardrails}.items():
        yield sum_of("known", name), F.count(outcome)
        yield sum_of("events", name), F.count_if(F.col(outcome))
    for name, outcome in measured.rates.items():
        has_event = F.col(outcome)
        yield sum_of("reached", name), F.count_if(is_reached & has_event.isNotNull())
        yield sum_of("reached_events", name), F.count_if(is_reached & has_event)
        yield sum_of("cost_of_events", name), F.sum(F.when(has_event, F.col("cost")))
        for x in measured.adjusters:
            yield sum_of("with", name, x), F.sum(F.when(has_event, F.col(x)))
    for week in range(1, measured.weeks + 1):
        yield sum_of("known", "week", week), F.count("active_weeks")
        yield sum_of("events", "week", week), F.count_if(F.col("active_weeks").bitwiseAND(1 << (week - 1)) != 0)


def _of_means(measured: Measured) -> Iterator[tuple[str, Column]]:
    for name in measured.means:
        value = F.col(sum_of("capped", name))
        yield sum_of("known", name), F.count(value)
        yield sum_of("total", name), F.sum(value)
        yield sum_of("squares", name), F.sum(value * value)
        for x in measured.adjusters:
            yield sum_of("with", name, x), F.sum(value * F.col(x))


def _of_covariates(measured: Measured) -> Iterator[tuple[str, Column]]:
    """Sums and products of the covariates, over everybody and over those whose assets are known."""
    sets = {EVERYBODY: F.col("is_there"), WITH_ASSETS: F.col("has_asset_uplift").isNotNull()}
    for name, belongs in sets.items():
        yield sum_of("users", name), F.count_if(belongs)
        for x in measured.adjusters:
            yield sum_of("sum", name, x), F.sum(F.when(belongs, F.col(x)))
        for x, other in combinations_with_replacement(measured.adjusters, 2):
            yield sum_of("product", name, x, other), F.sum(F.when(belongs, F.col(x) * F.col(other)))


def _with_fewer_branches(rows: DataFrame) -> DataFrame:
    """Small branches under one name, by their users alone, whatever their arms or outcomes."""
    users = F.sum("assigned").over(Window.partitionBy("branch"))
    all_together = Window.partitionBy(F.length("branch") < 0)  # false for all: these rows are few
    place = F.dense_rank().over(all_together.orderBy(F.desc("users_of_branch"), "branch"))
    named = rows.withColumn("users_of_branch", users).withColumn("place", place)
    branch = F.when(F.col("place") <= MOST_BRANCHES, F.col("branch")).otherwise(OTHER_BRANCHES)
    totals = [name for name in rows.columns if name not in KEY]
    return named.withColumn("branch", branch).groupBy(*KEY).agg(*[F.sum(name).alias(name) for name in totals])


def _number(value: float) -> Column:
    """A number of conf as it stands there; a decimal, not a double."""
    return F.lit(value).cast("decimal(18,2)")

"""One pass over the month's users to a few sums per group; statistics see only these sums and run without Spark."""

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reactivation.contracts.derived import ALL_POLICIES
from reactivation.contracts.table import MONEY
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.metric_specs import MISSING, MetricSpecs

KEY = ("policy", "is_selected", "touch", *(f"picked_by_{policy}" for policy in ALL_POLICIES), "branch", "tier")
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
    specs: MetricSpecs,
) -> DataFrame:
    """Where chance put each user, beside what was known before: branch, tier and covariates.

    Grain: one row per user of `arms`. All tables are the cycle's; master: user_id, branch at the observation date.
    """
    own = [name for name in specs.covariates if name in features.columns]
    scored = [name for name in specs.covariates if name not in own]
    return (
        arms.select("user_id", *[name for name in KEY if name not in ("branch", "tier")])
        .join(tiers.select("user_id", "tier"), "user_id", "left")
        .join(master.select("user_id", "branch"), "user_id", "left")
        .join(features.select("user_id", *own), "user_id", "left")
        .join(scores.select("user_id", *scored), "user_id", "left")
        .fillna(NO_VALUE, ["branch", "tier"])
    )


def aggregate(outcomes: DataFrame, placed: DataFrame, *, specs: MetricSpecs) -> DataFrame:
    """Aggregate users to one row per group, for all contrasts, metrics and segments at once.

    Grain and key: `KEY`; at most some thousand rows, however many users: only the `MOST_BRANCHES` largest branches keep
    their name. A user whose outcome was lost counts as `assigned` alone, so that the sample ratio shows the loss. All
    sums are whole numbers or decimals, exact in any order.
    """
    known = outcomes.drop("cycle").withColumn("is_there", F.lit(True))
    users = placed.transform(_with_covariates, specs.covariates).join(known, "user_id", "left")
    types = dict(users.dtypes)
    ready = users.withColumns(
        {
            "cost": F.when(F.col("is_there"), specs.cost).cast(MONEY),
            **{metric.capped: metric.value(types[metric.outcome]) for metric in specs.means},
        }
    )
    sums = {
        "assigned": F.count("*"),
        "users": F.count_if(F.col("is_there")),
        "spend": F.sum("spend"),
        "reached": F.count_if(F.col("contacts_delivered") > 0),
        "from_outside": F.count_if(F.col("outside_contacts") > 0),
        "redeemers": F.count_if(F.col("benefits_redeemed") > 0),
        "cost": F.sum("cost"),
        "cost_unknown": F.count_if(F.col("is_there") & F.col("cost").isNull()),
        "cost_squares": F.sum(F.col("cost") * F.col("cost")),
        "uplifts": F.count_if("has_asset_uplift"),
        "uplifts_active": F.count_if(F.col("has_asset_uplift") & F.col("is_active")),
        "cost_of_uplifts": F.sum(F.when(F.col("has_asset_uplift"), F.col("cost"))),
        **specs.sums(),
    }
    return _with_fewer_branches(ready.groupBy(*KEY).agg(*[column.alias(name) for name, column in sums.items()]))


def groups(rows: Iterable[Mapping[str, Any]]) -> tuple[Group, ...]:
    """The rows of `aggregate` as values."""
    return tuple(
        Group(
            row["policy"],
            row["is_selected"],
            row["touch"],
            Totals({name: value for name, value in row.items() if name not in KEY and value is not None}),
            picked_by=frozenset(policy for policy in ALL_POLICIES if row[f"picked_by_{policy}"]),
            branch=row["branch"],
            tier=row["tier"],
        )
        for row in rows
    )


def _with_covariates(placed: DataFrame, covariates: Collection[str]) -> DataFrame:
    """Covariates as decimals; where one of them has no number, all of the row are 0 and `MISSING` is 1."""
    if not covariates:
        return placed
    numbers = {name: F.col(name).try_cast(_COVARIATE) for name in covariates}
    is_missing = reduce(or_, [number.isNull() for number in numbers.values()])
    filled = {name: F.when(is_missing, F.lit(0)).otherwise(number) for name, number in numbers.items()}
    ready = {name: column.cast(_COVARIATE) for name, column in filled.items()}
    return placed.withColumns({**ready, MISSING: is_missing.cast("int").cast(_COVARIATE)})


def _with_fewer_branches(rows: DataFrame) -> DataFrame:
    """The rows with small branches under one name. Only the number of users decides, no arm and no outcome."""
    users = F.sum("assigned").over(Window.partitionBy("branch"))
    all_together = Window.partitionBy(F.length("branch") < 0)  # false for all: these rows are few
    place = F.dense_rank().over(all_together.orderBy(F.desc("users_of_branch"), "branch"))
    named = rows.withColumn("users_of_branch", users).withColumn("place", place)
    branch = F.when(F.col("place") <= MOST_BRANCHES, F.col("branch")).otherwise(OTHER_BRANCHES)
    totals = [name for name in rows.columns if name not in KEY]
    return named.withColumn("branch", branch).groupBy(*KEY).agg(*[F.sum(name).alias(name) for name in totals])

"""What the simulator says it knows, held against what its own raw tables show."""

from datetime import date
from itertools import product

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.lab.bank.bank import MAY, SHANGHAI, UPLIFT, potentials, settings, simulated, to_everybody

from reactivation.frames import checkpointed
from reactivation.periods import Month, Window
from reactivation_lab import bank as simulator
from reactivation_lab.bank import effects
from reactivation_lab.bank.tables import METRICS, WORLDS

pytestmark = pytest.mark.rules

MANY, FEW = 3_000, 400
DAYS = (date(2026, 5, 4), date(2026, 5, 11))
OUTCOME = Window(date(2026, 5, 4), MAY.end)


@pytest.fixture(scope="module")
def people(spark: SparkSession) -> DataFrame:
    return checkpointed(simulator.people(spark, settings=settings(users=MANY)))


@pytest.fixture(scope="module")
def truth(spark: SparkSession, people: DataFrame) -> DataFrame:
    """A call with a gift to everybody, twice."""
    calls = to_everybody(spark, MANY, "call", "gift", *DAYS)
    return checkpointed(potentials(people, settings(users=MANY), calls, OUTCOME))


def test_with_an_empty_plan_every_user_does_what_he_would_have_done(spark: SparkSession, people: DataFrame) -> None:
    nobody = to_everybody(spark, FEW, "sms", "none", date(2026, 5, 4)).where("false")
    for contacts in (nobody, None):
        same = potentials(people, settings(users=MANY), contacts, OUTCOME)
        differs = [f"{m}_untouched != {m}_planned or p_{m}_untouched != p_{m}_planned" for m in METRICS]
        assert same.where(" or ".join(differs)).isEmpty()


def test_outcomes_come_as_often_as_their_probabilities_say(truth: DataFrame) -> None:
    """In fifths by probability, of each metric and world: within 4 standard errors."""
    for metric, world in product(METRICS, WORLDS):
        p = F.col(f"p_{metric}_{world}")
        found = (
            truth.groupBy(F.least(F.floor(p * 5), F.lit(4)).alias("fifth"))
            .agg(
                F.sum(p).alias("expected"),
                F.sum(p * (1 - p)).alias("variance"),
                F.count_if(f"{metric}_{world}").alias("seen"),
            )
            .collect()
        )
        for row in found:
            assert abs(row.seen - row.expected) <= 4 * row.variance**0.5 + 1e-9, (metric, world, row)


def test_the_rise_is_right_on_average_though_later_contacts_depend_on_what_came_before(
    spark: SparkSession, people: DataFrame
) -> None:
    """Calls to those alone who have not come for a week, as a fourth wave makes them: within 4 standard errors."""
    bank, call = settings(users=MANY), to_everybody(spark, MANY, "call", "gift", DAYS[1])
    first_week = potentials(people, bank, None, Window(OUTCOME.first, DAYS[1])).where("not login_untouched")
    sleepers = call.join(first_week.select("user_id"), "user_id", "left_semi")
    known = checkpointed(potentials(people, bank, sleepers, OUTCOME))
    for metric in METRICS:
        moved = F.col(f"{metric}_planned").cast("int") - F.col(f"{metric}_untouched").cast("int")
        off = F.col(f"rise_{metric}") - moved
        found = known.agg(F.avg(off).alias("mean"), (F.stddev(off) / F.sqrt(F.count("*"))).alias("error")).collect()[0]
        assert abs(found["mean"]) <= 4 * found["error"], metric
    given = F.avg(F.col("p_login_planned") - F.col("p_login_untouched")).alias("given")
    seen = known.agg(given, F.avg("rise_login").alias("rise")).collect()[0]
    assert seen["given"] < 0.95 * seen["rise"]  # who came by himself was not contacted: these say too little


def test_a_contact_moves_each_kind_its_own_way(truth: DataFrame) -> None:
    rise = F.avg(F.col("p_login_planned") - F.col("p_login_untouched")).alias("rise")
    found = {row.kind: row.rise for row in truth.where("contacts > 0").groupBy("kind").agg(rise).collect()}
    assert found["can_be_moved"] > 0.15
    assert found["put_off"] < -0.01
    assert 0 < found["cannot_be_moved"] < found["can_be_moved"] / 4
    assert 0 < found["comes_anyway"] < found["can_be_moved"]
    for metric in METRICS:
        assert truth.where(f"kind != 'put_off' and p_{metric}_planned < p_{metric}_untouched").isEmpty()
        assert truth.where(f"kind = 'put_off' and p_{metric}_planned > p_{metric}_untouched").isEmpty()


def test_the_truth_says_what_the_raw_tables_show(spark: SparkSession, people: DataFrame) -> None:
    few, bank = people.where(F.col("user_id") < 100_000_001 + FEW), settings(users=FEW)
    bank = settings(users=FEW, arrival={**bank.arrival.model_dump(), "bad_share": 0.0})
    calls = to_everybody(spark, FEW, "call", "gift", *DAYS)
    april = Month.parse("2026-04").window
    rows = simulated(few, bank, calls, [april, MAY])
    known = potentials(few, bank, calls, OUTCOME)
    for metric, table, condition in (
        ("login", "logins", "true"),
        ("transaction", "transactions", "channel = 'mobile'"),
    ):
        seen = rows[table].where(condition).where(F.col("event_at") >= "2026-05-03 16")
        users = seen.select(F.col("user_id").cast("bigint")).distinct()
        came = known.where(f"{metric}_planned").select("user_id")
        assert users.exceptAll(came).isEmpty()
        assert came.exceptAll(users).isEmpty()
        assert 0 < came.count() < FEW
    ends = (
        rows["asset_snapshots"]
        .where("snapshot_on in ('2026-04-30', '2026-05-31')")
        .dropDuplicates(["user_id", "product", "snapshot_on"])
    )
    total = F.sum(F.when(F.col("snapshot_on") == "2026-05-31", F.col("balance").cast("double")).otherwise(0.0))
    start = F.sum(F.when(F.col("snapshot_on") == "2026-04-30", F.col("balance").cast("double")).otherwise(0.0))
    by_user = ends.groupBy(F.col("user_id").cast("bigint").alias("user_id")).agg(
        total.alias("end"), start.alias("start")
    )
    rise = F.col("end") - F.col("start")
    seen = by_user.where("start > 0 and end > 0").select(
        "user_id", ((rise > UPLIFT.min_amount) & (rise > UPLIFT.min_share * F.col("start"))).alias("rose")
    )
    both = known.join(seen, "user_id")
    assert both.where("rose != asset_uplift_planned").isEmpty()
    assert 0 < both.where("rose").count() < both.count()


def test_an_option_that_cannot_arrive_changes_nothing_and_others_change_as_one_contact_does(
    spark: SparkSession, people: DataFrame
) -> None:
    bank = settings(users=MANY, options_share=1.0)
    options = simulator.options(
        people,
        [("push", "none"), ("call", "gift")],
        cycle=Month.parse("2026-05"),
        outcome=OUTCOME,
        calendar=SHANGHAI,
        uplift=UPLIFT,
        settings=bank,
    )
    alone = checkpointed(options)
    unreachable = alone.where("p_delivered = 0")
    assert unreachable.where(" or ".join(f"p_{m} != p_{m}_untouched" for m in METRICS)).isEmpty()
    assert {row.channel for row in unreachable.select("channel").distinct().collect()} == {"push", "call"}
    sure = settings(users=MANY, reach={**bank.reach.model_dump(), "call_answered": 1.0})
    once = potentials(people, sure, to_everybody(spark, MANY, "call", "gift", OUTCOME.first), OUTCOME)
    both = alone.where("channel = 'call' and p_delivered > 0").join(
        once.where("contacts = 1").select(
            "user_id", F.col("p_login_planned").alias("reached"), F.col("p_login_untouched").alias("alone")
        ),
        "user_id",
    )
    mixed = F.col("reached") * F.col("p_delivered") + F.col("alone") * (1 - F.col("p_delivered"))
    furthest = both.agg(F.max(F.abs(F.col("p_login") - mixed))).collect()[0][0]
    assert furthest < 1e-9


def test_the_oracle_ranks_as_worked_by_hand() -> None:
    """Two users at 0.8 and one at 0.2: 1.8 events, 1.2 others; won: 0.2 * 0.4 + 1.6 * (0.8 + 0.2) = 1.68 of 2.16."""
    bins = [
        {"population": "all", "metric": "login", "bin": 4000, "events": 0.2, "others": 0.8, "users": 1},
        {"population": "all", "metric": "login", "bin": 16000, "events": 1.6, "others": 0.4, "users": 2},
    ]
    (row,) = effects.oracle(bins, cycle="2026-05")
    assert row["auc"] == pytest.approx(1.68 / 2.16)
    assert row["rate"] == pytest.approx(0.6)


def test_true_effects_are_means_over_the_picks_and_over_the_cells(spark: SparkSession) -> None:
    rises = {
        1: ("model", True, "touched", 0.3),
        2: ("model", True, "touched", 0.1),
        3: ("model", False, "touched", 0.0),
        7: ("model", False, "touched", 0.06),  # guided
        8: ("model", False, "holdout", 0.0),
    }
    rises |= {4: ("rule", True, "touched", 0.1), 5: ("rule", False, "touched", 0.0), 6: ("model", True, "holdout", 0.0)}
    arms = spark.createDataFrame(
        [(u, p, s, t) for u, (p, s, t, _) in rises.items()],
        "user_id bigint, policy string, is_selected boolean, touch string",
    )
    columns = [f"rise_{m}" for m in METRICS]
    known = spark.createDataFrame(
        [(u, 1, *[rise] * len(columns)) for u, (*_, rise) in rises.items()],
        "user_id bigint, contacts bigint, " + ", ".join(f"{c} double" for c in columns),
    )
    means = [row.asDict() for row in effects.aggregate(known, arms).collect()]
    found = {(r["contrast"], r["metric"]): r["value"] for r in effects.effects(means, cycle="2026-05")}
    assert found["touch_model", "login"] == pytest.approx(0.2)
    assert found["gain_model_vs_rule", "login"] == pytest.approx(0.1)
    assert found["guide_model", "login"] == pytest.approx(0.03)  # the rule guides nobody
    assert ("guide_rule", "login") not in found
    assert found["policy_model_vs_rule", "login"] == pytest.approx(0.46 / 4 - 0.05)
    assert found["everybody", "login"] == pytest.approx(0.56 / 8)
    assert ("gain_model_vs_random", "login") not in found

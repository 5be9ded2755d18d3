"""Outcomes, aggregates and exploration draws on Spark."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from experiment.asked import settings_for
from made import of_users
from reactivation import experiment, randomization
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar, Month, Window

pytestmark = pytest.mark.rules

JUNE = Month.parse("2026-06")
WINDOW = Window(date(2026, 6, 8), date(2026, 7, 1))
SETTINGS = settings_for(
    metrics={"active": experiment.Metric(outcome="is_active", minimum_effect=0.02)},
)


def behaviour(spark: SparkSession) -> DataFrame:
    did = [
        (1, True, False, True, 2, 5, 9),
        (2, False, False, False, 0, 0, None),
        (3, None, True, True, None, None, None),
    ]
    columns = "user_id bigint, logged_in boolean, transacted boolean, is_active boolean"
    return spark.createDataFrame(did, f"{columns}, active_days bigint, active_weeks bigint, first_login_day int")


def test_outcomes_count_what_reached_each_user_by_both_clocks(spark: SparkSession, rows: Rows, utc: Calendar) -> None:
    contacts = rows(
        canonical.CONTACTS,
        ["user_id", "contact_id", "sent_at", "arrived_at", "cycle", "status"],
        [
            (1, "a", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "delivered"),
            (1, "a", "2026-06-08 09:00", "2026-06-08 12:00", "2026-06", "clicked"),  # the same contact
            (1, "b", "2026-06-15 09:00", "2026-07-05 23:59", "2026-06", "delivered"),  # late, but before settling
            (1, "c", "2026-06-22 09:00", "2026-07-06 00:00", "2026-06", "delivered"),  # at the settle date: too late
            (2, "d", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "failed"),
            (2, "e", "2026-06-01 09:00", "2026-06-01 10:00", "2026-05", "delivered"),  # of another cycle
            (3, "f", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "opted_out"),  # a receipt is no consent
            (
                3,
                "g",
                "2026-06-20 09:00",
                "2026-06-20 10:00",
                "2026-05",
                "delivered",
            ),  # sent now, whatever cycle it names
        ],
    )
    outside = rows(
        canonical.OUTSIDE_CONTACTS,
        ["user_id", "sent_at"],
        [
            (2, "2026-06-07 23:59"),  # before the first wave
            (2, "2026-06-08 00:00"),  # the window's first minute
            (2, "2026-07-01 00:00"),  # its end
        ],
    )
    consents = rows(
        canonical.CONSENTS,
        ["user_id", "event_at", "arrived_at", "channel", "is_allowed"],
        [
            (2, "2026-06-20 09:00", "2026-06-20 09:00", "sms", False),
            (
                2,
                "2026-06-21 09:00",
                "2026-06-21 09:00",
                "sms",
                True,
            ),  # allowed again: an opt-out all the same
            (3, "2026-06-07 23:59", "2026-06-08 00:00", "sms", False),  # before the first wave
            (1, "2026-06-20 09:00", "2026-07-06 00:00", "sms", False),  # too late
        ],
    )
    redeemed = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "event_at", "benefit_code", "action", "value"],
        [
            (1, "2026-06-09 09:00", "gift", "redeemed", "5.00"),
            (1, "2026-06-19 09:00", "gift", "redeemed", "2.50"),
            (1, "2026-06-19 09:00", "gift", "claimed", "9.00"),  # not redeemed
            (1, "2026-06-19 09:00", "points", "redeemed", "9.00"),  # none of the campaign's
            (3, "2026-06-07 09:00", "gift", "redeemed", "9.00"),  # before the first wave
        ],
    )
    planned = rows(
        derived.WAVE_PLAN,
        ["user_id", "wave", "channel", "cost"],
        [(1, "W1", "sms", "0.50"), (1, "W2", "call", "1.25"), (2, "W1", "none", "0.00")],
    )
    known = {"contacts": contacts, "outside_contacts": outside, "consents": consents, "benefit_events": redeemed}
    found = read(spark, known, planned, utc)
    assert found.columns == list(derived.OUTCOMES.column_names)
    money = Decimal
    assert sorted(tuple(row)[1:9] for row in found.collect()) == [
        (1, True, False, True, True, money("120.00"), 2, 0),
        (2, False, False, False, None, None, 0, 1),
        (
            3,
            None,
            True,
            True,
            None,
            None,
            2,
            0,
        ),  # nothing planned, no balance, no logins known; who opts out was reached
    ]
    assert sorted((row[1], *tuple(row)[9:17]) for row in found.collect()) == [
        (1, money("1.75"), 2, 5, False, money("7.50"), money("1.05"), True, False),
        (2, money("0.00"), 0, 0, True, money("0.00"), money("0.00"), None, None),
        (3, money("0.00"), None, None, False, money("0.00"), money("0.00"), None, None),
    ]
    assert sorted((row.user_id, row.delivered_cost, row.refused, row.complained) for row in found.collect()) == [
        (1, money("0.10"), False, False),  # two SMS delivered: the call that was planned never came about
        (2, money("0.00"), True, False),  # took a consent back, with no contact of ours
        (3, money("0.10"), True, False),  # opted out in a receipt
    ]
    less = read(spark, {}, planned, utc).where("user_id = 1").collect()[0]
    assert (less.opted_out, less.benefits_redeemed, less.refused, less.complained) == (
        None,
    ) * 4  # no such tables: not known, not none
    assert (less.contacts_delivered, less.outside_contacts) == (0, 0)
    assert less.delivered_cost is None  # what nobody tells of did not cost nothing
    [nothing] = read(spark, {}, planned, utc, benefits=()).where("user_id = 1").collect()
    assert nothing.benefits_redeemed == 0  # none is offered: that is known


def test_objections_count_wherever_they_arrive_and_what_costs_is_what_was_delivered(
    spark: SparkSession, rows: Rows, utc: Calendar
) -> None:
    names = ["user_id", "contact_id", "sent_at", "arrived_at", "cycle", "channel", "status"]
    sent, back = "2026-06-08 09:00", "2026-06-08 10:00"
    receipts = [
        (1, "a", sent, back, "2026-06", "call", "not_reached"),  # costs nothing
        (1, "b", sent, back, "2026-06", "call", "answered"),  # no receipt of delivery, and yet it was
        (2, "c", sent, back, "2026-06", "sms", "delivered"),
        (2, "c", sent, back, "2026-06", "sms", "complained"),
        (3, "d", sent, back, "2026-06", "sms", "clicked"),
        (3, "d", sent, "2026-07-06 00:00", "2026-06", "sms", "opted_out"),  # at the settle date: too late
    ]
    nothing = rows(derived.WAVE_PLAN, ["user_id", "wave", "channel", "cost"], [(9, "W1", "sms", "1.00")])
    found = read(spark, {"contacts": rows(canonical.CONTACTS, names, receipts)}, nothing, utc)
    seen = sorted((r.user_id, r.contacts_delivered, r.delivered_cost, r.refused, r.complained) for r in found.collect())
    assert seen == [
        (1, 1, Decimal("1.00"), False, False),
        (2, 1, Decimal("0.05"), True, True),
        (3, 1, Decimal("0.05"), False, False),
    ]


def test_a_look_knows_what_had_happened_and_arrived_and_was_sent(
    spark: SparkSession, rows: Rows, utc: Calendar
) -> None:
    """On 15 June at 00:00: what came then or later, and the wave of that day, is not in it."""
    sources = {
        "contacts": rows(
            canonical.CONTACTS,
            ["user_id", "contact_id", "sent_at", "arrived_at", "cycle", "status"],
            [
                (1, "a", "2026-06-08 09:00", "2026-06-08 10:00", "2026-06", "delivered"),
                (1, "b", "2026-06-14 09:00", "2026-06-15 00:00", "2026-06", "delivered"),  # arrived too late
            ],
        ),
        "outside_contacts": rows(
            canonical.OUTSIDE_CONTACTS,
            ["user_id", "sent_at", "arrived_at"],
            [(2, "2026-06-14 23:59", "2026-06-14 23:59"), (2, "2026-06-14 23:59", "2026-06-16 09:00")],
        ),
    }
    planned = rows(
        derived.WAVE_PLAN,
        ["user_id", "wave", "channel", "cost", "send_on"],
        [(1, "W1", "sms", "0.50", date(2026, 6, 8)), (1, "W2", "call", "1.25", date(2026, 6, 15))],
    )
    found = {row.user_id: row for row in read(spark, sources, planned, utc, known_before=date(2026, 6, 15)).collect()}
    assert (found[1].contacts_delivered, found[1].spend) == (1, Decimal("0.50"))
    assert found[2].outside_contacts == 1
    settled = {row.user_id: row for row in read(spark, sources, planned, utc).collect()}
    assert (settled[1].contacts_delivered, settled[1].spend) == (2, Decimal("1.75"))
    assert settled[2].outside_contacts == 2


def read(
    spark: SparkSession,
    sources: dict[str, DataFrame],
    planned: DataFrame,
    utc: Calendar,
    *,
    known_before: date = date(2026, 7, 6),
    benefits: Sequence[str] = ("gift",),
) -> DataFrame:
    assets = spark.createDataFrame(
        [(1, True, Decimal("120.00"))], "user_id bigint, has_asset_uplift boolean, asset_change decimal(18,2)"
    )
    later = spark.createDataFrame([(1, False, True)], "user_id bigint, retained boolean, active_after boolean")
    return experiment.outcomes(
        behaviour(spark),
        assets=assets,
        later=later,
        released=planned,
        sources=sources,
        benefits=benefits,
        channel_cost={"sms": Decimal("0.05"), "call": Decimal("1.00")},
        cycle=JUNE,
        window=WINDOW,
        known_before=known_before,
        calendar=utc,
    )


def test_draws_weighted_by_their_propensity_give_back_the_truth(spark: SparkSession) -> None:
    """Users who are easily moved draw an SMS more often: the plain share is far off, the weighted one is not."""
    users = spark.range(40_000).select(F.col("id").alias("user_id"), (F.col("id") % 2 == 0).alias("is_easy"))
    propensity = F.when(F.col("is_easy"), 0.8).otherwise(0.2)
    drawn = users.withColumn("is_sms", randomization.bucket("draw") < propensity * randomization.BUCKETS)
    rate = F.when(F.col("is_easy"), F.when(F.col("is_sms"), 0.6).otherwise(0.5)).otherwise(
        F.when(F.col("is_sms"), 0.3).otherwise(0.1)
    )  # the truth: 0.45 with an SMS, 0.30 without
    channel = F.when(F.col("is_sms"), "sms").otherwise("none")
    plan = drawn.select(
        F.lit("2026-06").alias("cycle"),
        "user_id",
        F.lit("W1").alias("wave"),
        channel.alias("channel"),
        F.lit("none").alias("benefit"),
        F.lit(True).alias("is_exploration"),
        F.when(F.col("is_sms"), propensity).otherwise(1 - propensity).alias("propensity"),
        F.lit("sms/none").alias("drawn_from"),
        (randomization.bucket("act") < rate * randomization.BUCKETS).alias("is_active"),
    )
    unexplored = plan.where("user_id < 2000").withColumns(
        {"is_exploration": F.lit(False), "propensity": F.lit(None).cast("double"), "wave": F.lit("W2")}
    )
    draws = experiment.exploration(
        plan.union(unexplored).drop("is_active"),
        outcomes=plan.select("cycle", "user_id", "is_active"),
        tiers=plan.select("cycle", "user_id", F.lit("high_potential").alias("tier")),
        salt="halves",
        measured=["is_active"],
    )
    known = [row.asDict() for row in draws.collect()]
    found = experiment.response(known, cycle=JUNE, months=1, settings=SETTINGS)
    assert [(row["wave"], row["channel"], row["status"]) for row in found] == [("W1", "sms", "estimated")]
    assert found[0]["lift"] == pytest.approx(0.15, abs=0.02)
    assert found[0]["lift_low"] < 0.15 < found[0]["lift_high"]
    plain = plan.groupBy("channel").agg(F.avg(F.col("is_active").cast("int")).alias("rate")).collect()
    rates = {row.channel: row.rate for row in plain}
    assert rates["sms"] - rates["none"] > 0.3  # 0.36 expected: mostly who drew it, not what it did


def test_who_drew_none_speaks_only_for_the_options_that_were_open(rows: Rows) -> None:
    """Users without a phone never act. They cannot draw an SMS, so they must not make it look good."""
    names = ["user_id", "wave", "channel", "benefit", "is_exploration", "propensity", "drawn_from"]
    both, push = "push/none sms/none", "push/none"
    plan = rows(
        derived.WAVE_PLAN,
        names,
        [
            *[(i, "W1", "sms", "none", True, 0.25, both) for i in range(40)],
            *[(i, "W1", "none", "none", True, 0.5, both) for i in range(40, 80)],
            *[(i, "W1", "none", "none", True, 0.5, push) for i in range(80, 120)],  # no phone
        ],
    )
    did = rows(derived.OUTCOMES, ["user_id", "is_active"], [(i, i < 80 and i % 2 == 0) for i in range(120)])
    tiers = rows(derived.TIERS_TABLE, ["user_id", "tier"], [(i, "high_potential") for i in range(120)])
    draws = experiment.exploration(plan, outcomes=did, tiers=tiers, salt="halves").collect()
    found = experiment.response([row.asDict() for row in draws], cycle=JUNE, months=1, settings=SETTINGS)
    seen = [(row["channel"], row["n_treatment"], row["n_control"], row["status"], row["lift"]) for row in found]
    assert seen == [
        ("push", 0, 80, "not_estimable", None),  # open to all 80 who drew none, drawn by nobody
        ("sms", 40, 40, "estimated", 0.0),
    ]


def test_an_option_without_enough_draws_is_not_estimable() -> None:
    place = {"tier": "high_potential", "wave": "W3", "channel": "call", "benefit": "none", "half": "first"}
    place["outcome"] = "is_active"
    drew = [(1, 0, 10_000_000, 10_000_000 * (i < 3), 0, 0) for i in range(6)]
    drew_none = [(0, 1, 0, 0, 2_000_000, 2_000_000 * (i < 150)) for i in range(300)]
    alone = experiment.response([{**place, **of_users(drew)}], cycle=JUNE, months=1, settings=SETTINGS)
    both = {**place, **of_users([*drew, *drew_none])}
    beside = experiment.response([both], cycle=JUNE, months=1, settings=SETTINGS)
    assert [row["reason"] for row in (*alone, *beside)] == [
        "nobody on the side of the control; needs about 20 users there",
        "too few: 3.0 expected events on the side of the treatment (6 users), at least 10 wanted; "
        "needs about 20 users there",
    ]
    assert all(row["lift"] is None and set(row) == set(derived.RESPONSE.column_names) for row in (*alone, *beside))

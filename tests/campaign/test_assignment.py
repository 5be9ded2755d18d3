"""Assignment anyone can recompute: exact shares, independent draws, and nobody moves when others come."""

from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import chi2_contingency, chisquare

from campaign.test_arms import bank, salts
from reactivation import randomization
from reactivation.campaign import CampaignSettings
from reactivation.campaign.assignment import arms

pytestmark = pytest.mark.rules

USERS = 200_000
CELLS = {"model": 0.5, "rule": 0.25, "random": 0.25}
TOUCH = {"holdout": 0.2, "touched": 0.8}
P = 0.001
"""Fixed salts give fixed counts: what passes once passes always. A draw that shared bits would be far below."""


def draws(users: DataFrame) -> DataFrame:
    """Cell and touch in two cycles, the long holdout of two beginnings, and two waves' explorers."""
    june, july = salts("2026-06"), salts("2026-07")
    other = randomization.salt("here", "now", "2026-07", "long_holdout")
    long = {"yes": 0.05, "no": 0.95}
    waves = {name: randomization.salt("here", "now", "2026-06", f"{name}_explorers") for name in ("W1", "W2")}
    return users.select(
        randomization.draw(randomization.bucket(june.cell), CELLS).alias("cell_june"),
        randomization.draw(randomization.bucket(july.cell), CELLS).alias("cell_july"),
        randomization.draw(randomization.bucket(june.touch), TOUCH).alias("touch_june"),
        randomization.draw(randomization.bucket(july.touch), TOUCH).alias("touch_july"),
        randomization.draw(randomization.bucket(june.long_holdout), long).alias("long_january"),
        randomization.draw(randomization.bucket(other), long).alias("long_july"),
        *[
            randomization.draw(randomization.bucket(salt), {"yes": 0.1, "no": 0.9}).alias(name)
            for name, salt in waves.items()
        ],
    )


@pytest.fixture(scope="module")
def counts(spark: SparkSession) -> list[Any]:
    """Users by all draws at once."""
    table = draws(spark.range(USERS).withColumnRenamed("id", "user_id"))
    return table.groupBy(*table.columns).agg(F.count("*").alias("users")).collect()


def test_draws_of_other_cycles_and_purposes_are_independent(counts: list[Any]) -> None:
    names = [name for name in counts[0].asDict() if name != "users"]
    found = {}
    for one, other in combinations(names, 2):
        pairs = Counter({(row[one], row[other]): 0 for row in counts})
        for row in counts:
            pairs[row[one], row[other]] += row.users
        rows, columns = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
        found[one, other] = chi2_contingency([[pairs[r, c] for c in columns] for r in rows]).pvalue
    assert len(found) == 28
    assert min(found.values()) > P / len(found), min(found, key=lambda pair: found[pair])


def test_shares_are_those_of_conf(counts: list[Any]) -> None:
    for name, shares in {"cell_june": CELLS, "cell_july": CELLS, "touch_june": TOUCH}.items():
        seen = Counter[str]()
        for row in counts:
            seen[row[name]] += row.users
        expected = [USERS * share for share in shares.values()]
        assert chisquare([seen[share] for share in shares], expected).pvalue > P


def test_shares_are_exact_in_expectation() -> None:
    """Every bucket is as likely; so the share of buckets is the probability, to a ten-thousandth."""
    shares = {"model": 0.3334, "rule": 0.3333, "random": 0.3333}
    assert randomization.probabilities(shares) == shares
    # The month's holdout is drawn from those outside the long one: h / (1 - l) of (1 - l).
    month, long = 0.45, 0.05
    of_the_rest = randomization.probabilities({"holdout": month / (1 - long), "touched": 1 - month / (1 - long)})[
        "holdout"
    ]
    assert of_the_rest * (1 - long) == pytest.approx(month, abs=0.5 / randomization.BUCKETS)


def assigned(tables: tuple[DataFrame, ...], settings: CampaignSettings) -> dict[int, tuple[Any, ...]]:
    scores, tiers, features, reach = tables
    given = salts("2026-06")
    found = arms.assign(scores, tiers, features, reach, cycle="2026-06", settings=settings.arms, salts=given, gains={})
    return {row.user_id: (row.policy, row.touch) for row in found.select("user_id", "policy", "touch").collect()}


def test_late_users_and_other_partitions_put_nobody_elsewhere(spark: SparkSession, settings: CampaignSettings) -> None:
    everybody = bank(spark)
    early = tuple(table.where("user_id < 400").repartition(7) for table in everybody)
    few, all_users = assigned(early, settings), assigned(everybody, settings)
    assert len(few) == 400
    assert len(all_users) == 600
    assert {user: all_users[user] for user in few} == few


def test_anyone_can_recompute_where_a_user_is(spark: SparkSession, settings: CampaignSettings) -> None:
    """By the salts that the registered plan names, in plain SQL and nothing of ours."""
    found = assigned(bank(spark), settings)
    by_hand = spark.sql("""
        with draws as (
          select id as user_id,
                 pmod(xxhash64('here|now|2026-06|cell', id), 10000) as cell,
                 pmod(xxhash64('here|now|2026-06|touch', id), 10000) as touch,
                 pmod(xxhash64('here|now|2026-01|long_holdout', id), 10000) as long
          from range(600) where id % 6 != 0)
        select user_id,
               case when cell < 5000 then 'model' when cell < 7500 then 'rule' else 'random' end as policy,
               case when long < 500 then 'long_holdout' when touch < round(10000 * 0.2 / 0.95) then 'holdout'
                    else 'touched' end as touch
        from draws""")
    assert {row.user_id: (row.policy, row.touch) for row in by_hand.collect()} == {
        user: place for user, place in found.items() if place[1] is not None
    }

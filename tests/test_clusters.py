"""Users seen several times: the cluster's sums, and estimates against statsmodels' cluster-robust regression."""

import numpy as np
import pytest
import statsmodels.api as sm
from pyspark.sql import SparkSession

from made import of_users
from reactivation import clusters

RNG = np.random.default_rng(20261124)
USERS, SEEN = 60, 4
USER = np.repeat(np.arange(USERS), SEEN)
IS_TREATED = RNG.random(USERS * SEEN) < 0.6
HABIT = np.repeat(RNG.normal(size=USERS), SEEN)
EVENT = HABIT + 0.5 * IS_TREATED + RNG.normal(size=USERS * SEEN) > 0
WEIGHT = RNG.choice([1.25, 2.0, 8.5], USERS * SEEN)


def per_user() -> list[tuple[int, ...]]:
    whole = (WEIGHT * clusters.MILLIONTHS).astype(int)
    found = []
    for user in range(USERS):
        sides = [(user == USER) & side for side in (IS_TREATED, ~IS_TREATED)]
        sums = [(int(whole[side].sum()), int(whole[side & EVENT].sum())) for side in sides]
        found.append((int(sides[0].sum()), int(sides[1].sum()), *sums[0], *sums[1]))
    return found


@pytest.mark.numbers
def test_the_difference_and_its_error_are_those_of_a_cluster_robust_regression() -> None:
    """A weighted regression on the side alone has Hájek's difference; its sandwich over users is the linearisation."""
    found = clusters.pair(of_users(per_user()))
    model = sm.WLS(EVENT.astype(float), sm.add_constant(IS_TREATED.astype(float)), weights=WEIGHT)
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": USER, "use_correction": False})
    assert found.difference == pytest.approx(robust.params[1], rel=1e-12)
    assert found.standard_error == pytest.approx(robust.bse[1] * np.sqrt(USERS / (USERS - 1)), rel=1e-9)


@pytest.mark.numbers
def test_a_users_months_count_as_one_observation() -> None:
    alone = [(1, 0, 2_000_000, 0, 0, 0)] * 50
    thrice = [(3, 0, 6_000_000, 0, 0, 0)] * 50
    unequal = [(1, 0, 1_000_000, 1_000_000, 0, 0), (1, 0, 3_000_000, 0, 0, 0)]
    sides = [clusters.pair(of_users(users)).treatment for users in (alone, thrice, unequal)]
    assert [side.effective for side in sides] == [50, 50, 1.6]  # Kish: (1 + 3)² / (1 + 9)
    assert [side.rows for side in sides] == [50, 150, 2]
    assert sides[2].rate == 0.25


@pytest.mark.numbers
def test_one_side_alone_has_no_difference() -> None:
    found = clusters.pair(of_users([(1, 0, 1_000_000, 1_000_000, 0, 0)] * 3))
    assert (found.difference, found.variance, found.standard_error, found.control.rate) == (None, None, None, None)


@pytest.mark.rules
def test_the_cluster_adds_up_the_same(spark: SparkSession) -> None:
    values = [
        ("a", int(u), bool(t), bool(e), float(w)) for u, t, e, w in zip(USER, IS_TREATED, EVENT, WEIGHT, strict=True)
    ]
    names = "part string, user_id bigint, is_treatment boolean, is_event boolean, weight double"
    rows = spark.createDataFrame([*values, ("b", 1, True, True, 2.0)], names).repartition(5)
    found = {row.part: row.asDict() for row in clusters.sums(rows, ["part"]).collect()}
    assert clusters.pair(found["a"]) == clusters.pair(of_users(per_user()))
    assert clusters.pair(found["b"]).treatment == clusters.WeightedShare(rows=1, users=1, rate=1.0, effective=1.0)

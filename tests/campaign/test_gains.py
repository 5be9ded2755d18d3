"""What options add, and the order in which the model's cell offers them."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.assignment import arms
from reactivation.campaign.planning import gains
from reactivation.campaign.planning.capacity import PricedOption
from reactivation.contracts import derived
from reactivation.statistics.shrinkage import JointPosterior, Posterior

pytestmark = pytest.mark.numbers


def row(channel: str, lift: float | None, error: float | None, **other: Any) -> dict[str, Any]:
    plain = {"tier": "high_potential", "wave": "W1", "benefit": "none", "status": "estimated", "control_error": 0.0}
    return {**plain, "channel": channel, "lift": lift, "standard_error": error, **other}


def test_lifts_are_drawn_towards_the_mean_of_their_tier(settings: CampaignSettings) -> None:
    rows = [
        row("push", 0.02, 0.01),
        row("sms", 0.10, 0.05),
        row("call", 0.04, 0.01, wave="W3"),
        row("call", None, None, status="not_estimable"),
        row("push", 0.5, 0.01, tier="low_potential"),
    ]
    found = gains.known(rows, settings.tiers)
    assert set(found) == {"high_potential", "low_potential"}
    high = found["high_potential"]
    sms, push = (high.of(("high_potential", "W1", channel, "none")) for channel in ("sms", "push"))
    assert sms is not None
    assert 0.03 < sms.mean < 0.07
    assert push is not None
    assert push.mean == pytest.approx(0.02, abs=0.01)
    assert found["low_potential"].of(("low_potential", "W1", "push", "none")) == pytest.approx((0.5, 0.0001))
    assert high.of(("high_potential", "W1", "call", "none")) is None


def test_what_chance_did_to_the_control_is_in_all_options_of_a_wave(settings: CampaignSettings) -> None:
    """Three options at -0.1 against one control that was 0.1 too high are one observation, not three."""
    alone = [row(channel, -0.1, 0.05) for channel in ("push", "sms", "call")]
    shared = [{**one, "control_error": 0.045} for one in alone]
    key = ("high_potential", "W1", "sms", "none")
    apart, together = (gains.known(rows, settings.tiers)["high_potential"].of(key) for rows in (alone, shared))
    assert apart is not None
    assert together is not None
    assert (apart.mean, together.mean) == (pytest.approx(-0.1), pytest.approx(-0.1))
    assert together.variance > 2 * apart.variance
    exact = 0.045**2 + (0.05**2 - 0.045**2) / 3  # of the mean, from which the three differ by no more than conf says
    assert exact < together.variance < exact + settings.tiers.lift_spread_share**2


def test_an_option_that_helps_is_seldom_dropped_by_chance(settings: CampaignSettings) -> None:
    """2 000 months in which each of two options adds 0.02, seen against one control of 60 users."""
    draws, control, own = np.random.default_rng(0), 0.06, 0.035
    dropped = 0
    for _ in range(2_000):
        common = draws.normal(0, control)
        rows = [
            row(c, 0.02 + draws.normal(0, own) - common, (own**2 + control**2) ** 0.5, control_error=control, benefit=b)
            for c, b in (("push", "none"), ("sms", "gift"))
        ]
        found = gains.of_wave(
            settings.waves["W1"],
            "W1",
            [Decimal("1.00"), Decimal("1.50")],
            known=gains.known(rows, settings.tiers),
            guidance_channel="push",
            settings=settings.tiers,
        )
        dropped += len(found.order) < 2
    assert dropped / 2_000 < 0.025


@pytest.mark.parametrize(
    ("push", "sms", "order"),
    [
        (Posterior(0.02, 1e-6), Posterior(0.05, 1e-6), (1, 0)),  # dear, but surely worth it
        (Posterior(0.02, 1e-6), Posterior(0.033, 1e-4), (0, 1)),  # 0.022 per unit of cost, but not surely
        (Posterior(0.04, 1e-6), Posterior(0.05, 1e-6), (0, 1)),  # surely more, but not per unit of cost
        (None, Posterior(0.05, 1e-6), (0, 1)),  # who knows
        (Posterior(0.02, 1e-6), Posterior(-0.05, 1e-4), (0,)),  # surely put off by it: not offered
        (Posterior(0.02, 1e-6), Posterior(-0.01, 1e-4), (0, 1)),
    ],
)
def test_the_model_prefers_what_surely_gains_more_per_cost(
    settings: CampaignSettings, push: Posterior | None, sms: Posterior, order: tuple[int, ...]
) -> None:
    keys = {channel: ("high_potential", "W1", channel, b) for channel, b in (("push", "none"), ("sms", "gift"))}
    seen = {keys["sms"]: sms, **({} if push is None else {keys["push"]: push})}
    variances = np.diag([posterior.variance for posterior in seen.values()])
    known = {
        "high_potential": JointPosterior((*seen,), np.array([posterior.mean for posterior in seen.values()]), variances)
    }
    found = gains.of_wave(
        settings.waves["W1"],
        "W1",
        [Decimal("1.00"), Decimal("1.50")],
        known=known,
        guidance_channel="push",
        settings=settings.tiers,
    )
    assert found.order == order
    assert found.options == (None if push is None else push.mean, sms.mean)
    assert found.guidance == ({} if push is None else {"high_potential": push.mean})  # it is the same free push


@pytest.mark.rules
def test_bands_with_a_larger_gain_come_first_and_the_raw_score_decides_within(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(1, 2.0), (1, 3.0), (2, -4.0), (2, -5.0), (3, 0.0)], "band int, raw double")
    for known, first in (({1: 0.01, 2: 0.05, 3: 0.03}, [-4.0, -5.0, 0.0, 3.0, 2.0]), ({}, [3.0, 2.0, 0.0, -4.0, -5.0])):
        by = arms.by_gain(F.col("raw"), F.col("band"), known)
        assert [r.raw for r in rows.orderBy(by.desc()).collect()] == first
    tied = rows.orderBy(arms.by_gain(F.col("raw"), F.col("band"), {1: 0.02, 2: 0.02, 3: 0.01}).desc())
    assert [r.raw for r in tied.collect()] == [3.0, 2.0, -4.0, -5.0, 0.0]


@pytest.mark.rules
def test_the_newest_months_rows_are_what_is_known(rows: Rows, settings: CampaignSettings) -> None:
    names = ["cycle", "tier", "wave", "channel", "benefit", "lift", "standard_error", "status"]
    place = ("high_potential", "W1", "sms", "gift")
    table = rows(
        derived.RESPONSE,
        names,
        [("2026-04", *place, 0.5, 0.01, "estimated"), ("2026-05", *place, 0.04, 0.01, "estimated")],
    )
    found = gains.known(gains.newest(table), settings.tiers)
    assert found["high_potential"].of(place) == pytest.approx((0.04, 0.0001))
    assert gains.newest(table.limit(0)) == []


def test_a_user_of_whom_a_lift_is_learnt_gains_it_times_the_options_factor(spark: SparkSession) -> None:
    """The factor: the option's gain over the mean of all. Without a lift, or a mean above 0, the tier's gain counts."""
    known = (0.06, 0.02, None)
    names = ("sms/none", "push/none", "call/none")
    options = [PricedOption(name, n, name[:-5], "none", Decimal(0)) for n, name in enumerate(names)]
    users = spark.createDataFrame([(1, 0.2), (2, -0.1), (3, None)], "user_id bigint, lift_active double")
    lift = F.col("lift_active")

    def found(mean: float) -> list[tuple[Any, ...]]:
        of_users = gains.WaveGains(known, {}, (0, 1, 2), mean).of_users(options, lift=lift)
        columns = [one.alias(f"o{n}") for n, one in enumerate(of_users)]
        return [tuple(row) for row in users.orderBy("user_id").select(*columns).collect()]

    assert found(0.04) == [
        (pytest.approx(0.3), pytest.approx(0.1), None),
        (pytest.approx(-0.15), pytest.approx(-0.05), None),
        known,
    ]
    assert found(-0.01) == [known] * 3
    of_one: dict[str, Any] = {"options": options, "tier": F.lit("high_potential"), "is_model": F.lit(True)}
    named = gains.WaveGains(known, {}, (0, 1, 2), 0.04).column(F.lit("push/none"), **of_one, lift=lift)
    assert [row.gain for row in users.orderBy("user_id").select(named.alias("gain")).collect()] == [
        pytest.approx(0.1),
        pytest.approx(-0.05),
        0.02,
    ]

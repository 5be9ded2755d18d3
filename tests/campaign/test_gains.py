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
from reactivation.campaign.planning import gains, intensity, other_draws
from reactivation.campaign.planning.capacity import PricedOption
from reactivation.contracts import derived
from reactivation.contracts.derived import HALVES
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


def month(difference: float, error: float, **other: Any) -> dict[str, Any]:
    """A row of `readout` for `touch_model`: its interval is of 95 %."""
    reach = 1.959963984540054 * error
    ends = {"difference_low": difference - reach, "difference_high": difference + reach}
    return {"status": "estimated", "alpha": 0.05, "difference": difference, **ends, **other}


def test_what_a_contact_adds_is_the_months_touch_by_contact() -> None:
    """0.12 and 0.18, known to 0.02 and 0.04, weigh four to one: 0.132, of two contacts each."""
    two = [month(0.12, 0.02), month(0.18, 0.04)]
    assert intensity.level(two, 2.0) == pytest.approx((0.066, (1 / (2500 + 625)) / 4))
    assert intensity.level([month(0.12, 0.02), month(0.9, 0.02, status="withheld")], 1.0) == pytest.approx(
        (0.12, 0.0004)
    )
    for nothing in ([], [month(0.12, 0.02, status="not_estimable", alpha=None)], [month(0.12, 0.0)]):
        assert intensity.level(nothing, 2.0) is None
    assert intensity.level(two, 0.0) is None


def test_the_mean_of_the_options_knows_what_months_of_contact_added(settings: CampaignSettings) -> None:
    """One option at -0.02, known to 0.05; a contact adds 0.09, known to 0.01: normal and normal, by hand."""
    spread = settings.tiers.lift_spread_share
    [alone] = gains.known([row("sms", -0.02, 0.05)], settings.tiers, Posterior(0.09, 0.01**2)).values()
    before = 0.01**2 + spread**2
    mean = (-0.02 / 0.05**2 + 0.09 / before) / (1 / 0.05**2 + 1 / before)
    assert alone.of(("high_potential", "W1", "sms", "none")) == pytest.approx((mean, 1 / (1 / 0.05**2 + 1 / before)))
    precision = 1 / (0.05**2 + spread**2) + 1 / 0.01**2
    common = (-0.02 / (0.05**2 + spread**2) + 0.09 / 0.01**2) / precision
    assert alone.common == pytest.approx((common, 1 / precision))
    [low] = gains.known([row("sms", -0.02, 0.05, tier="low_potential")], settings.tiers, Posterior(0.09, 1e-4)).values()
    assert low.of(("low_potential", "W1", "sms", "none")) == pytest.approx(
        (-0.02, 0.05**2)
    )  # of others it says nothing


def test_an_option_nobody_has_estimated_is_worth_the_mean_where_that_is_known(settings: CampaignSettings) -> None:
    rows, level = [row("push", 0.05, 0.01)], Posterior(0.09, 0.01**2)
    of = {"guidance_channel": "push", "settings": settings.tiers}
    costs = [Decimal("1.00"), Decimal("1.50")]
    known = gains.known(rows, settings.tiers, level)
    common = known["high_potential"].common
    assert common is not None
    found = gains.of_wave(settings.waves["W1"], "W1", costs, known=known, level=level, **of)
    assert found.options[1] == common.mean
    assert 0.05 < common.mean < 0.09
    assert found.order == (0, 1)  # what is not known neither moves nor is passed
    assert gains.of_wave(settings.waves["W1"], "W1", costs, known=known, **of).options[1] is None
    nothing = gains.of_wave(settings.waves["W1"], "W1", costs, known={}, level=level, **of)
    assert nothing.options == (0.09, 0.09)


def test_noise_in_few_draws_of_none_no_longer_turns_good_options_into_bad_ones(settings: CampaignSettings) -> None:
    """500 months in which two options add 0.09 each, seen against 40 users who drew none; 1 400 users say 0.09."""
    draws, control, own = np.random.default_rng(3), 0.075, 0.04
    bad = {"alone": 0, "with months of contact": 0}
    for _ in range(500):
        common = draws.normal(0, control)
        rows = [
            row(c, 0.09 + draws.normal(0, own) - common, (own**2 + control**2) ** 0.5, control_error=control, benefit=b)
            for c, b in (("push", "none"), ("sms", "gift"))
        ]
        level = Posterior(draws.normal(0.09, 0.014), 0.014**2)
        for name, known in (("alone", None), ("with months of contact", level)):
            found = gains.known(rows, settings.tiers, known)["high_potential"]
            bad[name] += bool((found.means <= 0).any())
    assert bad["alone"] > 50
    assert bad["with months of contact"] < 10


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
    led = [o.model_copy(update={"guide_to": "payment"}) for o in settings.waves["W1"].options]
    wave = settings.waves["W1"].model_copy(update={"options": tuple(led)})
    how: dict[str, Any] = {"known": known, "guidance_channel": "push", "settings": settings.tiers}
    other = gains.of_wave(wave, "W1", [Decimal("1.00"), Decimal("1.50")], **how)
    assert (other.options, other.guidance) == (found.options, {})  # the option says something else than guidance does


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


@pytest.mark.parametrize(
    ("mean", "variance", "gain", "factor"),
    [
        (0.04, 0.0, 0.06, 1.5),
        (0.04, 0.0016, 0.06, 1.25),  # half of what is seen of the mean is chance: half the way to 1
        (0.02, 1.0, 0.06, pytest.approx(1, abs=0.001)),  # nothing is known of it
        (0.0225, 0.0004, -0.051, 0.0),  # harms on average: not the opposite of whom a contact harms
    ],
)
def test_an_options_factor_is_drawn_to_1_and_never_below_0(
    mean: float, variance: float, gain: float, factor: float
) -> None:
    assert gains.WaveGains((gain,), {}, (0,), mean, mean_variance=variance).factor(gain) == pytest.approx(factor)


def test_a_user_of_whom_a_lift_is_learnt_gains_it_times_the_options_factor(spark: SparkSession) -> None:
    """0.2 of a month of two contacts are 0.1 by contact, times 0.06 / 0.04 or 0.02 / 0.04.

    Without a lift, a mean above 0 or contacts per user the tier's gain counts.
    """
    known = (0.06, 0.02, None)
    names = ("sms/none", "push/none", "call/none")
    options = [PricedOption(name, n, name[:-5], "none", Decimal(0)) for n, name in enumerate(names)]
    users = spark.createDataFrame([(1, 0.2), (2, -0.1), (3, None)], "user_id bigint, lift_active double")
    lift = F.col("lift_active")

    def found(mean: float, contacts: float | None = 2.0) -> list[tuple[Any, ...]]:
        learnt = gains.WaveGains(known, {}, (0, 1, 2), mean, contacts_per_user=contacts)
        of_users = learnt.of_users(options, lift=lift)
        columns = [one.alias(f"o{n}") for n, one in enumerate(of_users)]
        return [tuple(row) for row in users.orderBy("user_id").select(*columns).collect()]

    assert found(0.04) == [
        (pytest.approx(0.15), pytest.approx(0.05), None),
        (pytest.approx(-0.075), pytest.approx(-0.025), None),
        known,
    ]
    assert found(0.04, 1.0)[0] == (pytest.approx(0.3), pytest.approx(0.1), None)
    assert found(-0.01) == found(0.04, None) == [known] * 3
    of_one: dict[str, Any] = {"options": options, "tier": F.lit("high_potential"), "is_model": F.lit(True)}
    learnt = gains.WaveGains(known, {}, (0, 1, 2), 0.04, contacts_per_user=2.0)
    named = learnt.columns(F.lit("push/none"), **of_one, lift=lift)["expected_gain"]
    assert [row.gain for row in users.orderBy("user_id").select(named.alias("gain")).collect()] == [
        pytest.approx(0.05),
        pytest.approx(-0.025),
        0.02,
    ]


OPTIONS = [("push", "none"), ("sms", "none"), ("call", "none"), ("sms", "gift"), ("call", "gift")]
KEYS = [("high_potential", "W1", *option) for option in OPTIONS]


def estimate(none: float, acts: float, users: int) -> dict[str, float]:
    """Two shares of as many users each, as a row of `response` has them."""
    own, control = (share * (1 - share) / users for share in (acts, none))
    return {"lift": acts - none, "standard_error": (own + control) ** 0.5, "control_error": control**0.5}


def world(draws: np.random.Generator, truth: Any) -> list[dict[str, Any]]:
    """Rows of a wave of five options: in each half of the users 200 drew each of them, and 200 drew none."""
    sides = {half: (draws.binomial(200, 0.2) / 200, draws.binomial(200, 0.2 + truth) / 200) for half in HALVES}
    none = sum(side[0] for side in sides.values()) / 2
    rows = []
    for n, (channel, benefit) in enumerate(OPTIONS):
        rows.append(row(channel, None, None, benefit=benefit))
        rows[-1] |= estimate(none, sum(side[1][n] for side in sides.values()) / 2, 400)
        for half, (alone, acts) in sides.items():
            rows[-1] |= {f"{name}_{half}": value for name, value in estimate(alone, acts[n], 200).items()}
    return rows


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_what_looks_best_is_valued_by_draws_that_did_not_choose_it(settings: CampaignSettings, spread: float) -> None:
    """2 000 worlds. Options that are all worth 0.05, and options that truly differ."""
    draws, naive, ours, by_halves = np.random.default_rng(20261129), [], [], []
    for _ in range(2_000):
        truth = dict(zip(KEYS, 0.05 + spread * draws.normal(0, 1, len(KEYS)), strict=True))
        rows = world(draws, np.array(list(truth.values())))
        known = gains.known(rows, settings.tiers)["high_potential"]
        best = known.keys[int(np.argmax(known.means))]
        found = other_draws.reestimated(rows, wave="W1", costs=dict.fromkeys(OPTIONS, 0.0), settings=settings.tiers)
        halves = [[one | {k: one[f"{k}_{half}"] for k in estimate(0.5, 0.5, 1)} for one in rows] for half in HALVES]
        chosen = [gains.known(half, settings.tiers)["high_potential"] for half in halves]
        of_halves = np.mean([truth[one.keys[int(np.argmax(one.means))]] for one in chosen])
        value = found.of(best)
        assert value is not None
        naive.append(known.means.max() - truth[best])
        ours.append(value.mean - truth[best])
        by_halves.append(value.mean - of_halves)

    def bias(errors: list[float]) -> tuple[float, float]:
        return float(np.mean(errors)), 3.3 * float(np.std(errors)) / 2_000**0.5

    of_choice, noise = bias(by_halves)
    assert abs(of_choice) < noise  # what a half chooses, the other half values as it is
    if not spread:
        assert bias(naive)[0] > 0.009  # a fifth of the lift is the choice's own noise
        assert abs(bias(ours)[0]) < bias(ours)[1] < 0.003
    else:
        assert -0.01 < bias(ours)[0] < 0.0  # all draws choose better than a half: never too high


def test_an_option_gets_the_mean_of_what_each_half_puts_at_its_place(settings: CampaignSettings) -> None:
    """The first half prefers the SMS, the second half the push, and so do all draws: by their own lifts they change."""
    precise = dict.fromkeys(("standard_error", "standard_error_first", "standard_error_second"), 0.001)
    no_control = dict.fromkeys(("control_error", "control_error_first", "control_error_second"), 0.0)
    rows = [
        row("push", 0.05, 0.001, lift_first=0.02, lift_second=0.08) | precise | no_control,
        row("sms", 0.04, 0.001, lift_first=0.03, lift_second=0.05) | precise | no_control,
        row("call", 0.9, 0.001, wave="W2", lift_first=0.9, lift_second=0.9) | precise | no_control,
    ]
    free = {("push", "none"): 0.0, ("sms", "none"): 0.0}

    def found(costs: dict[tuple[str, str], float]) -> dict[str, Any]:
        others = other_draws.reestimated(rows, wave="W1", costs=costs, settings=settings.tiers)
        return {key[2]: tuple(others.of(key) or ()) for key in others.keys}

    exact = pytest.approx(0.001**2 / 2)
    # first: sms, push, worth 0.05 and 0.08 to the second; second: push, sms, worth 0.02 and 0.03 to the first
    assert found(free) == {"push": (pytest.approx(0.035), exact), "sms": (pytest.approx(0.055), exact)}
    dear = {**free, ("push", "none"): 0.5}  # all say sms, push
    assert found(dear) == {"sms": (pytest.approx(0.04), exact), "push": (pytest.approx(0.05), exact)}
    rows[1] |= {"lift_second": None, "standard_error_second": None}
    assert found(free) == {}  # one half knows nothing of an option
    assert other_draws.reestimated([], wave="W1", costs=free, settings=settings.tiers).keys == ()


def test_lifts_of_assets_are_drawn_to_their_own_mean(settings: CampaignSettings) -> None:
    options = settings.waves["W1"].options
    seen = [
        row(o.channel, 0.05, 0.01, benefit=o.benefit, asset_lift=a, asset_standard_error=0.01, asset_control_error=0.0)
        for o, a in zip(options, (0.02, 0.04), strict=True)
    ]
    first, second = gains.of_assets(seen, settings.waves["W1"], "W1", settings.tiers)
    assert first is not None
    assert second is not None
    assert 0.02 < first < 0.03 < second < 0.04
    assert first + second == pytest.approx(0.06)
    del seen[0]["asset_standard_error"]
    assert gains.of_assets(seen, settings.waves["W1"], "W1", settings.tiers) == (pytest.approx(0.04),) * 2
    assert gains.of_assets([], settings.waves["W1"], "W1", settings.tiers) == (None, None)


def test_the_line_sets_users_moved_by_the_choosing_draws_beside_those_by_others(settings: CampaignSettings) -> None:
    """20 users at 0.05 and 30 at 0.10 are 4 users moved; by the other draws 20 x 0.02 + 30 x 0.06."""
    keys = [("high_potential", "W1", channel, benefit) for channel, benefit in (("push", "none"), ("sms", "gift"))]
    others = JointPosterior((*keys,), np.array([0.02, 0.06]), np.diag([1e-4, 4e-4]))
    learnt, wave = gains.WaveGains((0.05, 0.10), {}, (0, 1), 0.07, others), settings.waves["W1"]
    moved = {"push/none": 1.0, "sms/gift": 3.0}
    how: dict[str, Any] = {"moved": moved, "confidence": 0.95}
    reach = 1.959964 * (400 * 1e-4 + 900 * 4e-4) ** 0.5
    assert other_draws.told(learnt, wave, "W1", moved=moved, confidence=0.95) == [
        "the model's cell expects its options to move 4.0 users; "
        f"by draws that did not choose them 2.2 ({2.2 - reach:.1f} to {2.2 + reach:.1f})"
    ]
    assert other_draws.told(learnt, wave, "W1", moved={}, confidence=0.95) == []
    unknown = gains.WaveGains((0.05, 0.10), {}, (0, 1), 0.07)
    assert other_draws.told(unknown, wave, "W1", moved=moved, confidence=0.95) == [
        "the model's cell expects its options to move 4.0 users; "
        "too few draws in each half of the users to value what the other half chooses"
    ]
    sms = JointPosterior((keys[1],), np.array([0.06]), np.array([[4e-4]]))
    reach = 1.959964 * 30 * 0.02
    assert other_draws.told(gains.WaveGains((0.05, 0.10), {}, (0, 1), 0.07, sms), wave, "W1", **how) == [
        "the model's cell expects its options to move 4.0 users: 3.0 by options with draws in each half of the users, "
        f"by draws that did not choose them 1.8 ({1.8 - reach:.1f} to {1.8 + reach:.1f}); 1.0 by options without"
    ]

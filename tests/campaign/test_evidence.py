"""Evidence of bands: pooled months against known truth, drawn again and again."""

from typing import Any

import numpy as np
import pytest
from pyspark.sql import functions as F

from conftest import Rows
from made import of_users
from reactivation import clusters
from reactivation.campaign import CampaignSettings
from reactivation.campaign.tiers import bands, evidence
from reactivation.campaign.tiers.evidence import Evidence
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.clusters import WeightedComparison, WeightedShare
from reactivation.contracts import derived
from reactivation.periods import Month
from reactivation.statistics.shrinkage import IntervalEstimate, Posterior, Slope, shrunk

numbers, rules = pytest.mark.numbers, pytest.mark.rules
DRAWS = 2_000
AGES = np.array([3, 2, 1, 0])
CONF: dict[str, Any] = {
    "band_borders": [0.2, 0.5, 0.8],
    "assumed_high_from": 0.2,
    "assumed_natural_from": 0.8,
    "evidence_months": 4,
    "evidence_weight_per_month": 0.8,
    "minimum_users": 100,
    "confidence": 0.95,
    "prior_users": 50,
    "lift_spread_share": 0.02,
    "lift_slope": 0.2,
    "minimum_lift_share": 0.02,
    "natural_conversion_from": 0.75,
    "low_conversion_below": 0.10,
    "unrandomised_cycles": [],
}
SETTINGS = TierSettings.model_validate(CONF)
EIGHT_BANDS = TierSettings.model_validate(CONF | {"band_borders": [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]})


def seen_side(rng: np.random.Generator, *, rate: float, users: int, share: float, likeness: float) -> WeightedShare:
    """Users of whom each is seen in each of four months by chance; one user's months are alike.

    likeness: correlation of a user's months (beta-binomial). A third of the users are seen twice as rarely and weigh
    twice as much, as where assignment leaves them alone more rarely.
    """
    concentration = (1 - likeness) / likeness
    own = rng.beta(rate * concentration, (1 - rate) * concentration, users)
    rare = np.where(rng.random(users) < 1 / 3, 2.0, 1.0)
    is_seen = rng.random((users, len(AGES))) < (share / rare)[:, None]
    weight = is_seen * rare[:, None] * SETTINGS.evidence_weight_per_month**AGES
    did = rng.random((users, len(AGES))) < own[:, None]
    of_user = weight.sum(axis=1)
    return WeightedShare(
        rows=int(is_seen.sum()),
        users=int((of_user > 0).sum()),
        rate=float((weight * did).sum() / weight.sum()),
        effective=float(of_user.sum() ** 2 / (of_user**2).sum()),
    )


@numbers
@pytest.mark.parametrize("likeness", [0.01, 0.5, 0.9])
def test_pooled_intervals_of_conversion_cover_the_truth(likeness: float) -> None:
    """Truths lie about the middles of the bands as the prior says, all shifted alike: that is when it is right.

    A user's months are taken as one observation, so the less alike they are, the more the interval covers.
    """
    rng = np.random.default_rng(1)
    expected = {n: evidence._shifted({n: (0, 0)}, SETTINGS)[n] for n in range(1, 5)}
    hits: list[bool] = []
    for _ in range(DRAWS // 4):
        truth = {n: float(rng.beta(50 * m, 50 * (1 - m))) for n, m in expected.items()}
        sides = {n: seen_side(rng, rate=t, users=800, share=0.2, likeness=likeness) for n, t in truth.items()}
        found = evidence.conversion(sides, SETTINGS)
        hits += [found[n].low <= truth[n] <= found[n].high for n in found]
    assert 0.93 <= float(np.mean(hits)) <= (0.97 if likeness > 0.8 else 1.0)


def compared(rng: np.random.Generator, *, base: float, rise: float, held: int) -> WeightedComparison:
    """Nine touched for each held out; each user is seen once."""
    touched = 9 * held
    events = rng.binomial(touched, base + rise), rng.binomial(held, base)
    first, second = (
        WeightedShare(touched, touched, events[0] / touched, touched),
        WeightedShare(held, held, events[1] / held, held),
    )
    return WeightedComparison(first, second, touched + held, None)


def lift_of(pairs: dict[int, WeightedComparison], band: int, settings: TierSettings = SETTINGS) -> Posterior:
    found = evidence.lift(pairs, settings).of(band)
    assert found is not None
    return found


@numbers
def test_pooled_intervals_of_lift_cover_the_truth() -> None:
    """True lifts of eight bands lie normally about 0.05 with a standard deviation of 0.03, which is estimated."""
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(DRAWS // 4):
        truth = {n: float(rng.normal(0.05, 0.03)) for n in range(1, 9)}
        pairs = {n: compared(rng, base=0.4, rise=t, held=int(rng.integers(300, 3_000))) for n, t in truth.items()}
        found = {n: lift_of(pairs, n, EIGHT_BANDS).interval(SETTINGS.confidence) for n in pairs}
        hits += [found[n].low <= truth[n] <= found[n].high for n in found]
    assert 0.93 <= float(np.mean(hits)) <= 0.97


@numbers
@pytest.mark.parametrize("rise", [0.4, 0.0, -0.2])  # as expected is 0.2 ± 0.2
def test_intervals_cover_where_lifts_rise_or_fall_with_the_scores(rise: float) -> None:
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(DRAWS // 4):
        truth = {n: 0.05 + rise * (SETTINGS.middles[n] - 0.5) + float(rng.normal(0, 0.02)) for n in range(1, 5)}
        pairs = {n: compared(rng, base=0.3, rise=t, held=int(rng.integers(100, 2_000))) for n, t in truth.items()}
        found = {n: lift_of(pairs, n).interval(SETTINGS.confidence) for n in pairs}
        hits += [found[n].low <= truth[n] <= found[n].high for n in found]
    assert 0.92 <= float(np.mean(hits)) <= 0.98


RISING, FALLING = (0.22, 0.15, 0.13, 0.10), (0.04, 0.07, 0.10, 0.13)
"""True lifts of the bands, those of the highest scores first."""


def gain_of_picked(truth: tuple[float, ...], *, users: int, slope: float) -> float:
    """What the better half of the bands, as seen in a month before, truly gains, as a share of the best half's gain."""
    rng, settings = np.random.default_rng(6), SETTINGS.model_copy(update={"lift_slope": slope})
    found = []
    for _ in range(300):
        pairs = {n: compared(rng, base=0.4, rise=t, held=users // 10) for n, t in enumerate(truth, start=1)}
        picked = sorted(pairs, key=lambda n: -lift_of(pairs, n, settings).mean)[: len(truth) // 2]
        found.append(sum(truth[n - 1] for n in picked))
    return float(np.mean(found)) / sum(sorted(truth)[len(truth) // 2 :])


@numbers
def test_little_evidence_leaves_the_scores_their_order_and_much_decides() -> None:
    """Right scores, seen in 300 users a band: chance turns less round. Wrong ones: found out all the same."""
    assert gain_of_picked(RISING, users=300, slope=0.2) > 0.96
    assert gain_of_picked(RISING, users=300, slope=0.0) < 0.92
    assert gain_of_picked(FALLING, users=3_000, slope=0.2) > 0.93
    assert gain_of_picked(FALLING, users=30_000, slope=0.2) > 0.995


@numbers
def test_a_line_by_hand() -> None:
    """Two bands of equal variance: their mean stays; their difference is drawn to the expected one, as known as it."""
    at = np.array([0.8, 0.3])
    found = shrunk([1, 2], [0.10, 0.10], np.diag([0.0008, 0.0008]), spread=0.02, slope=Slope(at, 0.2))
    of_prior, of_seen = 2 * 0.02**2 + (0.2 * 0.5) ** 2, 2 * 0.0008
    difference = 0.1 * of_seen / (of_prior + of_seen)  # 0 was seen, 0.2 x 0.5 was expected
    assert found.means == pytest.approx([0.10 + difference / 2, 0.10 - difference / 2])
    assert found.combined({1: 1.0, 2: -1.0}).variance == pytest.approx(of_prior * of_seen / (of_prior + of_seen))


@numbers
def test_what_others_show_helps_a_band_of_which_little_is_known() -> None:
    """Mean squared error of the thinnest band, with and without the others."""
    rng = np.random.default_rng(3)
    own, drawn = [], []
    for _ in range(500):
        truth = {n: float(rng.normal(0.05, 0.02)) for n in range(1, 7)}
        pairs = {n: compared(rng, base=0.4, rise=t, held=150 if n == 1 else 2_000) for n, t in truth.items()}
        own.append(((pairs[1].difference or 0) - truth[1]) ** 2)
        drawn.append((lift_of(pairs, 1, EIGHT_BANDS).mean - truth[1]) ** 2)
    assert np.mean(drawn) < 0.6 * np.mean(own)


def months(rng: np.random.Generator, *, conversion: float, rise: float, stands: str, users: int) -> list[str]:
    """Tier of band 1 in many months of the same truth, each judged by itself from the standing tier."""
    found = []
    for _ in range(400):
        side = seen_side(rng, rate=conversion, users=users, share=0.2, likeness=0.5)
        alone = evidence.conversion({1: side}, SETTINGS)
        lifted = lift_of({1: compared(rng, base=conversion, rise=rise, held=users // 4)}, 1)
        band = Evidence(side.rows, side.effective, 9, 9, 9.0, alone[1], lifted.interval(0.95))
        found.append(bands.decided(band, stands, is_assumed=False, settings=SETTINGS).tier)
    return found


@numbers
@pytest.mark.parametrize(
    ("stands", "conversion", "rise"),
    [
        ("natural_converter", 0.76, 0.015),  # a little over the threshold, moved a little less than what counts
        ("high_potential", 0.74, 0.0),
        ("high_potential", 0.85, 0.025),  # they come by themselves, but contacts move them
        ("high_potential", 0.11, 0.0),
        ("low_potential", 0.09, 0.015),
    ],
)
def test_a_border_stays_under_noise(stands: str, conversion: float, rise: float) -> None:
    rng = np.random.default_rng(4)
    found = months(rng, conversion=conversion, rise=rise, stands=stands, users=3_000)
    assert float(np.mean([tier == stands for tier in found])) >= 0.95


@numbers
@pytest.mark.parametrize(
    ("stands", "conversion", "rise", "becomes"),
    [
        ("natural_converter", 0.60, 0.0, "high_potential"),
        ("natural_converter", 0.85, 0.10, "high_potential"),
        ("high_potential", 0.90, -0.02, "natural_converter"),
        ("high_potential", 0.03, 0.0, "low_potential"),
        ("low_potential", 0.20, 0.0, "high_potential"),
    ],
)
def test_a_border_moves_when_the_truth_is_clearly_beyond(
    stands: str, conversion: float, rise: float, becomes: str
) -> None:
    rng = np.random.default_rng(5)
    found = months(rng, conversion=conversion, rise=rise, stands=stands, users=10_000)
    assert float(np.mean([tier == becomes for tier in found])) >= 0.95


@numbers
def test_two_effects_by_hand() -> None:
    """Efron's and Morris's formula: variances 0.0004 and 0.0012 about a mean, spread 0.02 as conf says at least."""
    found = shrunk(["a", "b"], [0.06, 0.02], np.diag([0.0004, 0.0012]), spread=0.02)
    mean = (0.06 / 0.0008 + 0.02 / 0.0016) / (1 / 0.0008 + 1 / 0.0016)
    of_mean = 1 / (1 / 0.0008 + 1 / 0.0016)
    assert found.of("a") == pytest.approx((0.5 * 0.06 + 0.5 * mean, 0.5 * 0.0004 + 0.25 * of_mean))
    assert found.means[1] == pytest.approx(0.25 * 0.02 + 0.75 * mean)
    alone = shrunk(["a"], [0.06], np.diag([0.0004]), spread=0.02)
    assert alone.of("a") == pytest.approx((0.06, 0.0004))  # as seen


@numbers
def test_bands_without_enough_users_are_no_evidence_but_have_an_expectation() -> None:
    def row(band: int, users: int) -> dict[str, Any]:
        sides = [(0, 1, 0, 0, 1_000_000, 1_000_000 * (n % 5 == 0)) for n in range(users)]
        sides += [(1, 0, 1_000_000, 1_000_000 * (n % 4 == 0), 0, 0) for n in range(users)]
        return {**of_users(sides), "band": band, "is_lift": True}

    found = evidence.pool([row(1, 400), row(2, 20)], SETTINGS)
    assert found[1].lift is not None
    assert (found[2].lift, found[2].n_compared) == (None, 20)
    assert found[2].expected_lift == pytest.approx(0.05 - 0.2 * (0.9 - 0.65), abs=0.01)  # as the line has it
    assert evidence.pool([row(2, 20)], SETTINGS)[2].expected_lift is None
    rows = bands.decide({1: 5, 2: 5}, found, SETTINGS, before={(0.8, 1.0): "high_potential"})
    assert set(bands.gains(rows)) == {1, 2}
    assert bands.gains([*rows, {**rows[1], "band": 9, "expected_gain": None}]) == {}  # one is not known: none is used


@numbers
def test_scores_that_are_off_as_a_whole_shift_every_prior_alike() -> None:
    """Bands at 0.9 and 0.35 convert as log-odds one lower would: each prior is what is seen, so nothing is drawn."""
    lower = {n: 1 / (1 + np.exp(1) * (1 - m) / m) for n, m in ((1, 0.9), (3, 0.35))}
    found = evidence.conversion({n: WeightedShare(200, 200, rate, 200) for n, rate in lower.items()}, SETTINGS)
    assert {n: round(i.estimate, 6) for n, i in found.items()} == {n: round(rate, 6) for n, rate in lower.items()}
    everybody = evidence.conversion({3: WeightedShare(200, 200, 1.0, 200)}, SETTINGS)[3]
    assert 0.8 < everybody.low < everybody.estimate < everybody.high < 1  # no shift would fit: the plain middle


@numbers
def test_older_months_weigh_less() -> None:
    weights = evidence.month_weights(["2026-01", "2026-03"], newest=Month.parse("2026-04"), settings=SETTINGS)
    assert weights == {"2026-01": pytest.approx(0.512), "2026-03": pytest.approx(0.8)}


def interval(low: float, high: float) -> IntervalEstimate:
    return IntervalEstimate((low + high) / 2, low, high)


MANY = {
    "n_untouched": 900,
    "effective_untouched": 900.0,
    "n_touched": 900,
    "n_compared": 900,
    "effective_compared": 900.0,
}
SURELY_NOT_MOVED, UNSURE, SURELY_MOVED = interval(-0.01, 0.01), interval(-0.01, 0.03), interval(0.02, 0.05)


@numbers
@pytest.mark.parametrize(
    ("stands", "conversion", "lift", "tier", "basis"),
    [
        ("high_potential", interval(0.80, 0.9), SURELY_NOT_MOVED, "natural_converter", "observed"),
        ("high_potential", interval(0.80, 0.9), UNSURE, "high_potential", "kept"),
        ("high_potential", interval(0.80, 0.9), None, "high_potential", "kept"),  # high conversion alone is not enough
        ("natural_converter", interval(0.80, 0.9), None, "natural_converter", "kept"),
        ("natural_converter", interval(0.80, 0.9), SURELY_MOVED, "high_potential", "observed"),
        ("natural_converter", interval(0.70, 0.8), UNSURE, "natural_converter", "kept"),
        ("natural_converter", interval(0.05, 0.2), None, "high_potential", "observed"),  # surely not natural
        ("natural_converter", interval(0.02, 0.09), None, "low_potential", "observed"),
        ("high_potential", interval(0.08, 0.2), SURELY_NOT_MOVED, "high_potential", "kept"),
        ("high_potential", interval(0.02, 0.09), UNSURE, "low_potential", "observed"),
        ("low_potential", interval(0.02, 0.09), SURELY_MOVED, "high_potential", "observed"),
        ("low_potential", interval(0.10, 0.2), UNSURE, "high_potential", "observed"),  # from the threshold on
        ("low_potential", interval(0.09, 0.2), UNSURE, "low_potential", "kept"),
        ("low_potential", None, None, "low_potential", "kept"),
    ],
)
def test_a_tier_changes_only_where_an_interval_excludes_its_threshold(
    stands: str, conversion: IntervalEstimate | None, lift: IntervalEstimate | None, tier: str, basis: str
) -> None:
    seen = Evidence(**MANY, conversion=conversion, lift=lift)
    found = bands.decided(seen, stands, is_assumed=False, settings=SETTINGS)
    assert (found.tier, found.basis) == (tier, basis)


@rules
def test_months_and_cells_are_counted_by_what_was_known_before(rows: Rows, settings: CampaignSettings) -> None:
    """Ten users, one month of weight 1 and one of weight 0.5; scores of the other month do not come in."""
    names = [
        "user_id",
        "cycle",
        "policy",
        "picked_by_model",
        "picked_by_rule",
        "picked_by_random",
        "is_selected",
        "touch",
    ]
    people = [
        *[(i, "2026-04", "model", True, False, False, True, "touched") for i in (1, 2, 3)],
        (4, "2026-04", "model", True, False, False, True, "holdout"),
        (4, "2026-03", "model", True, False, False, True, "holdout"),  # the same user again
        (5, "2026-03", "model", True, False, False, True, "touched"),
        (6, "2026-03", "none", False, False, False, False, None),
        (7, "2026-02", "model", True, False, False, True, "holdout"),  # no evidence
    ]
    arms = rows(derived.ARMS, names, people)
    scores = rows(derived.SCORES, ["user_id", "cycle", "p_active"], [(p[0], p[1], 0.6) for p in people])
    did = rows(derived.OUTCOMES, ["user_id", "cycle", "is_active"], [(p[0], p[1], p[0] in (1, 4)) for p in people])
    table = rows(derived.TIERS_TABLE, ["user_id", "cycle", "tier"], [(p[0], p[1], "high_potential") for p in people])
    banded = bands.band(F.col("p_active"), settings.tiers)
    weights = {"2026-04": 1.0, "2026-03": 0.5}
    found = evidence.observe(scores, arms, table, did, bands=banded, weights=weights).collect()
    pairs = {(row.band, row.is_lift): clusters.pair(row.asDict()) for row in found}
    assert set(pairs) == {(2, False), (2, True)}
    alone, both = pairs[2, False].treatment, pairs[2, True]
    assert (alone.rows, alone.users, alone.rate, alone.effective) == (2, 1, 1.0, 1.0)  # user 4, twice
    assert (both.treatment.rows, both.control.rows) == (4, 2)
    # users of April weigh 4/3, of March 2 x 0.5: one of three active, and none of one
    assert both.treatment.rate == pytest.approx((4 / 3) / (4 / 3 * 3 + 1), abs=1e-6)


@numbers
def test_pool_names_what_it_saw() -> None:
    users = [(1, 0, 1_000_000, 1_000_000 * (n < 60), 0, 0) for n in range(300)]
    found = evidence.pool([{**of_users(users), "band": 3, "is_lift": False}], SETTINGS)
    assert list(found) == [3]
    assert (found[3].n_untouched, found[3].effective_untouched, found[3].lift) == (300, 300.0, None)
    assert found[3].conversion is not None
    assert found[3].conversion.estimate == pytest.approx(0.2, abs=1e-6)  # the only band: its prior is what was seen

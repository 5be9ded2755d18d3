"""The rows of the month beside its headline: adjusted, reached, parts, weeks, disagreements, guardrails and cost."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pytest

from experiment.asked import settings_for, specs_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment.groups import Group, Totals, sum_of
from reactivation.experiment.metric_specs import MISSING
from reactivation.experiment.metrics import EVERYBODY
from reactivation.experiment.settings import ActiveUserValue
from reactivation.periods import Month
from reactivation.statistics.cuped import JointMoments, adjusted
from reactivation.statistics.estimates import Estimate, gain
from reactivation.statistics.means import Spread, difference
from reactivation.statistics.verdicts import BETTER, INCONCLUSIVE, NOT_ESTIMABLE, SAME, WITHHELD, WORSE

pytestmark = pytest.mark.numbers

JUNE = Month.parse("2026-06")
SETTINGS = settings_for(
    spend_tolerance_share=0.5,
    most_outside_share=0.5,
    most_redeemed_share=0.05,
    metrics={
        "active": experiment.Metric(outcome="is_active", minimum_effect=0.02),
        "retained": experiment.Metric(outcome="retained", minimum_effect=0.02),
    },
    means={"active_days": experiment.Mean(outcome="active_days", lowest=0, highest=31, minimum_effect=0.1)},
    guardrails={"opt_out": experiment.Guardrail(outcome="opted_out", margin=0.01)},
    covariates=("login_days_1m",),
)
SPECS = specs_for(SETTINGS, weeks=2)
DAYS = next(metric for metric in SPECS.compared if metric.name == "active_days")
DESIGN = experiment.Design({"model": 1 / 3, "rule": 1 / 3, "random": 1 / 3}, holdout=0.5, long_holdout=0.0)
WORDS = {BETTER, WORSE, SAME, INCONCLUSIVE, NOT_ESTIMABLE, WITHHELD, "proven better but smaller than the minimum"}


def users(rate: float, n: int, seed: int, **more: float) -> dict[str, Any]:
    """Sums of n users of whom a share was active, their covariate hanging together with it."""
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 4, n)
    days = rng.binomial(3, np.clip(rate * (0.4 + 0.4 * before), 0, 1))
    active = days > 0
    x = {"login_days_1m": before, MISSING: np.zeros(n, dtype=int)}
    names = list(x)
    sums: dict[str, Any] = {
        **{"users": n, "assigned": n, "spend": 0.0, "known__active": n, "events__active": active.sum()},
        **{"known__active_days": n, "total__active_days": days.sum(), "squares__active_days": (days**2).sum()},
        **{"known__opt_out": n, "events__opt_out": 2, sum_of("users", EVERYBODY): n, "cost": 0.0, "cost_squares": 0.0},
        **{f"known__week__{w}": n for w in (1, 2)},
        "events__week__1": active.sum(),
        "events__week__2": active.sum() // 2,
    }
    for i, name in enumerate(names):
        sums[sum_of("sum", EVERYBODY, name)] = x[name].sum()
        sums[sum_of("with", "active", name)] = (x[name] * active).sum()
        sums[sum_of("with", "active_days", name)] = (x[name] * days).sum()
        for other in names[i:]:
            sums[sum_of("product", EVERYBODY, name, other)] = (x[name] * x[other]).sum()
    plain = {name: value if isinstance(value, float) else int(value) for name, value in sums.items()}
    return {**plain, **more}


def bank(**more: float) -> list[Group]:
    """Three cells in two branches; model picks other users than rule and random, who agree; touching moves some.

    more: sums of everybody touched.
    """
    found = []
    for seed, (policy, is_selected, touch, branch) in enumerate(
        (policy, is_selected, touch, branch)
        for policy in derived.POLICIES
        for is_selected in (True, False)
        for touch in ("touched", "holdout")
        for branch in ("B1", "B2")
    ):
        is_touched = touch == "touched"
        rate = 0.30 if is_touched and is_selected else 0.15
        others = frozenset({"rule", "random"})
        likes_model = is_selected if policy == "model" else not is_selected
        sums = users(rate, 1_000, seed, **(more if is_touched else {}))
        picked_by = frozenset({"model"}) if likes_model else others
        found.append(Group(policy, is_selected, touch, Totals(sums), picked_by, branch, "high_potential"))
    return found


def read(groups: Iterable[Group], settings: experiment.ExperimentSettings = SETTINGS) -> list[dict[str, Any]]:
    known = list(groups)
    request = experiment.request(known, design=DESIGN, settings=settings, specs=SPECS, known_on=date(2026, 8, 6))
    rows = experiment.read_out(known, cycle=JUNE, request=request)
    assert all(tuple(row) == derived.READOUT.column_names for row in rows)
    keys = [tuple(row[name] for name in derived.READOUT.key) for row in rows]
    assert len(keys) == len(set(keys))
    return rows


def one(rows: list[dict[str, Any]], contrast: str, metric: str, segment: str) -> dict[str, Any]:
    return next(r for r in rows if (r["contrast"], r["metric"], r["segment"]) == (contrast, metric, segment))


BANK = bank(reached=600, reached__active=600, reached_events__active=250, cost=500.0, cost_squares=500.0)
ROWS = read(BANK)


def test_every_causal_row_ends_in_one_of_the_words_and_no_descriptive_one_does() -> None:
    for row in ROWS:
        is_beside = row["segment"].startswith("all, ") or row["metric"] == "cost_per_active"
        if row["contrast"].startswith(("pick_", "found_")) or is_beside:
            assert row["verdict"] is None
        else:
            assert row["verdict"] in WORDS


def test_the_adjusted_row_is_cuped_on_the_same_users_and_shorter() -> None:
    members = [g for g in BANK if g.policy == "model" and g.is_selected]
    joints = {}
    for touch in ("touched", "holdout"):
        parts = [DAYS.joint(g.totals, SPECS.adjusters) for g in members if g.touch == touch]
        first, second = (part for part in parts if isinstance(part, JointMoments))
        joints[touch] = first.merged(second)
    spread = adjusted(joints)
    assert spread is not None
    straight = difference(spread["touched"], spread["holdout"], alpha=0.05)
    row, plain = (one(ROWS, "touch_model", "active_days", segment) for segment in ("all, CUPED", "all"))
    assert (row["difference"], row["difference_low"]) == pytest.approx((straight.estimate, straight.low))
    assert row["difference_high"] - row["difference_low"] < 0.95 * (plain["difference_high"] - plain["difference_low"])
    assert plain["method"].startswith("difference of means: Welch")


def test_an_adjusted_gain_is_the_difference_of_two_adjusted_effects() -> None:
    for segment in ("all", "all, CUPED", "all, post-stratified"):
        first, second, gain = (
            one(ROWS, name, "active", segment)["difference"]
            for name in ("touch_model", "touch_rule", "gain_model_vs_rule")
        )
        assert gain == pytest.approx(first - second, abs=1e-12)


def test_pick_is_found_plus_gain_in_every_part_and_metric() -> None:
    seen = 0
    for row in ROWS:
        if row["contrast"].startswith("pick_") and row["difference"] is not None:
            found, gain = (
                one(ROWS, row["contrast"].replace("pick_", f"{kind}_"), row["metric"], row["segment"])["difference"]
                for kind in ("found", "gain")
            )
            assert row["difference"] == pytest.approx(found + gain, abs=1e-12)
            seen += 1
    assert seen == 2 * 2 * 2  # two pairs, two metrics, all users and those of the disagreement


def test_what_the_next_month_tells_is_named_with_its_day() -> None:
    row = one(ROWS, "touch_model", "retained", "all")
    assert row["verdict"] == "not estimable"
    assert row["reason"] == "month + 1 settles on 2026-08-06: run read_out again with --as-of 2026-08-06 or later"
    assert one(ROWS, "touch_model", "retained", "all, CUPED")["reason"] == row["reason"]


def test_the_disagreement_set_holds_those_whom_only_one_policy_picks() -> None:
    row = one(ROWS, "policy_model_vs_rule", "active", "disagreement model_vs_rule")
    assert (row["n_treatment"], row["n_control"]) == (4_000, 4_000)  # all of both cells' touched disagree
    agreed = [
        Group(g.policy, g.is_selected, g.touch, g.totals, frozenset(derived.POLICIES), g.branch, g.tier) for g in BANK
    ]
    alike = one(read(agreed), "touch_model", "active", "disagreement model_vs_rule")
    assert (alike["n_treatment"], alike["status"]) == (0, "not_estimable")


def test_parts_and_weeks_are_families() -> None:
    for segments, words in (
        (("branch=B1", "branch=B2", "tier=high_potential"), "3 segments"),
        (("week 1", "week 2"), "2 weeks"),
    ):
        for segment in segments:
            row = one(ROWS, "touch_model", "active", segment)
            assert f"over {words}" in row["reason"]
            assert row["verdict"] == BETTER
    assert one(ROWS, "touch_model", "active", "branch=B1")["n_treatment"] == 1_000


def test_the_effect_on_the_reached_is_the_touch_effect_over_the_share_with_a_delivery() -> None:
    plain, row = (one(ROWS, "touch_model", "active", segment) for segment in ("all", "reached"))
    assert row["difference"] == pytest.approx(plain["difference"] / 0.6)
    assert row["estimate_treatment"] - row["estimate_control"] == pytest.approx(row["difference"])
    assert "against silence" in row["reason"]


@pytest.mark.parametrize(
    ("opted_out", "word", "verdict"),
    [(2, "holds", SAME), (14, "not shown to hold", INCONCLUSIVE), (60, "broken", WORSE)],
)
def test_a_guardrail_is_judged_at_its_margin(opted_out: int, word: str, verdict: str) -> None:
    rows = read(bank(events__opt_out=opted_out))
    row = one(rows, "touch_model", "opt_out", "all")
    assert row["reason"].startswith(f"guardrail {word}: ")
    assert row["verdict"] == verdict


def test_cost_per_incremental_user_is_money_more_over_users_more() -> None:
    row = one(ROWS, "touch_model", "cost_per_active", "all")
    assert row["estimate_treatment"] == pytest.approx(0.5)
    assert row["ratio"] == pytest.approx(0.5 / row["estimate_control"])
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]


def test_a_cost_that_nobody_knows_is_no_price_and_no_net_gain() -> None:
    worth = SETTINGS.model_copy(update={"active_user_value": ActiveUserValue(registered=10, range=(5, 10))})
    names = ("status", "estimate_treatment", "difference", "ratio", "reason")
    for unknown, statuses in ((0, {"estimated"}), (1_000, {"not_estimable"})):
        rows = read(bank(cost=500.0, cost_squares=500.0, cost_unknown=unknown), worth)
        priced = [r for r in rows if r["metric"] in ("cost_per_active", "net_gain") and r["contrast"] == "touch_model"]
        assert len(priced) == 2
        assert {r["status"] for r in priced} == statuses
    reason = "what was spent is not known: no source of redemptions, or of deliveries"
    assert {tuple(r[name] for name in names) for r in priced} == {("not_estimable", None, None, None, reason)}
    assert {r["status"] for r in rows if r["metric"] == "net_gain" and r["contrast"] == "policy_model_vs_rule"} == {
        "not_estimable"
    }


def test_what_a_failed_check_withholds_is_withheld_in_every_part() -> None:
    lost = [g for g in BANK if (g.policy, g.touch, g.branch) != ("rule", "holdout", "B2")]
    rows = [
        r for r in read(lost) if r["contrast"] == "touch_rule" and r["metric"] in ("active", "opt_out", "active_days")
    ]
    assert {r["status"] for r in rows} == {"withheld"}
    assert {r["segment"] for r in rows} >= {"all", "all, CUPED", "reached", "week 1", "branch=B1"}
    assert all(r[name] is None for r in rows for name in ("difference", "estimate_control", "p_value", "ratio"))


def test_a_holdout_that_redeems_or_is_written_to_is_no_holdout() -> None:
    for name, words in (("redeemers", "redeemed benefits"), ("from_outside", "contacts of other senders")):
        dirty = [
            Group(g.policy, g.is_selected, g.touch, Totals({**g.totals.sums, name: 600}), g.picked_by, g.branch, g.tier)
            if g.policy == "model" and g.touch == "holdout"
            else g
            for g in BANK
        ]
        rows = read(dirty)
        row = one(rows, "touch_model", "active", "all")
        assert (row["status"], words in row["reason"]) == ("withheld", True)
        assert one(rows, "touch_rule", "active", "all")["status"] == "estimated"


def test_alpha_is_split_over_the_registered_looks() -> None:
    four = read(BANK, SETTINGS.model_copy(update={"interim_look_days": (7, 14, 21)}))
    once, often = (one(rows, "touch_model", "active", "all") for rows in (ROWS, four))
    assert often["difference_low"] < once["difference_low"]
    assert "alpha 0.0125 at each of 4 looks" in often["method"]


def test_the_gain_of_two_means_covers_as_often_as_it_says() -> None:
    """Ten thousand months: days active among 400 touched and 100 held out of either policy."""
    rng = np.random.default_rng(20260617)
    sizes, shift = (400, 100, 400, 100), (0.5, 0.2, 0.3, 0.1)
    sides = [
        (rng.normal(mean, 1.5 / np.sqrt(n), 10_000), 1.5**2 * rng.chisquare(n - 1, 10_000) / (n - 1))
        for n, mean in zip(sizes, shift, strict=True)
    ]
    spreads = [Spread(n, *side) for n, side in zip(sizes, sides, strict=True)]
    effects = [difference(first, second, alpha=0.05) for first, second in (spreads[:2], spreads[2:])]
    covered = 0
    for month in range(10_000):
        first, second = (
            Estimate(
                *(400, 100),
                difference=effect.estimate[month],
                difference_low=effect.low[month],
                difference_high=effect.high[month],
            )
            for effect in effects
        )
        found = gain(first, second)
        assert found.difference_low is not None
        assert found.difference_high is not None
        covered += found.difference_low <= 0.3 - 0.2 <= found.difference_high
    assert 0.94 <= covered / 10_000 <= 0.96

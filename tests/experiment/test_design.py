"""Before the launch: what is seen, how large a holdout must be, and what it costs; against closed forms."""

from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from conftest import Rows
from experiment.test_registration import RATES, SIZES, settings
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment import design
from reactivation.experiment.power import NOT_KNOWN, BaseRate, statement
from reactivation.experiment.settings import Metric

numbers = pytest.mark.numbers

PUBLISHED = yaml.safe_load((Path(__file__).parents[1] / "data/statistics.yml").read_text(encoding="utf-8"))
PRICE = design.Price(contacts_per_user=3.0, cost_per_contact=0.5)


def one_cell(users: int, held: int) -> dict[str, int]:
    """Everybody picked in the cell `model`; the others are empty."""
    sizes = dict.fromkeys(SIZES, 0)
    return {**sizes, "model.selected.touched": users - held, "model.selected.holdout": held}


@numbers
@pytest.mark.parametrize("case", PUBLISHED["minimum_detectable_difference"], ids=str)
def test_the_design_sees_what_is_published(case: dict[str, Any]) -> None:
    users = 3_370_000
    sizes = one_cell(users, round(users * case["control_share"]))
    rows = design.seen(settings(), sizes=sizes, base_rates={"login": BaseRate(case["base_rate"])}, power=0.8)
    found = next(row for row in rows if (row["contrast"], row["metric"]) == ("touch_model", "login"))
    assert found["sees_points"] == pytest.approx(case["mde_pp"], abs=0.0006)


@numbers
@pytest.mark.parametrize("case", PUBLISHED["minimum_detectable_difference"], ids=str)
def test_the_holdout_that_sees_a_published_difference_is_the_published_one(case: dict[str, Any]) -> None:
    asked = design.Question("login", case["mde_pp"] / 100, 0.8, 0.05)
    sizes, rate = one_cell(3_370_000, 337_000), BaseRate(case["base_rate"])
    rows, sentences = design.holdouts(asked, sizes=sizes, rate=rate, price=PRICE)
    found = rows[0]
    assert found["needs"] / 3_370_000 == pytest.approx(case["control_share"], rel=0.1)
    assert found["contacts_not_sent"] == pytest.approx(3 * found["needs"], abs=1)
    assert found["cost_not_spent"] == pytest.approx(1.5 * found["needs"], abs=1)
    assert "the price is" in sentences[0]


@numbers
def test_half_a_point_is_answered_per_cell_and_for_all_cells_as_one() -> None:
    asked = design.question(settings(), metric=None, difference=0.005, power=None)
    assert asked == design.Question("login", 0.005, 0.8, 0.05)
    rows, sentences = design.holdouts(asked, sizes=SIZES, rate=RATES["login"], price=PRICE)
    assert [row["among"] for row in rows] == ["touch_model", "touch_rule", "touch_random", "all cells as one"]
    assert [row["picked"] for row in rows] == [10_000, 10_000, 10_000, 30_000]
    assert all(row["needs"] is None for row in rows)  # even halves of 30 000 users see 1.3 points at best
    assert "a half of them shows 1.29 points" in sentences[-1]
    assert rows[0]["sees_points"] == pytest.approx(100 * 2.8016 * sqrt(0.16 * (1 / 9_000 + 1 / 1_000)), abs=0.001)


@numbers
def test_more_looks_need_more_users() -> None:
    once, often = (
        design.question(settings(interim_look_days=days), metric="login", difference=0.03, power=0.9)
        for days in ([], [8, 15, 22])
    )
    assert often.alpha == pytest.approx(0.0125)
    needs = [design.holdouts(q, sizes=SIZES, rate=BaseRate(0.2), price=PRICE)[0][3]["needs"] for q in (once, often)]
    assert needs[0] < needs[1]


@numbers
def test_other_shares_show_less_and_cost_less() -> None:
    asked = design.question(settings(), metric=None, difference=0.005, power=None)
    rows = design.shares(asked, sizes=SIZES, rate=BaseRate(0.2), price=PRICE)
    assert [row["held_out"] for row in rows] == [200, 500, 1_000, 2_000, 3_000, 5_000]
    assert [row["contacts_not_sent"] for row in rows] == [600, 1_500, 3_000, 6_000, 9_000, 15_000]
    for row, held in zip(rows, (200, 500, 1_000, 2_000, 3_000, 5_000), strict=True):
        closed = 100 * 2.80158 * sqrt(0.16 * (1 / held + 1 / (10_000 - held)))
        assert row["sees_points"] == pytest.approx(closed, abs=0.002)


@numbers
def test_without_a_base_rate_nothing_is_made_up() -> None:
    asked = design.question(settings(), metric="transaction", difference=0.005, power=None)
    rows, sentences = design.holdouts(asked, sizes=SIZES, rate=NOT_KNOWN, price=PRICE)
    assert rows == []
    assert "nothing can be said" in sentences[0]
    assert design.shares(asked, sizes=SIZES, rate=NOT_KNOWN, price=PRICE) == []


@numbers
def test_expected_sizes_are_the_shares_of_conf() -> None:
    cells = {"model": 0.7, "rule": 0.15, "random": 0.15}
    found = experiment.expected_sizes(1_000_000, cells=cells, holdout=0.1, long_holdout=0.02, selected=0.3)
    assert found["model.selected.touched"] == round(1_000_000 * 0.7 * 0.3 * 0.88)
    assert found["rule.all.long_holdout"] == 3_000
    assert sum(n for name, n in found.items() if ".all." in name) == 1_000_000
    rows = statement(settings(), sizes=found, base_rates={"login": BaseRate(0.05)})
    touch = next(r for r in rows if (r["contrast"], r["metric"]) == ("touch_model", "login"))
    closed = 2.80158 * sqrt(0.05 * 0.95 * (1 / 184_800 + 1 / 21_000))
    assert touch["minimum_detectable"] == pytest.approx(closed, rel=1e-4)


@pytest.mark.rules
def test_before_any_experiment_the_rates_are_those_of_the_sleepers(spark: SparkSession, rows: Rows) -> None:
    features = spark.createDataFrame(
        [
            ("2026-03", 1, True, 0.0),
            ("2026-03", 2, True, 1.0),
            ("2026-03", 3, False, 9.0),  # awake: says nothing of sleepers
            ("2026-04", 1, True, 2.0),  # slept at the start of March and came in March
            ("2026-04", 2, False, 0.0),
            ("2026-04", 3, True, 5.0),
        ],
        "cycle string, user_id bigint, is_low_activity boolean, login_days_1m double",
    )
    labels = rows(
        derived.LABELS,
        ["cycle", "user_id", "is_active", "has_asset_uplift"],
        [("2026-03", 1, True, None), ("2026-03", 2, True, None), ("2026-03", 3, False, True)],
    )
    metrics = {
        "login": Metric(outcome="logged_in", minimum_effect=0.01, pre_period="login_days_1m > 0"),
        "active": Metric(outcome="is_active", minimum_effect=0.01, pre_period="login_days_1m > 0"),
        "asset_uplift": Metric(outcome="has_asset_uplift", minimum_effect=0.01),
        "transaction": Metric(outcome="transacted", minimum_effect=0.01),
    }
    found = experiment.before_any_experiment(features, labels, metrics=metrics)
    assert found["login"] == BaseRate(0.5, "low-activity users of 2026-03, by the features of the month after")
    assert found["active"] == BaseRate(1.0, "low-activity users of 2026-03, by labels")
    assert found["asset_uplift"] == NOT_KNOWN  # no sleeper with a known balance
    assert found["transaction"] == NOT_KNOWN
    assert experiment.before_any_experiment(features, None, metrics=metrics)["active"].value == 0.5

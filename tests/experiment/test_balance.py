"""Balance before the launch: by hand, by simulation, and what it warns of."""

from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.stats import norm, ttest_ind

from conftest import CONF, Rows
from experiment.test_registration import settings
from reactivation import cli, experiment
from reactivation.contracts import derived, flow
from reactivation.contracts.table import Column
from reactivation.errors import SettingsError
from reactivation.experiment import balance
from reactivation.pipelines import assign_tiers
from reactivation.runtime.store import Store
from reactivation.statistics.means import Moments

numbers = pytest.mark.numbers
rules = pytest.mark.rules

LOGIN = {"login": {"outcome": "logged_in", "minimum_effect": 0.02, "pre_period": "login_days_3m > 0"}}
SETTINGS = settings(metrics=LOGIN)


def group(policy: str, touch: str, values: list[float], *, is_selected: bool = True) -> dict[str, Any]:
    """A row of `aggregate` made of users' login days."""
    return {
        "policy": policy,
        "is_selected": is_selected,
        "touch": touch,
        "users": len(values),
        "is_login_days_3m_n": len(values),
        "is_login_days_3m_total": sum(values),
        "is_login_days_3m_squares": sum(v * v for v in values),
        "did_login_n": sum(v > 0 for v in values),
    }


def table(
    groups: list[dict[str, Any]],
    *,
    asked: experiment.ExperimentSettings = SETTINGS,
    is_first_month: bool = False,
) -> dict[tuple[str, str], dict[str, Any]]:
    rows = balance.balance(groups, cycle="2026-06", settings=asked, is_first_month=is_first_month)
    return {(row["kind"], row["contrast"]): row for row in rows}


@numbers
def test_a_standardised_difference_is_that_of_a_hand_computation() -> None:
    touched, held, others = [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 6.0], [9.0, 9.0]
    found = table(
        [group("model", "touched", touched), group("model", "holdout", held), group("rule", "touched", others)]
    )
    row = found["covariate", "touch_model"]
    # means 1.5 and 3; variances 5/3 and 14/3: their mean is 19/6
    assert (row["mean_treatment"], row["mean_control"]) == (1.5, 3.0)
    assert row["standardised_difference"] == pytest.approx(-1.5 / sqrt(19 / 6), rel=1e-8)
    assert row["p_value"] == pytest.approx(ttest_ind(touched, held, equal_var=False).pvalue, rel=1e-8)
    assert found["covariate", "arms_model"]["standardised_difference"] == row["standardised_difference"]
    assert found["covariate", "policy_model_vs_rule"]["n_control"] == 2
    assert found["covariate", "touch_random"]["p_value"] is None  # nobody there: not known, and no zero


@numbers
def test_an_arm_takes_the_whole_cell_and_a_contrast_the_picked_alone() -> None:
    groups = [
        group("model", touch, [value] * 3 + [0.0], is_selected=is_selected)
        for touch, value in (("touched", 1.0), ("holdout", 2.0))
        for is_selected in (True, False)
    ]
    found = table(groups)
    assert found["covariate", "touch_model"]["n_treatment"] == 4
    assert found["covariate", "arms_model"]["n_treatment"] == 8


@numbers
def test_the_past_of_the_long_holdout_is_compared_in_its_first_month_alone() -> None:
    groups = [group("model", touch, [0.0, 1.0, 2.0]) for touch in derived.TOUCHES]
    later = {contrast for _, contrast in table(groups)}
    first = {contrast for _, contrast in table(groups, is_first_month=True)}
    assert first - later == {"cumulative_touch"}
    assert not {name for name in first if name.startswith(("pick_", "found_"))}  # those differ by design


@numbers
def test_a_month_of_identical_draws_warns_as_rarely_as_the_bound_says() -> None:
    """40 draws in which nothing differs: by its adjusted p some row warns in about 5 % of them or fewer."""
    chance, asked = np.random.default_rng(20260601), settings(balance=bounds(p=0.05, apart=9))
    alarms = 0
    for _ in range(40):
        groups = [
            group(policy, touch, list(chance.poisson(2.0, 100).astype(float)))
            for policy in ("model", "rule", "random")
            for touch in ("touched", "holdout")
        ]
        rows = table(groups, asked=asked).values()
        alarms += any(row["warning"] for row in rows if row["kind"] == "covariate")
    assert alarms <= 4


@numbers
def test_what_passes_a_bound_is_warned_of_in_words_and_in_nothing_but_words() -> None:
    apart = [group("model", "touched", [0.0, 1.0] * 500), group("model", "holdout", [1.0, 2.0] * 500)]
    found = table(apart, asked=settings(metrics=LOGIN, balance=bounds(p=0.01, apart=0.1)))
    row = found["covariate", "touch_model"]
    assert row["p_adjusted"] >= row["p_value"]
    assert "-1.999 standard deviations apart, more than 0.1" in row["warning"]
    assert "adjusted for" in row["warning"]
    assert "chance hardly gives this" in found["pre_period", "touch_model"]["warning"]
    said = balance.warnings(list(found.values()))
    assert said[0].endswith("to look into")
    assert any(line.startswith("touch_model, login_days_3m: ") for line in said)
    alike = table([group("model", touch, [0.0, 1.0] * 500) for touch in ("touched", "holdout")])
    assert balance.warnings(list(alike.values()))[0].endswith("nothing to look into")


@numbers
def test_where_nothing_varies_there_is_no_standardised_difference() -> None:
    assert balance.standardised(Moments(3, 3.0, 3.0), Moments(4, 4.0, 4.0)) is None
    assert balance.standardised(Moments(1, 3.0, 9.0), Moments(4, 4.0, 6.0)) is None
    row = table([group("model", touch, [1.0] * 50) for touch in ("touched", "holdout")])["covariate", "touch_model"]
    assert (row["standardised_difference"], row["p_value"], row["warning"]) == (None, None, None)


@numbers
def test_the_month_before_is_analysed_as_the_read_out_will_be() -> None:
    groups = [
        group("model", "touched", [0.0] * 60 + [1.0] * 40),
        group("model", "holdout", [0.0] * 70 + [1.0] * 30),
        group("rule", "touched", [0.0] * 50 + [1.0] * 50),
        group("rule", "holdout", [0.0] * 50 + [1.0] * 50),
    ]
    found = table(groups)
    touch, gain = found["pre_period", "touch_model"], found["pre_period", "gain_model_vs_rule"]
    assert (touch["mean_treatment"], touch["mean_control"]) == (0.4, 0.3)
    pooled_z = 0.1 / sqrt(0.35 * 0.65 * 2 / 100)
    assert touch["p_value"] == pytest.approx(2 * norm.sf(pooled_z), rel=1e-8)
    assert (gain["mean_treatment"], gain["mean_control"]) == (pytest.approx(0.1), pytest.approx(0.0))
    assert 0.2 < gain["p_value"] < 0.4
    known = [row["p_value"] for (kind, _), row in found.items() if kind == "pre_period" and row["p_value"] is not None]
    assert touch["p_value"] == min(known)
    assert touch["p_adjusted"] == pytest.approx(len(known) * touch["p_value"], rel=1e-8)  # Holm's first step
    assert found["pre_period", "touch_random"]["p_value"] is None


@rules
def test_one_pass_gives_the_sums_and_who_is_in_no_cell_is_not_counted(spark: SparkSession, rows: Rows) -> None:
    drawn = [(1, "model", True, "touched"), (2, "model", True, "touched"), (3, "rule", False, "holdout")]
    arms = rows(derived.ARMS, ["user_id", "policy", "is_selected", "touch"], [*drawn, (4, "none", False, None)])
    features = spark.createDataFrame(
        [(1, 2.0), (2, None), (3, 3.0), (4, 9.0), (5, 9.0)], "user_id bigint, login_days_3m double"
    )
    found = balance.aggregate(arms, features, settings=SETTINGS).collect()
    got = {(row.policy, row.touch): row.asDict() for row in found}
    assert set(got) == {("model", "touched"), ("rule", "holdout")}
    assert got["model", "touched"] == {
        "policy": "model",
        "is_selected": True,
        "touch": "touched",
        "users": 2,
        "is_login_days_3m_n": 1,  # of the other it is not known
        "is_login_days_3m_total": 2.0,
        "is_login_days_3m_squares": 4.0,
        "did_login_n": 1,
    }
    records = balance.balance([row.asDict() for row in found], cycle="2026-06", settings=SETTINGS, is_first_month=True)
    made = {frozenset(record) for record in records}
    assert made == {frozenset(derived.BALANCE.column_names)}


@rules
def test_covariates_that_are_no_numbers_are_named_all_at_once(spark: SparkSession) -> None:
    features = spark.createDataFrame([], "user_id bigint, login_days_3m double, profile_segment string")
    scores = spark.createDataFrame([], "user_id bigint, raw_active double, active_version string")
    fine = settings(metrics=LOGIN, covariates=["login_days_3m", "raw_active"])
    balance.require_numbers(features, scores, fine)
    wrong = settings(
        metrics=LOGIN,
        balance=bounds(covariates=["login_days_33m", "raw_active"]),  # scores are CUPED's alone
        covariates=["login_day_3m", "profile_segment", "active_version"],
    )
    with pytest.raises(SettingsError) as error:
        balance.require_numbers(features, scores, wrong)
    assert [finding.what for finding in error.value.findings] == [
        "experiment.balance.covariates: login_days_33m",
        "experiment.balance.covariates: raw_active",
        "experiment.covariates: login_day_3m",
        "experiment.covariates: profile_segment",
        "experiment.covariates: active_version",
    ]
    assert error.value.findings[2].advice == "did you mean `login_days_3m`?"


@rules
def test_a_condition_that_features_do_not_have_is_named(spark: SparkSession, rows: Rows) -> None:
    arms = rows(derived.ARMS, ["user_id", "touch"], [(1, "touched")])
    features = spark.createDataFrame([(1, 2.0)], "user_id bigint, login_days_3m double")
    unknown = {"login": {**LOGIN["login"], "pre_period": "login_days_9m > 0"}}
    with pytest.raises(SettingsError, match=r"experiment\.metrics\.login\.pre_period"):
        balance.aggregate(arms, features, settings=settings(metrics=unknown))


@rules
def test_a_covariate_that_is_no_number_is_refused_before_the_plan_is_registered(
    spark: SparkSession, rows: Rows, tmp_path: Path
) -> None:
    store = Store(spark, str(tmp_path))
    features = derived.FEATURES.extended([Column("login_days_1m", "double", "days")])
    for contract in (features, derived.SCORES):
        store.replace(contract, rows(contract, ["cycle", "user_id"], [("2026-06", 1)]), {"cycle": ["2026-06"]})
    said = [f"paths.root={tmp_path}", "experiment.covariates=[login_day_1m]", "experiment.headline=cuped"]
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), *[part for one in said for part in ("--set", one)]]
    r = cli.open_run(cli.parser("assign_tiers", "").parse_args(argv), step=flow.BY_JOB["assign_tiers"])
    with pytest.raises(SettingsError, match=r"experiment\.covariates: login_day_1m +did you mean `login_days_1m`"):
        assign_tiers.run(r)
    assert not store.has(derived.EXPERIMENT_PLAN)


def bounds(*, p: float = 0.01, apart: float = 0.1, covariates: list[str] | None = None) -> dict[str, Any]:
    return {"covariates": covariates or ["login_days_3m"], "standardised_difference": apart, "p": p}

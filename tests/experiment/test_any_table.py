"""Any experiment from its sums: what is estimated, what is withheld, and at which level."""

import numpy as np
import pandas as pd
import pytest

from experiment.drawn import drawn, read, spec
from reactivation.contracts.derived import READOUT

pytestmark = pytest.mark.numbers


def test_every_arm_is_compared_with_the_control_on_every_outcome() -> None:
    table = drawn()
    three = spec(shares={"yes": 1, "no": 2, "more": 1})
    table.loc[(table["arm"] == "no") & (table.index % 4 == 1), "arm"] = "more"
    table = table.drop(table[(table["arm"] == "yes") & (table.index % 4 == 0)].index)
    more = pd.concat([table, table[table["arm"] == "no"]])
    found = read(more, three)
    assert list(found) == [
        ("yes_vs_no", "came", "all"),
        ("more_vs_no", "came", "all"),
        ("yes_vs_no", "spend", "all"),
        ("more_vs_no", "spend", "all"),
    ]


def test_rates_and_means_have_differences_ratios_and_words() -> None:
    table, asked = drawn(), spec()
    found = read(table, asked)
    came, spend = found["yes_vs_no", "came", "all"], found["yes_vs_no", "spend", "all"]
    means = table.groupby("arm")[["came", "spend"]].mean()
    for row, name in ((came, "came"), (spend, "spend")):
        first, second = means.loc["yes", name], means.loc["no", name]
        assert (row["estimate_treatment"], row["estimate_control"]) == pytest.approx((first, second))
        assert (row["difference"], row["ratio"]) == pytest.approx((first - second, first / second))
        assert row["difference_low"] < row["difference"] < row["difference_high"]
        assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
        assert (row["status"], row["verdict"], row["n_treatment"]) == ("estimated", "proven better", 2_000)
    assert "Newcombe" in came["method"]
    assert "Welch" in spend["method"]


def test_adjusted_rows_stand_beside_the_headline_and_have_no_verdict() -> None:
    found = read(drawn(), spec(covariates=["before"], strata=["town"]))
    plain, cuped, stratified = (
        found["yes_vs_no", "spend", segment] for segment in ("all", "all, CUPED", "all, post-stratified")
    )
    width = [row["difference_high"] - row["difference_low"] for row in (plain, cuped, stratified)]
    assert width[1] < 0.5 * width[0]  # the covariate carries most of the noise
    assert width[2] == pytest.approx(width[0], rel=0.05)  # the town carries none
    assert (cuped["verdict"], stratified["verdict"]) == (None, None)
    assert "beside the headline" in cuped["reason"]
    assert ("yes_vs_no", "spend", "town=big") in found


def test_segments_are_proven_only_after_benjamini_hochberg() -> None:
    table = drawn(20_000, came={"yes": 0.2, "no": 0.2}, seed=1)
    table["town"] = np.arange(20_000) // 2 % 20  # twenty towns in which nothing happened
    found = [row for (_, _, segment), row in read(table, spec(means=[], strata=["town"])).items() if "=" in segment]
    assert len(found) == 20
    assert sum(row["p_value"] < 0.05 for row in found) == 2  # two look like something
    assert not [row for row in found if row["verdict"].startswith("proven")]
    assert all("Benjamini-Hochberg p = " in row["reason"] for row in found)


@pytest.mark.parametrize(
    ("lost", "is_withheld"),
    [("yes", True), ("no", True), (None, False)],
)
def test_a_lost_tenth_of_an_arm_withholds_every_effect(lost: str | None, is_withheld: bool) -> None:
    table = drawn(8_000)
    left = table[(table["arm"] != lost) | (table.index % 20 > 1)]
    rows = list(read(left, spec(covariates=["before"], strata=["town"])).values())
    numbers = [c.name for c in READOUT.columns if c.type == "double"]
    for row in rows:
        assert (row["status"] == "withheld") == is_withheld
        if is_withheld:
            assert [row[name] for name in numbers] == [None] * len(numbers)
            assert row["reason"].startswith("sample ratio: `yes` : `no` are")
            assert "likely causes: users of one arm were lost" in row["reason"]


def test_looks_split_alpha_or_serve_intervals_for_arriving_users() -> None:
    table = drawn()
    one, four, any_time = (
        read(table, spec(looks=looks))["yes_vs_no", "spend", "all"] for looks in (1, 4, {"tuning": 4_000})
    )
    at = read(table, spec(alpha=0.0125))["yes_vs_no", "spend", "all"]
    assert (four["difference_low"], four["difference_high"]) == (at["difference_low"], at["difference_high"])
    assert "alpha 0.0125 at each of 4 looks" in four["method"]
    width = [row["difference_high"] - row["difference_low"] for row in (one, four, any_time)]
    assert width[0] < width[1] < width[2]
    assert "always-valid asymptotic confidence sequence, shortest near 4 000 users" in any_time["method"]
    assert one["p_value"] < any_time["p_value"]
    rate = read(table, spec(looks={"tuning": 4_000}))["yes_vs_no", "came", "all"]
    assert "always-valid" in rate["method"]


def test_without_a_minimum_an_open_answer_says_so_and_with_one_what_would_settle_it() -> None:
    table = drawn(came={"yes": 0.2, "no": 0.2})
    row = read(table, spec())["yes_vs_no", "came", "all"]
    assert (row["verdict"], "no smallest effect of interest" in row["reason"]) == ("inconclusive", True)
    row = read(table, spec(minimum_effects={"came": 0.001}))["yes_vs_no", "came", "all"]
    assert row["verdict"] == "inconclusive"
    assert "users to see a difference of 0.1 points with 80% power" in row["reason"]
    row = read(table, spec(minimum_effects={"came": 0.10}))["yes_vs_no", "came", "all"]
    assert row["verdict"] == "no difference larger than the minimum"

"""What a card compares beside the model: benchmark, backtest, leaving out, drift, groups; on rows drawn by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from reactivation import model
from reactivation.errors import SettingsError
from reactivation.model import drift, rivals
from reactivation.model.card_sample import Sample, share_of
from reactivation.model.card_settings import BoundSettings, CardSettings, GroupSettings
from reactivation.model.group_figures import group_figures
from reactivation.model.rivals import Refits
from reactivation.model.score_table import LOW, WHOLE, ScoreTable, of_arrays
from reactivation.periods import Month

pytestmark = pytest.mark.numbers

MONTHS = model.Months(tuple(Month.parse(f"2026-0{n}") for n in (1, 2, 3, 4)), Month.parse("2026-05"))
CYCLE = Month.parse("2026-07")
CARD = CardSettings(
    owner="retail",
    validator=" ",
    legal_basis=None,
    impact_assessment="D-17",
    review_months=12,
    purpose={},
    not_for=(),
    open_findings=(),
    sensitive=("gender",),
    groups={"branch": GroupSettings(column="branch")},
    most_groups=30,
    min_events=200,
    sample_rows=1000,
    benchmark_features=2,
    backtest_months=3,
    leave_out=True,
    monitoring=(),
)


@pytest.fixture
def sample() -> Sample:
    """500 users in each of six months: `logins` and `gender` tell, `noise` does not, `age` is not read by the model."""
    draw = np.random.default_rng(3)
    months = [*MONTHS.all, CYCLE]
    cycle = np.repeat([str(month) for month in months], 500)
    n = len(cycle)
    frame = pd.DataFrame({"cycle": cycle, "weight": 1.0, "logins": draw.poisson(3, n), "noise": draw.normal(size=n)})
    frame["gender"] = draw.choice(["f", "m"], n)
    frame["age"] = draw.integers(20, 80, n).astype(float)
    odds = 0.8 * (frame["logins"] - 3) + 1.2 * (frame["gender"] == "f") + 0.03 * (frame["age"] - 50)
    frame["label"] = np.where(cycle == str(CYCLE), np.nan, draw.random(n) < 1 / (1 + np.exp(-odds)))
    frame["p"] = 1 / (1 + np.exp(-odds))
    frame.loc[frame["cycle"] == str(CYCLE), "noise"] += 1.0  # the newest month has moved
    frame.loc[frame.index % 7 == 0, "logins"] = np.nan
    names = ("logins", "noise", "gender", "age")
    return Sample(frame, 0.1, names, ("logins", "noise", "gender"), frozenset({"gender"}), MONTHS, CYCLE)


def test_a_benchmark_is_compared_on_the_same_users(sample: Sample) -> None:
    names = rivals.number_features(sample, ["gender", "logins", "noise"], 2)
    assert names == ["logins", "noise"]  # a text is no number
    found = rivals.benchmark(sample, names, confidence=0.95)
    assert found["users"] == 500
    assert found["roc_auc"] > 0.65
    assert found["roc_auc_difference"] == pytest.approx(found["roc_auc_of_model"] - found["roc_auc"])
    assert found["roc_auc_difference_low"] > 0  # the truth ranks better than two features do
    assert found["log_loss_difference"] < 0
    assert "no feature is a number" in rivals.benchmark(sample, [], confidence=0.95)["reason"]


def test_a_backtest_trains_on_earlier_months_alone(sample: Sample, settings: model.ModelSettings) -> None:
    found = rivals.backtest(Refits(sample, settings), months=3)
    assert [(row["month"], row["months_before"]) for row in found] == [("2026-03", 2), ("2026-04", 3), ("2026-05", 4)]
    assert all(row["roc_auc_low"] > 0.6 and row["log_loss_against_base_rate"] < 0 for row in found)
    later = sample.rows.assign(
        label=np.where(sample.rows["cycle"] > "2026-03", 1 - sample.rows["label"], sample.rows["label"])
    )
    again = rivals.backtest(Refits(replace(sample, rows=later), settings), months=3)
    assert again[0] == found[0]  # what came after March says nothing of March
    assert again[2] != found[2]
    assert rivals.backtest(Refits(sample, settings), months=0) == []
    young = rivals.backtest(Refits(sample, settings), months=9)
    assert [row["month"] for row in young] == ["2026-02", "2026-03", "2026-04", "2026-05"]  # the first has none before


def test_a_month_of_one_outcome_says_why_it_is_no_backtest(sample: Sample, settings: model.ModelSettings) -> None:
    rows = sample.rows.assign(label=np.where(sample.rows["cycle"] == "2026-04", 1.0, sample.rows["label"]))
    found = rivals.backtest(Refits(replace(sample, rows=rows), settings), months=2)
    assert found[0]["reason"] == "0 sampled users of the rarer outcome in the month itself, 20 are needed"
    assert "roc_auc" in found[1]


def test_leaving_out_costs_what_a_feature_tells(sample: Sample, settings: model.ModelSettings) -> None:
    chosen = settings.model_copy(update={"excluded_features": ("age",)})
    sensitive, excluded = rivals.left_out(Refits(sample, chosen), sensitive=["gender", "not there"])
    assert sensitive["features"] == ["gender"]
    assert sensitive["roc_auc_cost_low"] > 0
    assert excluded["what"] == "model.excluded_features"
    assert excluded["roc_auc_without"] == sensitive["roc_auc_with"]  # the model's own features, both times
    assert excluded["roc_auc_cost"] > 0
    nothing = rivals.left_out(Refits(sample, settings), sensitive=["noise"])[0]
    assert nothing["roc_auc_cost_low"] < 0 < nothing["roc_auc_cost_high"]
    assert rivals.left_out(Refits(sample, settings), sensitive=[]) == []


def test_drift_finds_the_feature_that_moved(sample: Sample) -> None:
    found = drift.drift(sample)
    assert [row["feature"] for row in found[:2]] == ["score", "noise"]
    by_name = {row["feature"]: row for row in found}
    assert set(by_name) == {"score", "logins", "noise", "gender"}
    assert by_name["noise"]["psi_training"] > 0.25
    assert by_name["noise"]["psi_last_month"] > 0.25
    assert by_name["gender"]["psi_training"] < 0.05
    assert by_name["logins"]["missing_now"] == pytest.approx(1 / 7, abs=0.01)


def test_drift_counts_texts_that_training_did_not_have(sample: Sample) -> None:
    rows = sample.rows.assign(gender=np.where(sample.rows["cycle"] == str(CYCLE), "x", sample.rows["gender"]))
    found = {row["feature"]: row for row in drift.drift(replace(sample, rows=rows))}
    assert found["gender"]["psi_training"] > 1


def test_a_sample_is_bounded_whatever_the_bank(sample: Sample) -> None:
    """Of 20 million training rows in four months, 200 000 rows of seven months are about a share of 0.0057."""
    assert share_of(training_rows=20e6, months=MONTHS, at_most=200_000) == pytest.approx(200_000 / (5e6 * 7))
    assert share_of(training_rows=100, months=MONTHS, at_most=200_000) == 1.0


def drawn(n: int, *, away: float, seed: int, turned: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    draw = np.random.default_rng(seed)
    odds = draw.normal(-0.5, 1.2, n)
    y = draw.random(n) < 1 / (1 + np.exp(-(odds + away)))
    return y.astype(float), 1 / (1 + np.exp(odds if turned else -odds))


def table(*groups: tuple[str, int, float, bool], picked: dict[tuple[str, str], float] | None = None) -> ScoreTable:
    parts = {name: drawn(n, away=away, seed=k, turned=turned) for k, (name, n, away, turned) in enumerate(groups)}
    bins = {("group_branch", name): of_arrays(y, p, np.ones(len(y))) for name, (y, p) in parts.items()}
    y, p = (np.concatenate(side) for side in zip(*parts.values(), strict=True))
    return ScoreTable({(LOW, WHOLE): of_arrays(y, p, np.ones(len(y))), **bins}, picked or {})


def flags(found: list[dict[str, object]]) -> dict[object, object]:
    return {row["group"]: row["flag"] for row in found}


def test_a_group_is_flagged_for_what_differs_and_only_from_enough_events() -> None:
    counted = table(
        ("usual", 6_000, 0.0, False),
        ("optimistic", 3_000, 1.0, False),  # more comes than its probabilities say
        ("turned", 3_000, 0.0, True),  # its scores rank the wrong way round
        ("small", 150, 2.0, True),
    )
    found = flags(group_figures(counted, card=CARD, confidence=0.95, top_share=0.5))
    assert "calibrated otherwise" in str(found["optimistic"])
    assert "ranks otherwise" in str(found["turned"])
    assert found["small"] is None  # too few to be flagged, however odd


def test_of_many_equal_groups_hardly_ever_one_is_flagged() -> None:
    """20 equal branches: without the adjustment, two questions each at 5 % would flag one in most months."""
    alarms = 0
    for month in range(60):
        parts = [(f"b{k}", 800, 0.0, False) for k in range(20)]
        bins = {
            ("group_branch", n): of_arrays(*drawn(s, away=a, seed=month * 100 + k), np.ones(s))
            for k, (n, s, a, _) in enumerate(parts)
        }
        y, p = zip(*(drawn(s, away=a, seed=month * 100 + k) for k, (_, s, a, _) in enumerate(parts)), strict=True)
        whole = of_arrays(np.concatenate(y), np.concatenate(p), np.ones(16_000))
        found = group_figures(ScoreTable({(LOW, WHOLE): whole, **bins}, {}), card=CARD, confidence=0.95, top_share=0.5)
        assert len(found) == 20
        alarms += any(row["flag"] for row in found)
    assert alarms / 60 <= 0.12


def test_shares_at_the_top_add_up_and_picks_are_told_where_they_are_known() -> None:
    counted = table(("a", 4_000, 0.0, False), ("b", 2_000, 0.0, False), picked={("group_branch", "a"): 1_000.0})
    found = group_figures(counted, card=CARD, confidence=0.95, top_share=0.3)
    by_name = {row["group"]: row for row in found}
    whole = sum(row["top_share"] * row["users"] for row in found)
    assert whole == pytest.approx(0.3 * 6_000)
    assert (by_name["a"]["picked_share"], by_name["b"]["picked_share"]) == (0.25, None)
    lonely = table(("a", 4_000, 0.0, False), ("one family", 5, 0.0, False))
    assert [row["group"] for row in group_figures(lonely, card=CARD, confidence=0.95, top_share=0.3)] == ["a"]


def test_a_bank_that_has_not_answered_is_told_all_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        CARD.require_answers("north")
    assert [finding.what for finding in error.value.findings] == ["model_card.validator", "model_card.legal_basis"]
    assert "conf/regions/north.yml" in str(error.value)
    CARD.model_copy(update={"validator": "risk", "legal_basis": "art. 13"}).require_answers("north")


def test_a_bound_has_one_end() -> None:
    above = BoundSettings(figure="score_psi", above=0.25, action="look", reason="usual")
    below = BoundSettings(figure="calibration_slope", below=0.8, action="look", reason="usual")
    assert (above.is_passed(0.26), above.is_passed(0.25), below.is_passed(0.7), below.is_passed(0.8)) == (
        True,
        False,
        True,
        False,
    )
    with pytest.raises(ValueError, match="needs one of above and below"):
        BoundSettings(figure="score_psi", action="look", reason="usual")
    with pytest.raises(ValueError, match="must increase"):
        GroupSettings(column="age", edges=(30, 20))

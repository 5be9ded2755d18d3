"""A version's card: what it compares beside the model, on rows drawn by hand, and how it reads."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from conftest import CONF
from reactivation import model
from reactivation.errors import SettingsError
from reactivation.model import card, drift, plots, rivals
from reactivation.model.card_sample import Sample, share_of
from reactivation.model.card_settings import BoundSettings, CardSettings, GroupSettings
from reactivation.model.gate import Gate
from reactivation.model.group_figures import group_figures
from reactivation.model.paired import LossDifference
from reactivation.model.review import of_sample
from reactivation.model.rivals import Refits
from reactivation.model.score_table import CHAMPION, EVERYBODY, LOW, WHOLE, ScoreTable, of_arrays
from reactivation.periods import Month
from reactivation.settings import load
from reactivation.statistics.said import Said

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


@pytest.fixture
def trained() -> model.Trained:
    """A version tested on 9 000 low-active and 14 000 users, with a champion; the pipeline itself is left out."""
    y, p = drawn(14_000, away=0.0, seed=8)
    low, everybody = of_arrays(y[:9_000], p[:9_000], np.ones(9_000)), of_arrays(y, p, np.ones(14_000))
    parts = {("group_branch", f"b{k:02}"): of_arrays(y[k:9_000:30], p[k:9_000:30], np.ones(300)) for k in range(30)}
    parts |= {("group_gender", g): of_arrays(y[k:9_000:2], p[k:9_000:2], np.ones(4_500)) for k, g in enumerate("fm")}
    rival = of_arrays(y[:9_000], np.clip(p[:9_000] ** 2, 0.01, 0.99), np.ones(9_000))
    whole = {(LOW, WHOLE): low, (EVERYBODY, WHOLE): everybody, (CHAMPION, WHOLE): rival}
    better = LossDifference(9_000, -0.05, -0.06, -0.04)
    return model.Trained(
        fitted=model.Fitted(
            cast(Any, None), ("logins", "noise", "gender"), 1.9, 0.1, 20, {"logins": 0.6, "noise": 0.4}
        ),
        rows={"fit": 28_000, "validate": 4_000, "calibrate": 8_000},
        sample_share=0.5,
        base_rate=0.41,
        quality={},
        against_base_rate=better,
        against_champion=better,
        champion_version="3",
        gate=Gate(True, (Said("log loss differs from the base rate's by -0.0500 (-0.0600 to -0.0400)"),)),
        notes=(),
        counts=ScoreTable({**whole, **parts}, {}, ("tenure",)),
    )


AROUND = card.Surroundings(
    target="active",
    low_activity="login_days_3m <= 3",
    label="`is_active` of the month: "
    "`coalesce(login_days_count, 0) >= 1 or coalesce(transaction_own_mobile_count, 0) >= 1`",
    common="--env prod --region north --scenario mobile_activity --cycle 2026-07",
    back="`jobs/approve_model.py … --version 3`",
    has_champion=False,
    code_version="0.2.0",
    top_share=0.5,
)


def written(
    trained: model.Trained,
    sample: Sample,
    settings: model.ModelSettings,
    chosen: CardSettings,
    *,
    is_whole: bool,
    contributions: Sequence[dict[str, Any]] = (),
) -> str:
    asked: dict[str, Any] = {"settings": settings, "card": chosen, "contributions": contributions}
    found = of_sample(trained, sample, **asked, top_share=0.5)
    training = model.Training(CYCLE, MONTHS, "ab12", {"features": 7, "labels": 4}, "400:17 400:18")
    how: dict[str, Any] = {"training": training, "settings": settings, "card": chosen, "around": AROUND}
    return card.render(trained, found, **how, is_whole=is_whole)


@pytest.fixture
def of_conf() -> CardSettings:
    """The card of conf/base, for the sample's features."""
    found = load(CONF, env="local", region="sandbox", scenario="mobile_activity").settings.model_card
    return found.model_copy(update={"sensitive": ("gender",)})


def test_a_card_says_all_that_a_reviewer_asks(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    text = written(trained, sample, settings, of_conf, is_whole=True)
    for words in (
        "**Ready for review**",
        "Not for:** credit",
        "| owner | validator | legal basis | impact assessment | review by |",
        "| – | – | – | – | 2027-07-01 |",
        "`login_days_3m <= 3`",
        "Trained on 2026-01 to 2026-04",
        "tested on 2026-05",
        "all (extrapolation)",
        "| calibration slope |",
        "| base rate of 2026-05 itself",
        "| logistic regression, 2 features (500 sampled users)",
        "| champion, version 3 |",
        "| 2026-03 | 2 | 500 |",
        "Without gender (sensitive): AUC cost +",
        "| score |",
        "train again; p is no share till then",
        "--from-registry",
        "approve_model.py … --version 3",
        "jobs/train_models.py",
        "(1) model_card does not name owner, validator, legal_basis, impact_assessment;",
        "no figures by tenure: its column is not there",
        "| gender | f | 4 500 |",
    ):
        assert words in text, words
    assert "None" not in text
    assert "nan" not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_a_model_of_all_users_is_no_extrapolation(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    chosen = settings.model_copy(update={"train_population": "signed_up"})
    assert "extrapolation" not in written(trained, sample, chosen, of_conf, is_whole=True)


def test_a_description_is_within_what_mlflow_keeps_and_only_tables_are_left_out(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    answered = {
        "owner": "retail banking",
        "validator": "model risk",
        "legal_basis": "PIPL art. 13",
        "impact_assessment": "DPIA-2026-017",
    }
    chosen = of_conf.model_copy(update=answered)
    text = written(trained, sample, settings, chosen, is_whole=False)
    assert len(text) <= card.LONGEST
    assert "cut here" not in text
    assert "### Drift" in text  # the last part
    long = chosen.model_copy(update={"open_findings": tuple(f"finding {n} " * 20 for n in range(40))})
    cut = written(trained, sample, settings, long, is_whole=False)
    assert len(cut) <= card.LONGEST
    assert cut.endswith("The whole card is card.md of the run.\n")


def test_without_champion_benchmark_and_refits_a_card_still_stands(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    bare = of_conf.model_copy(update={"benchmark_features": 0, "backtest_months": 0, "leave_out": False, "groups": {}})
    assert trained.counts is not None
    few = replace(trained.counts, bins={(LOW, WHOLE): trained.counts.bins[LOW, WHOLE]}, missing=())
    alone = replace(trained, champion_version=None, against_champion=None, counts=few)
    text = written(alone, sample, settings, bare, is_whole=True)
    assert "There was no champion." in text
    assert "Backtest:" not in text
    assert "the backtest has 0 of 3 months" in text


def test_a_card_names_what_moves_a_score_most(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    moved = [{"feature": f"f{n}", "mean_contribution": 0.5 / n, "share": 0.4 / n} for n in range(1, 8)]
    for is_whole in (True, False):
        text = written(trained, sample, settings, of_conf, is_whole=is_whole, contributions=moved)
        assert "before calibration: f1 0.500 (40 %), f2 0.250 (20 %), f3 0.167 (13 %)," in text
        assert "f5 0.100 (8 %). All: contributions.json of the run." in text
        assert "f6" not in text
    long = [{**row, "feature": f"transaction_own_mobile_count_of_branch_{n}_12m"} for n, row in enumerate(moved)]
    assert len(written(trained, sample, settings, of_conf, is_whole=False, contributions=long)) <= card.LONGEST
    assert "What moves a score" not in written(trained, sample, settings, of_conf, is_whole=True)


def test_bounds_that_are_passed_are_open_findings(
    trained: model.Trained, sample: Sample, settings: model.ModelSettings, of_conf: CardSettings
) -> None:
    found = of_sample(trained, sample, settings=settings, card=of_conf, top_share=0.5)
    by_name = {(row["figure"], row["bound"]): row for row in found.watched}
    assert by_name["largest_feature_psi", "above 0.25"]["is_passed"]  # `noise` has moved
    assert not by_name["calibration_slope", "below 0.8"]["is_passed"]
    assert any(
        text.startswith("largest_feature_psi (noise) is") and "above 0.25: ask its source" in text
        for text in found.findings
    )
    assert {"roc_auc", "precision_recall_auc", "log_loss", "brier_score_loss", "example_count"} <= set(found.metrics)
    assert found.metrics["example_count"] == 9_000
    json.dumps(found.evidence)
    pictures = plots.curves({"low_activity": trained.counts.low}) if trained.counts and trained.counts.low else {}
    assert set(pictures) == {"roc", "precision_recall", "gain", "scores"}
    for figure in (*pictures.values(), plots.drift(found.drift), plots.groups(found.groups)):
        assert figure.axes[0].has_data()

"""Any experiment from its sums: what is estimated, what is withheld, and what cannot be said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from experiment.asked import settings_for
from reactivation.errors import SettingsError
from reactivation.experiment import Metric
from reactivation.experiment.any_table import Analysis, Spec, analyze, as_csv, brief, by_contrast, family, opening
from reactivation.experiment.any_table.sums import Group, Outcome
from reactivation.experiment.covariates import Joint
from reactivation.settings import load_part
from reactivation.tables.derived import READOUT

pytestmark = pytest.mark.numbers

ROOT = Path(__file__).parents[2]
SETTINGS = settings_for(
    alpha=0.2,  # the spec's own counts
    metrics={"login": Metric(outcome="logged_in", minimum_effect=0.02)},
)
PLAIN: dict[str, Any] = {
    "table": "t.csv",
    "arm": "arm",
    "control": "no",
    "shares": {"yes": 1, "no": 1},
    "rates": ["came"],
    "means": ["spend"],
}


def spec(**changes: Any) -> Spec:
    return Spec.model_validate({**PLAIN, **changes})


def straight(table: pd.DataFrame, asked: Spec) -> tuple[Group, ...]:
    """The sums of a table without Spark, one group at a time."""
    strata = [table[name].astype(str) for name in asked.strata]
    key = [table["arm"].where(table["arm"].isin(list(asked.shares))).fillna("?"), *strata]
    found = []
    for place, part in table.groupby(key if strata else key[0]):
        values = place if isinstance(place, tuple) else (place,)
        arm = None if values[0] == "?" else str(values[0])
        stray = None if arm else part["arm"].dropna().min()
        stratum = ", ".join(f"{name}={value}" for name, value in zip(asked.strata, values[1:], strict=True))
        outcomes = {name: outcome(part, name, asked) for name in asked.outcomes}
        found.append(Group(arm, stratum, len(part), outcomes, stray if isinstance(stray, str) else None))
    return tuple(found)


def outcome(part: pd.DataFrame, name: str, asked: Spec) -> Outcome:
    values = part[name].astype(float)
    is_fine = values.isin([0, 1]) if name in asked.rates else np.isfinite(values)
    known = part[is_fine]
    columns = [known[name].astype(float)]
    if asked.covariates:
        is_missing = known[list(asked.covariates)].isna().any(axis=1)
        columns += [known[covariate].astype(float).mask(is_missing, 0.0) for covariate in asked.covariates]
        columns.append(is_missing.astype(float))
    rows = np.column_stack(columns)
    joint = Joint.empty(asked.width)
    if len(rows):
        with np.errstate(over="ignore"):
            joint = Joint.of(len(rows), rows.mean(axis=0), np.atleast_2d(np.cov(rows.T, ddof=0)))
    return Outcome(int(values.isna().sum()), int((~is_fine & values.notna()).sum()), joint)


def drawn(users: int = 4_000, *, came: Mapping[str, float] | None = None, seed: int = 20260621) -> pd.DataFrame:
    """Half `yes`, half `no`; who comes spends; `before` goes along with `spend`."""
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(users) % 2 == 0, "yes", "no")
    rates = came or {"yes": 0.30, "no": 0.20}
    before = rng.gamma(2, 5, users)
    has_come = rng.random(users) < np.where(arm == "yes", rates["yes"], rates["no"])
    return pd.DataFrame(
        {
            "arm": arm,
            "came": has_come,
            "spend": has_come * 5.0 + before + rng.normal(size=users),
            "before": before,
            "town": np.where(rng.random(users) < 0.3, "big", "small"),
        }
    )


def read(table: pd.DataFrame, asked: Spec) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = analyze(straight(table, asked), asked, settings=SETTINGS)
    assert all(tuple(row) == READOUT.column_names for row in found.rows)
    keyed = {(row["contrast"], row["metric"], row["segment"]): row for row in found.rows}
    assert len(keyed) == len(found.rows)  # the key is unique
    return keyed


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


def test_hillstrom_is_withheld_with_a_twentieth_of_any_arm_lost_and_not_with_a_fiftieth() -> None:
    asked = load_part(ROOT / "conf/experiments/hillstrom.yml", Spec)
    users = pd.read_parquet(ROOT / "tests/data/hillstrom/hillstrom.parquet").rename(columns={"segment": "arm"})
    asked = asked.model_copy(update={"arm": "arm", "covariates": (), "strata": ()})
    place = users.groupby("arm").cumcount()
    for arm in asked.shares:
        for every, status in ((20, "withheld"), (50, "estimated")):
            left = users[(users["arm"] != arm) | (place % every > 0)]
            assert {row["status"] for row in read(left, asked).values()} == {status}


def test_hillstroms_lifts_are_the_published_ones() -> None:
    asked = load_part(ROOT / "conf/experiments/hillstrom.yml", Spec).model_copy(update={"arm": "arm", "strata": ()})
    users = pd.read_parquet(ROOT / "tests/data/hillstrom/hillstrom.parquet").rename(columns={"segment": "arm"})
    found = read(users, asked)
    published = yaml.safe_load((ROOT / "tests/data/statistics.yml").read_text(encoding="utf-8"))["hillstrom_email"]
    for case in published:
        arm = {"mens": "Mens E-Mail", "womens": "Womens E-Mail"}[case["arm"]]
        row = found[f"{arm}_vs_No E-Mail", case["outcome"], "all"]
        assert round(row["difference"], 6) == case["lift"]
        if "ci_published" in case:
            assert [round(row["difference_low"], 4), round(row["difference_high"], 4)] == case["ci_published"]


def test_the_readme_shows_the_spec_as_it_is() -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(shown) == yaml.safe_load(
        (ROOT / "conf/experiments/hillstrom.yml").read_text(encoding="utf-8")
    )


def edge(changes: Mapping[str, Any], *, users: int = 600) -> pd.DataFrame:
    """A table in which one column was made what `changes` says, for all users or for some."""
    table = drawn(users).astype({"came": object, "spend": float, "arm": object})
    for name, (where, value) in changes.items():
        table.loc[where(table), name] = value
    return table


EDGES: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "zero events",
        {"came": (lambda t: t["arm"] != "", False)},
        "came",
        "not_estimable",
        "too few: 0.0 expected events",
    ),
    ("all events", {"came": (lambda t: t["arm"] != "", True)}, "came", "not_estimable", "0.0 expected non-events"),
    ("nothing varies", {"spend": (lambda t: t["arm"] != "", 3.0)}, "spend", "not_estimable", "nothing varies"),
    (
        "all null",
        {"spend": (lambda t: t["arm"] != "", np.nan)},
        "spend",
        "not_estimable",
        "known of nobody in `yes` and",
    ),
    ("arm null", {"spend": (lambda t: t["arm"] == "no", np.nan)}, "spend", "not_estimable", "known of nobody in `no`"),
    (
        "infinite",
        {"spend": (lambda t: t.index == 4, np.inf)},
        "spend",
        "not_estimable",
        "infinite or no numbers: 1 in `yes`",
    ),
    ("no rate", {"came": (lambda t: t.index == 5, 2)}, "came", "not_estimable", "neither 0 nor 1: 1 in `no`"),
    ("large", {"spend": (lambda t: t.index == 4, 1e120)}, "spend", "estimated", "no smallest effect of interest"),
    ("huge", {"spend": (lambda t: t.index == 4, 1e200)}, "spend", "not_estimable", "squares cannot be summed"),
    (
        "some null",
        {"spend": (lambda t: t.index < 10, np.nan)},
        "spend",
        "estimated",
        "10 rows whose outcome is not known",
    ),
    (
        "half an arm null",
        {"came": (lambda t: (t["arm"] == "no") & (t.index < 300), None)},
        "came",
        "withheld",
        "lost unequal",
    ),
    (
        "other arm",
        {"arm": (lambda t: t.index == 7, "maybe")},
        "came",
        "withheld",
        "in 1 of 600 rows: `shares` does not name `maybe`",
    ),
    ("no arm", {"arm": (lambda t: t.index == 7, None)}, "came", "withheld", "in 1 of 600 rows: `arm` is null"),
    ("empty arm", {"arm": (lambda t: t["arm"] == "no", "yes")}, "spend", "not_estimable", "known of nobody in `no`"),
]


@pytest.mark.parametrize(("name", "changes", "metric", "status", "words"), EDGES, ids=[case[0] for case in EDGES])
def test_edges_have_words_and_no_number_that_poses_as_a_finding(
    name: str, changes: dict[str, Any], metric: str, status: str, words: str
) -> None:
    row = read(edge(changes), spec(covariates=["before"], strata=["town"]))["yes_vs_no", metric, "all"]
    assert row["status"] == status
    assert words in row["reason"]
    if status != "estimated":
        assert [row[n] for n in ("difference", "difference_low", "ratio", "p_value")] == [None] * 4
        assert row["verdict"] == status.replace("_", " ")


def test_one_user_in_an_arm_and_nobody_at_all_have_words() -> None:
    table = drawn(600)
    alone = pd.concat([table[table["arm"] == "yes"], table[table["arm"] == "no"].head(1)])
    found = read(alone, spec(shares={"yes": 300, "no": 1}))
    assert "one user alone in `no`" in found["yes_vs_no", "spend", "all"]["reason"]
    assert found["yes_vs_no", "came", "all"]["status"] == "not_estimable"
    for looks in (1, {"tuning": 4_000}):
        nobody = analyze((), spec(covariates=["before"], strata=["town"], looks=looks), settings=SETTINGS)
        assert {row["status"] for row in nobody.rows} == {"not_estimable"}


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


def test_it_is_told_in_sentences_and_rows() -> None:
    asked = spec(covariates=["before"])
    found = analyze(straight(drawn(), asked), asked, settings=SETTINGS)
    assert opening(found, asked)[0] == "4 000 rows: `yes` 2 000, `no` 2 000. The control is `no`."
    came = by_contrast(found, asked)["yes_vs_no"][0]
    assert came.startswith(
        "came: 32.05% against 20.65%, a difference of +11.4 points (95% interval +8.68 to +14.1), 1.55 times as much."
    )
    assert "Proven better. Beside it: CUPED +11.4" in came
    assert [row["metric"] for row in family(found.rows)] == ["came", "spend"]
    assert brief(found.rows[0])["users"] == "2 000 : 2 000"
    text = as_csv(READOUT, found.rows).splitlines()
    assert text[0] == ",".join(READOUT.column_names)
    assert len(text) == 1 + len(found.rows)


def test_withheld_is_told_first() -> None:
    table, asked = drawn(), spec()
    found = analyze(straight(table[(table["arm"] == "no") | (table.index % 8 > 0)], asked), asked, settings=SETTINGS)
    assert isinstance(found, Analysis)
    assert opening(found, asked)[1].startswith("No effect is shown. Sample ratio: `yes` : `no` are 1500 : 2000")
    assert by_contrast(found, asked)["yes_vs_no"][0].startswith("came: not shown. Sample ratio")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "nein"}, "control `nein` has no share: arms are yes, no"),
        ({"shares": {"no": 1}}, "shares names no arm but the control"),
        ({"rates": [], "means": []}, "neither rates nor means names an outcome"),
        ({"means": ["came"]}, "an outcome stands twice"),
        ({"covariates": ["came"]}, "came: an outcome was not known before the draw"),
        ({"strata": ["arm"]}, "`arm` is the arm and cannot be"),
        ({"minimum_effects": {"cme": 1}}, "minimum_effects names cme, which is no outcome here"),
        ({"shares": {"yes": 0, "no": 1}}, "greater than 0"),
        ({"looks": 0}, "greater than or equal to 1"),
        ({"looks": {"tuning": 1}}, "greater than or equal to 100"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(**changes)


def test_arms_are_what_spark_writes_not_what_yaml_makes_of_them() -> None:
    found = spec(control=0, shares={0: 1, True: 1})
    assert (found.control, list(found.shares)) == ("0", ["0", "true"])


def test_a_misspelt_key_of_a_spec_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "spec.yml"
    path.write_text(yaml.safe_dump({**PLAIN, "covariate": ["before"], "looks": {"tunning": 500}}), encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_part(path, Spec)
    text = str(error.value)
    assert "spec.yml: 3 problems" in text
    assert "unknown key  covariate" in text
    assert "did you mean `covariates`?" in text
    assert "did you mean `tuning`?" in text
    with pytest.raises(SettingsError, match=r"did you mean `spec.yml`\?"):
        load_part(tmp_path / "spc.yml", Spec)

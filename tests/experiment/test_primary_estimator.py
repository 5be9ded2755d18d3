"""A registered headline other than the unadjusted: it alone gives the verdicts, and what it cannot tell stays open."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from experiment.asked import settings_for, specs_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment.groups import Group, Totals, sum_of
from reactivation.experiment.metric_specs import MISSING
from reactivation.experiment.metrics import EVERYBODY
from reactivation.experiment.primary_estimator import ALL, CUPED, SEGMENTS, STRATIFIED
from reactivation.periods import Month
from reactivation.statistics.verdicts import BETTER, BETTER_BUT_SMALL, INCONCLUSIVE, NOT_ESTIMABLE, ONLY_FINDS, WITHHELD

pytestmark = pytest.mark.numbers

X = "login_days_1m"
DAYS = experiment.Mean(outcome="active_days", lowest=0, highest=31, minimum_effect=0.1)
DESIGN = experiment.Design({"model": 1 / 3, "rule": 1 / 3, "random": 1 / 3}, holdout=0.5, long_holdout=0.0)


def asking(headline: str, **more: Any) -> experiment.ExperimentSettings:
    metric = experiment.Metric(outcome="is_active", minimum_effect=0.02)
    own = {"headline": headline, "guardrails": {}, "covariates": (X,), **more}
    return settings_for(metrics={"active": metric}, means={"days": DAYS}, **own)


SPECS = specs_for(asking("unadjusted"))


def side(
    policy: str, touch: str, *, mean: float, x: float = 2.0, correlation: float = 0.0, n: int = 1_000, **more: Any
) -> Group:
    """Picked users whose days and covariate have unit variance and a known correlation: sums worked backwards."""
    variance, branch = more.get("variance", 1.0), more.get("branch", "B1")
    sums = {
        **{"users": n, "assigned": n, "known__active": n, "events__active": 3 * n // 10, "known__days": n},
        **{"total__days": n * mean, "squares__days": (n - 1) * variance + n * mean**2, sum_of("users", EVERYBODY): n},
        sum_of("sum", EVERYBODY, X): n * x,
        sum_of("product", EVERYBODY, X, X): (n - 1) + n * x**2,
        sum_of("with", "days", X): (n - 1) * correlation + n * x * mean,
        sum_of("with", "active", X): 3 * n // 10 * x,
        **{sum_of("sum", EVERYBODY, MISSING): 0},
    }
    return Group(policy, True, touch, Totals(sums), frozenset({policy}), branch, "high_potential")


def bank(model: list[Group]) -> list[Group]:
    others = [side(p, touch, mean=1.0) for p in ("rule", "random") for touch in ("touched", "holdout")]
    return [*model, *others]


def read(
    groups: list[Group],
    settings: experiment.ExperimentSettings,
    specs: experiment.MetricSpecs = SPECS,
) -> list[dict[str, Any]]:
    request = experiment.request(groups, design=DESIGN, settings=settings, specs=specs, known_on=date(2026, 8, 6))
    return experiment.read_out(groups, cycle=Month.parse("2026-06"), request=request)


def one(
    rows: list[dict[str, Any]], segment: str, contrast: str = "touch_model", metric: str = "days"
) -> dict[str, Any]:
    return next(r for r in rows if (r["contrast"], r["metric"], r["segment"]) == (contrast, metric, segment))


def verdicts(rows: list[dict[str, Any]], contrast: str = "touch_model") -> Mapping[str, str | None]:
    return {segment: one(rows, segment, contrast)["verdict"] for segment in SEGMENTS.values()}


ALIKE = bank([side("model", t, mean=m, correlation=0.8) for t, m in (("touched", 1.06), ("holdout", 1.0))])


def test_what_the_unadjusted_leaves_open_cuped_proves_where_it_is_registered() -> None:
    """1 000 : 1 000, sd 1: the standard error is √(2 / 1 000) = 0.0447, and √(1 - 0.8²) = 0.6 of it with CUPED."""
    rows = read(ALIKE, asking("cuped"))
    assert verdicts(rows) == {ALL: None, CUPED: BETTER, STRATIFIED: None}
    row, plain = one(rows, CUPED), one(rows, ALL)
    assert (plain["difference_low"], plain["difference_high"]) == pytest.approx(
        (0.06 - 0.0877, 0.06 + 0.0877), abs=1e-4
    )
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((0.06 - 0.0526, 0.06 + 0.0526), abs=1e-4)
    assert (row["reason"], plain["reason"]) == (None, "unadjusted, beside the headline: the verdict is the headline's")
    unregistered = read(ALIKE, asking("unadjusted"))
    assert verdicts(unregistered) == {ALL: INCONCLUSIVE, CUPED: None, STRATIFIED: None}
    numbers = ("difference", "difference_low", "p_value", "method")
    for segment in SEGMENTS.values():  # the registration chooses who judges, not what is seen
        assert [one(rows, segment)[name] for name in numbers] == [one(unregistered, segment)[name] for name in numbers]


def test_cuped_takes_off_what_the_covariate_explains() -> None:
    """The touched had 0.1 more before; with theta 0.8 that explains 0.08 of the 0.14 seen."""
    groups = bank(
        [
            side("model", touch, mean=mean, x=x, correlation=0.8)
            for touch, mean, x in (("touched", 1.14, 2.1), ("holdout", 1.0, 2.0))
        ]
    )
    assert one(read(groups, asking("unadjusted")), ALL)["verdict"] == BETTER
    row = one(read(groups, asking("cuped")), CUPED)
    assert row["difference"] == pytest.approx(0.06, abs=1e-9)


def test_post_stratification_judges_where_it_is_registered() -> None:
    """Two branches of half the users, 0 and 2 days, sd 0.3: √1.09 as one, 0.3 within them."""
    groups = bank(
        [
            side("model", touch, mean=mean + gain, variance=0.09, branch=branch, n=500)
            for touch, gain in (("touched", 0.06), ("holdout", 0.0))
            for branch, mean in (("B1", 0.0), ("B2", 2.0))
        ]
    )
    rows = read(groups, asking("post_stratified"))
    assert verdicts(rows) == {ALL: None, CUPED: None, STRATIFIED: BETTER_BUT_SMALL}
    half = 1.96 * (2 * 0.09 / 1_000) ** 0.5
    row = one(rows, STRATIFIED)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((0.06 - half, 0.06 + half), abs=2e-4)
    assert verdicts(read(groups, asking("unadjusted")))[ALL] == INCONCLUSIVE


@pytest.mark.parametrize("headline", ["unadjusted", "cuped", "post_stratified"])
def test_each_causal_question_over_all_users_has_one_verdict(headline: Any) -> None:
    rows = [row for row in read(ALIKE, asking(headline)) if row["segment"] in SEGMENTS.values()]
    with_verdict = [(row["contrast"], row["metric"]) for row in rows if row["verdict"] is not None]
    causal = [contrast.name for contrast in experiment.among(DESIGN.cells) if contrast.kind == "causal"]
    assert sorted(with_verdict) == sorted((name, metric) for name in causal for metric in ("active", "days"))
    assert {row["segment"] for row in rows if row["verdict"] is not None} == {SEGMENTS[headline]}


def test_a_region_without_the_covariates_has_no_answer_rather_than_another_ones() -> None:
    bare = specs_for(asking("cuped"), columns=())
    settings = asking("cuped")
    rows = read(ALIKE, settings, bare)
    row = one(rows, CUPED)
    assert (row["status"], row["verdict"], row["difference"]) == ("not_estimable", NOT_ESTIMABLE, None)
    assert "the region has none of the registered covariates: login_days_1m" in row["reason"]
    assert one(rows, ALL)["verdict"] is None
    assert CUPED not in {r["segment"] for r in read(ALIKE, asking("unadjusted"), bare)}
    says = {part.title: part.sentences for part in experiment.narratives(rows, ["days"], alpha=0.05)}["touch_model"]
    assert says[0].startswith("days: cannot be seen. CUPED is the registered headline")
    assert any("touch_model" in line and "registered covariates" in line for line in experiment.cannot_see(rows))


def test_a_stratum_without_a_holdout_leaves_the_stratified_headline_open() -> None:
    groups = [*ALIKE, side("model", "touched", mean=1.0, n=45, branch="B2")]
    row = one(read(groups, asking("post_stratified")), STRATIFIED)
    assert row["verdict"] == NOT_ESTIMABLE
    assert "branch=B2" in row["reason"]
    assert "0 on the side of the control" in row["reason"]


def test_a_failed_check_withholds_the_headline_whichever_it_is() -> None:
    lost = [g for g in ALIKE if (g.policy, g.touch) != ("model", "holdout")]
    lost.append(side("model", "holdout", mean=1.0, correlation=0.8, n=800))
    row = one(read(lost, asking("cuped")), CUPED)
    assert (row["status"], row["verdict"], row["difference"]) == ("withheld", WITHHELD, None)


def test_the_words_are_the_headlines() -> None:
    rows = read(ALIKE, asking("cuped"))
    told = {part.title: part.sentences for part in experiment.narratives(rows, ["days"], alpha=0.05, means=("days",))}
    assert told["touch_model"][0].startswith(
        "days: 1.06 against 1, with covariates (CUPED), a difference of +0.06 (95% interval +0.00736 to +0.113), "
        "1.06 times as much. Proven better. Beside it: unadjusted +0.06 (95% interval -0.0277 to +0.148); within "
    )
    assert told["pick_model_vs_rule"][0].startswith("days: 1.06 against 1, a difference of")  # describes, unadjusted
    assert told["pick_model_vs_rule"][1].endswith("+0.06 moved, unadjusted")
    assert not any("touch_model" in line for line in experiment.cannot_see(rows) if line.startswith("days"))
    plain = read(ALIKE, asking("unadjusted"))
    assert any("touch_model" in line for line in experiment.cannot_see(plain) if line.startswith("days"))


def test_a_pick_is_read_by_the_headlines_gain() -> None:
    """Picks differ by 0.3, of which 0.1 is moved: CUPED shows it (standard error 0.038), Welch does not (0.063)."""
    means = {("touched", "model"): 1.3, ("holdout", "model"): 1.2, ("touched", "rule"): 1.0, ("holdout", "rule"): 1.0}
    groups = [side(policy, touch, mean=mean, correlation=0.8) for (touch, policy), mean in means.items()]
    groups += [side("random", touch, mean=1.0, correlation=0.8) for touch in ("touched", "holdout")]
    reasons = {
        headline: one(read(groups, asking(headline)), ALL, "pick_model_vs_rule")["reason"]
        for headline in ("unadjusted", "cuped")
    }
    assert reasons == {"unadjusted": ONLY_FINDS, "cuped": None}


def test_the_registered_headline_counts_not_that_of_conf() -> None:
    plan = {"cycle": "2026-06", "thresholds": asking("cuped").model_dump(mode="json")}
    assert experiment.registration_check.settings_of(plan, now=asking("unadjusted")).headline == "cuped"


def test_only_a_known_headline_that_can_be_had_is_registered() -> None:
    with pytest.raises(ValidationError, match="'unadjusted', 'cuped' or 'post_stratified'"):
        asking("ancova")
    with pytest.raises(ValidationError, match="headline is cuped, but covariates is empty"):
        asking("cuped", covariates=())


def test_rows_keep_their_key() -> None:
    rows = read(ALIKE, asking("cuped"))
    keys = [tuple(row[name] for name in derived.READOUT.key) for row in rows]
    assert len(keys) == len(set(keys))

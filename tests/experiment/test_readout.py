"""The read-out from a few numbers: contrasts, checks, verdicts and words, without Spark."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.asked import settings_for, specs_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment.groups import Group, Totals
from reactivation.periods import Month
from reactivation.statistics.estimates import Estimate
from reactivation.statistics.verdicts import ONLY_FINDS, verdict

pytestmark = pytest.mark.numbers

JUNE = Month.parse("2026-06")
SETTINGS = settings_for(
    guardrails={},
    metrics={"login": experiment.Metric(outcome="logged_in", minimum_effect=0.02)},
)
SPECS = specs_for(SETTINGS)
DESIGN = experiment.Design({"model": 1 / 3, "rule": 1 / 3, "random": 1 / 3}, holdout=0.5, long_holdout=0.0)
EVERYWHERE = {"touched": 500, "holdout": 500}


def group(policy: str, is_selected: bool, touch: str | None, *, users: int, events: int, spend: float = 0.0) -> Group:
    """Users of whom so many logged in."""
    sums = {"users": users, "assigned": users, "spend": spend, "events__login": events, "known__login": users}
    return Group(policy, is_selected, touch, Totals(sums))


def cell(
    policy: str, touched: int, holdout: int, *, users: Mapping[str, int] = EVERYWHERE, spend: float = 100.0
) -> list[Group]:
    """A cell whose picked users logged in as often as given, and 200 of 500 of its others."""
    picked = {"touched": touched, "holdout": holdout}
    return [
        group(policy, is_selected, touch, users=n, events=events, spend=spend if touch == "touched" else 0.0)
        for touch, n in users.items()
        for is_selected, events in ((True, min(picked[touch], n)), (False, min(200, n)))
    ]


CELLS = [*cell("model", 400, 300), *cell("rule", 200, 150), *cell("random", 150, 150)]


def read(groups: list[Group], design: experiment.Design = DESIGN) -> dict[str, dict[str, Any]]:
    rows = read_all(groups, design)
    assert all(tuple(row) == derived.READOUT.column_names for row in rows)
    return {row["contrast"]: row for row in rows if row["segment"] == "all"}


def read_all(groups: list[Group], design: experiment.Design = DESIGN) -> list[dict[str, Any]]:
    request = experiment.request(groups, design=design, settings=SETTINGS, specs=SPECS, known_on=date(2026, 8, 6))
    return experiment.read_out(groups, cycle=JUNE, request=request)


def test_each_contrast_compares_what_the_design_says() -> None:
    found = read(CELLS)
    assert {name: (row["estimate_treatment"], row["estimate_control"]) for name, row in found.items()} == {
        "touch_model": (0.8, 0.6),
        "touch_rule": (0.4, 0.3),
        "touch_random": (0.3, 0.3),
        "pick_model_vs_rule": (0.8, 0.4),
        "found_model_vs_rule": (0.6, 0.3),
        "gain_model_vs_rule": (pytest.approx(0.2), pytest.approx(0.1)),
        "policy_model_vs_rule": (0.6, 0.4),  # picked and not picked alike: (400 + 200) of 1000
        "pick_model_vs_random": (0.8, 0.3),
        "found_model_vs_random": (0.6, 0.3),
        "gain_model_vs_random": (pytest.approx(0.2), pytest.approx(0.0)),
        "policy_model_vs_random": (0.6, pytest.approx(0.35)),
        "cumulative_touch": (None, None),  # nobody is in the long holdout
        "guide_model": (0.4, 0.4),  # those whom the model's cell does not pick
    }
    assert found["pick_model_vs_rule"]["ratio"] == pytest.approx(2.0)
    assert found["gain_model_vs_rule"]["ratio"] is None
    assert found["touch_model"]["verdict"] == "proven better"
    assert found["pick_model_vs_rule"]["verdict"] is None  # descriptive: no verdict


counts = st.integers(1, 499)


@settings(max_examples=25)
@given(a=counts, b=counts, c=counts, d=counts)
def test_pick_is_found_plus_gain(a: int, b: int, c: int, d: int) -> None:
    found = read([*cell("model", a, b), *cell("rule", c, d), *cell("random", 100, 100)])
    pick, by_itself, gained = (found[f"{name}_model_vs_rule"]["difference"] for name in ("pick", "found", "gain"))
    if None not in (pick, by_itself, gained):
        assert pick == pytest.approx(by_itself + gained, abs=1e-12)


def test_long_holdout_and_cell_none_are_in_no_monthly_contrast() -> None:
    others = [
        group("none", False, None, users=900, events=900),
        *[group(p, s, "long_holdout", users=50, events=10) for p in derived.POLICIES for s in (True, False)],
    ]
    design = DESIGN._replace(holdout=0.5 * 6000 / 6300, long_holdout=300 / 6300)
    alone, together = read(CELLS), read([*CELLS, *others], design)
    monthly = [name for name in alone if name != "cumulative_touch"]
    assert {name: together[name] for name in monthly} == {name: alone[name] for name in monthly}
    months = together["cumulative_touch"]
    assert (months["n_treatment"], months["n_control"], months["estimate_control"]) == (6000, 300, 0.2)
    assert months["verdict"] == "proven better"


def test_after_a_month_of_campaigns_the_long_holdout_is_compared_with_nobody() -> None:
    others = [group(p, s, "long_holdout", users=50, events=10) for p in derived.POLICIES for s in (True, False)]
    design = DESIGN._replace(holdout=0.5 * 6000 / 6300, long_holdout=300 / 6300, months_before=2)
    found = read([*CELLS, *others], design)
    row = found.pop("cumulative_touch")
    assert (row["status"], row["verdict"], row["difference"]) == ("withheld", "withheld", None)
    assert row["reason"].startswith("2 months of campaigns since its draw have woken sleepers on one side alone")
    assert "withheld" not in {one["status"] for one in found.values()}


def test_a_lost_arm_withholds_what_rests_on_it_and_nothing_else() -> None:
    lost = cell("rule", 200, 150, users={"touched": 500, "holdout": 380})
    found = read([*cell("model", 400, 300), *lost, *cell("random", 150, 150)])
    status = {name: row["status"] for name, row in found.items()}
    assert status["touch_rule"] == status["gain_model_vs_rule"] == status["pick_model_vs_rule"] == "withheld"
    assert status["touch_model"] == "estimated"
    row = found["touch_rule"]
    assert "sample ratio: touched : holdout among the cell rule are 1000 : 760" in row["reason"]
    assert "looks so less than once in 1000 times" in row["reason"]
    assert row["verdict"] == "withheld"
    numbers = [
        name
        for name, column in zip(derived.READOUT.column_names, derived.READOUT.columns, strict=True)
        if column.type == "double"
    ]
    assert all(row[name] is None for name in numbers)  # no effect to be read, not even by subtraction


def test_the_long_holdout_takes_its_share_from_the_touched() -> None:
    design = DESIGN._replace(holdout=0.45, long_holdout=0.10)
    drawn = {"touched": 4_500, "holdout": 4_500, "long_holdout": 1_000}
    groups = [group(p, False, touch, users=n, events=0) for p in derived.POLICIES for touch, n in drawn.items()]
    found = experiment.sample_ratios(groups, design)
    assert not any(ratio.is_mismatch(0.001) for ratio in found.values())
    assert found["model"].expected == pytest.approx((0.5, 0.5))
    assert found["model_selected"].p_value is None  # nobody was picked: nothing to test


def test_unequal_spend_withholds_the_policies_only() -> None:
    found = read([*cell("model", 400, 300, spend=150.0), *cell("rule", 200, 150), *cell("random", 150, 150)])
    assert found["policy_model_vs_rule"]["status"] == "withheld"
    assert "unequal spend: 0.3000 per user against 0.2000" in found["policy_model_vs_rule"]["reason"]
    assert found["gain_model_vs_rule"]["status"] == "estimated"


@pytest.mark.parametrize(
    ("events", "found", "needed"),
    [
        ((3, 2), "2.5 expected events", "about 2 000"),  # 10 events at 5 in 1 000
        ((0, 0), "0.0 expected events", "at least 3 334"),  # the rate is below 3 in 1 000, by the rule of three
        ((500, 499), "0.5 expected non-events", "about 10 000"),  # nearly everybody: those who did not are too few
    ],
)
def test_too_few_events_are_said_with_the_users_it_would_need(events: tuple[int, int], found: str, needed: str) -> None:
    row = read([*cell("model", *events), *cell("rule", 200, 150), *cell("random", 150, 150)])["touch_model"]
    assert (row["status"], row["verdict"], row["difference"], row["p_value"]) == (
        *("not_estimable", "not estimable"),
        *(None, None),
    )
    side = "on the side of the treatment (500 users)"
    assert row["reason"] == f"too few: {found} {side}, at least 10 wanted; needs {needed} users there"


def test_empty_sides_have_words() -> None:
    nobody = {"touched": 500, "holdout": 0}
    design = DESIGN._replace(holdout=0.0)
    found = read(
        [group for policy in ("model", "rule", "random") for group in cell(policy, 250, 0, users=nobody)], design
    )
    assert found["touch_model"]["reason"] == "nobody on the side of the control; needs about 20 users there"
    assert "nobody on the side of the control" in found["gain_model_vs_rule"]["reason"]
    assert found["pick_model_vs_rule"]["status"] == "estimated"
    assert "cannot be said" in read([])["touch_model"]["reason"]


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.03, 0.06, "proven better"),
        (0.01, 0.03, "proven better"),  # surely more than nothing, perhaps more than the minimum
        (0.005, 0.015, "proven better but smaller than the minimum"),
        (-0.05, -0.01, "proven worse"),
        (-0.01, 0.01, "no difference larger than the minimum"),
        (-0.01, 0.05, "inconclusive"),
    ],
)
def test_verdicts_follow_from_the_interval_and_the_minimum(low: float, high: float, word: str) -> None:
    seen = Estimate(500, 500, difference=(low + high) / 2, difference_low=low, difference_high=high)
    found = verdict(seen, minimum_effect=0.02, alpha=0.05, power=0.8)
    assert found.word == word
    if word == "inconclusive":  # 1 000 users gave a standard error of 0.03 / 1.96; it must be 0.02 / 2.80
        assert found.reason == "needs about 4 598 users to see a difference of 2.0 points with 80% power"


def test_an_open_answer_that_had_users_enough_says_how_many_settle_it_whatever_the_truth() -> None:
    """A thousand users, an interval of 2.4 points around 1: both none and the minimum of 2 points are in it."""
    seen = Estimate(500, 500, difference=0.01, difference_low=-0.002, difference_high=0.022)
    found = verdict(seen, minimum_effect=0.02, alpha=0.05, power=0.8)
    assert found == (
        "inconclusive",
        "the users were enough to see a difference of 2.0 points with 80% power, and yet the interval holds both none "
        "and that; about 1 440 users would settle it whatever the truth",  # 1 000 · (2.4 / 2)²
    )


def test_without_a_minimum_only_zero_can_be_judged_against() -> None:
    seen = Estimate(500, 500, difference=0.01, difference_low=0.001, difference_high=0.019)
    assert verdict(seen, minimum_effect=None, alpha=0.05, power=0.8) == ("proven better", None)


def test_a_model_that_only_finds_people_is_told_so() -> None:
    finder = read([*cell("model", 400, 400), *cell("rule", 200, 200), *cell("random", 150, 150)])
    assert finder["pick_model_vs_rule"]["reason"] == ONLY_FINDS
    mover = read([*cell("model", 400, 250), *cell("rule", 200, 200), *cell("random", 150, 150)])
    assert mover["pick_model_vs_rule"]["reason"] is None


def test_the_read_out_is_told_in_sentences() -> None:
    rows = read_all(CELLS)
    told = {part.title: part.sentences for part in experiment.narratives(rows, ["login", "unknown"], alpha=0.05)}
    assert told["touch_model"] == (
        "login: 80.0% against 60.0%, a difference of +20.0 points (95% interval +14.4 to +25.4), 1.33 times as many. "
        "Proven better. Beside it: within strata +20.0 points (95% interval +14.4 to +25.6).",
    )
    assert told["pick_model_vs_rule"][-1] == (
        "login: +40.0 points between the picks = +30.0 points who would have come anyway, and +10.0 points moved"
    )
    assert told["cumulative_touch"] == (
        "login: cannot be seen. Nobody on the side of the control; needs about 24 users there.",
    )
    assert [line.split(" (")[0] for line in experiment.cannot_see(rows)] == [
        "login, touch_random",
        "login, cumulative_touch",
        "login, guide_model",
    ]
    shown = experiment.briefs(reversed(rows))  # a table gives its rows in any order
    assert [(row["contrast"], row["segment"]) for row in shown[:3]] == [
        ("touch_model", "all"),
        ("touch_model", "all, post-stratified"),
        ("touch_model", "reached"),
    ]
    assert shown[0]["interval"] == "+14.4 to +25.4"


def test_what_nobody_knows_is_said_once_not_once_per_contrast() -> None:
    rows = read_all([])
    assert experiment.cannot_see(rows) == [
        "login, all contrasts: the outcome is known of nobody on either side; "
        "how many users it would need cannot be said"
    ]

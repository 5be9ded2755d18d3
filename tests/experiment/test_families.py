"""Which answers may be called proven: a registered order, guardrails apart, everything else exploratory."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from experiment.asked import DESIGN, JUNE, answers_for, settings_for, specs_for
from reactivation import experiment
from reactivation.contracts import derived
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.registration import sealed
from reactivation.periods import Calendar
from reactivation.settings import load
from reactivation.statistics.verdicts import HINTS, NOT_ESTIMABLE, WITHHELD

pytestmark = pytest.mark.numbers

CONF, DATA = Path(__file__).parents[2] / "conf", Path(__file__).parents[1] / "data"
ORDER = [
    {"contrast": contrast, "metric": metric}
    for metric in ("login", "transaction")
    for contrast in ("touch_model", "policy_model_vs_rule", "gain_model_vs_rule")
]
METRICS: dict[str, Any] = {
    name: {"outcome": outcome, "minimum_effect": 0.02}
    for name, outcome in {
        "login": "logged_in",
        "transaction": "transacted",
        "active": "is_active",
        "active_after": "active_after",
        "retained": "retained",
    }.items()
}
SETTINGS = settings_for(
    metrics=METRICS,
    sequence=ORDER,
    most_outside_difference=0.1,
    most_contacted_share=0.01,
    spend_tolerance_share=0.9,
    active_user_value={"registered": 20, "range": [5, 80]},
)
SPECS = specs_for(SETTINGS, weeks=1)
KEYS = ("contrast", "metric", "segment")
N = 2_000


def bank(effects: dict[tuple[str, str], float] | None = None, *, seed: int | None = None, **more: Any) -> list[Group]:
    """Three cells of two branches, half held out. effects: by policy and metric, what touching moves among its picks.

    seed: None gives expected counts; else they are drawn. more: further sums, by `<policy>_<touch>`.
    """
    rng = None if seed is None else np.random.default_rng(seed)
    found = []
    for policy in derived.POLICIES:
        for is_selected in (True, False):
            for touch in ("touched", "holdout"):
                for branch in ("B1", "B2"):
                    n = N // 2
                    sums: dict[str, Any] = {"users": n, "assigned": n, "known__week__1": n, "events__week__1": 300}
                    for metric in METRICS:
                        moved = (
                            (effects or {}).get((policy, metric), 0.0) if is_selected and touch == "touched" else 0.0
                        )
                        rate = 0.3 + moved
                        events = round(n * rate) if rng is None else int(rng.binomial(n, rate))
                        sums |= {f"known__{metric}": n, f"events__{metric}": events, f"apart__{metric}": 1}
                    sums |= {
                        "known__opt_out": n,
                        "events__opt_out": 2,
                        "cost": 0,
                        "cost_squares": 0,
                        "from_outside": 400,
                    }
                    sums |= (
                        more.get(f"{policy}_{touch}", {}) if is_selected else more.get(f"{policy}_others_{touch}", {})
                    )
                    found.append(Group(policy, is_selected, touch, Totals(sums), frozenset({policy}), branch, "high"))
    return found


def read(
    groups: list[Group],
    settings: experiment.ExperimentSettings = SETTINGS,
    design: experiment.Design = DESIGN,
    specs: experiment.MetricSpecs = SPECS,
) -> dict[tuple[str, str, str], dict[str, Any]]:
    request = experiment.request(groups, design=design, settings=settings, specs=specs, known_on=date(2026, 8, 6))
    rows = experiment.read_out(groups, cycle=JUNE, request=request)
    assert all(tuple(row) == derived.READOUT.column_names for row in rows)
    found = {tuple(row[name] for name in KEYS): row for row in rows}
    assert len(found) == len(rows)
    return found  # type: ignore[return-value]


STRONG = {(policy, metric): 0.25 for policy in derived.POLICIES for metric in METRICS}
BEST = {**STRONG, **{("model", metric): 0.4 for metric in METRICS}}


def words(rows: dict[tuple[str, str, str], dict[str, Any]]) -> list[str]:
    return [rows[one["contrast"], one["metric"], "all"]["verdict"] for one in ORDER]


def test_the_order_is_proven_to_its_end_where_all_of_it_is_there() -> None:
    rows = read(bank(BEST))
    assert words(rows) == ["proven better"] * 6
    assert {rows[one["contrast"], one["metric"], "all"]["family"] for one in ORDER} == {"sequence"}
    assert {rows[one["contrast"], one["metric"], "all"]["alpha"] for one in ORDER} == {0.05}


@pytest.mark.parametrize("broken", range(6))
def test_after_the_first_question_that_is_not_proven_nothing_is_proven_however_clear(broken: int) -> None:
    effects = dict(BEST)
    contrast, metric = ORDER[broken]["contrast"], ORDER[broken]["metric"]
    effects[("model" if contrast == "touch_model" else "rule"), metric] = 0.0 if contrast == "touch_model" else 0.4
    found = words(read(bank(effects)))
    # the rule as good as the model leaves policy and gain open at once: the earlier of the two ends the order
    end = broken - 1 if contrast == "gain_model_vs_rule" else broken
    assert found[:end] == ["proven better"] * end
    assert not any(word.startswith("proven") for word in found[end:])
    assert any(word.startswith("exploratory: ") for word in found[end + 1 :]) or end >= 4


def test_the_first_that_is_not_proven_keeps_its_own_level_and_the_rest_is_told_as_not_tested() -> None:
    groups = bank({**BEST, ("rule", "login"): 0.4})
    rows = read(groups)
    first = rows["policy_model_vs_rule", "login", "all"]
    assert (first["family"], first["alpha"]) == ("sequence", 0.05)
    later = rows["touch_model", "transaction", "all"]
    assert (later["family"], later["verdict"]) == ("exploratory", "exploratory: better")
    told = {part.title: part.sentences for part in chapters(groups)}["The questions, in their order"]
    assert told[0].startswith("1. touch_model on login: proven better, +40.0 points (95% interval ")
    assert told[1].startswith("2. policy_model_vs_rule on login: inconclusive, +0.0 points (95% interval -2.2 to +2.2)")
    assert told[3].startswith(
        "4. touch_model on transaction: not tested: an earlier question is not proven; exploratory:"
    )
    assert told[6].startswith(
        "Each is tested at full level until the first that is not proven; everything else, guardr"
    )


def chapters(groups: list[Group]) -> list[experiment.Narrative]:
    found = answers_for(groups, SETTINGS, SPECS)
    return experiment.chapters(found, metrics=["login", "active"], settings=SETTINGS)


@pytest.mark.parametrize("effects", [BEST, STRONG, {}, {("rule", "transaction"): -0.1}])
def test_outside_the_order_nothing_reads_proven_and_each_verdict_is_that_of_the_interval_beside_it(
    effects: dict[tuple[str, str], float],
) -> None:
    seen = set()
    for row in read(bank(effects)).values():
        if row["verdict"] is None or row["family"] == "guardrail":
            continue
        assert row["family"] == "sequence" or "proven" not in row["verdict"]
        if row["status"] == "estimated":
            low, high, least = row["difference_low"], row["difference_high"], 0.02
            if low > 0:
                word = "proven better but smaller than the minimum" if high < least else "proven better"
            elif high < 0:
                word = "proven worse"
            else:
                word = "no difference larger than the minimum" if -least < low and high < least else "inconclusive"
            assert row["verdict"] == (word if row["family"] == "sequence" else HINTS.get(word, word))
            assert row["family"] == "sequence" or row["alpha"] < 0.05
        seen.add(row["family"])
    assert seen == {"sequence", "exploratory", "follow_up", "next_month"}


def test_the_month_the_follow_up_and_the_next_month_are_a_family_each_after_benjamini_and_hochberg() -> None:
    rows = list(read(bank(STRONG)).values())
    for name in ("exploratory", "follow_up", "next_month"):
        family = [row for row in rows if row["family"] == name and row["status"] == "estimated"]
        with_p = [row for row in family if row["p_value"] is not None]
        assert all(row["p_adjusted"] is not None for row in family)  # of a gain the one that its interval gives
        assert {row["alpha"] for row in family} == {family[0]["alpha"]}  # one level
        p = [row["p_value"] for row in with_p]
        if len(with_p) == len(family):  # no gain among them
            assert [row["p_adjusted"] for row in with_p] == pytest.approx(list(multipletests(p, method="fdr_bh")[1]))
    metrics = {name: {row["metric"] for row in rows if row["family"] == name} for name in ("follow_up", "next_month")}
    assert metrics == {"follow_up": {"active_after"}, "next_month": {"retained"}}
    assert {row["segment"] for row in rows if row["family"] == "exploratory"} >= {
        "all",
        "week 1",
        "branch=B1",
        "tier=high",
    }


def test_in_months_in_which_nothing_moves_anybody_something_is_claimed_as_rarely_as_alpha() -> None:
    """60 whole months, all hypotheses true: any claim of the order, and any hint of the exploratory family, is false.

    Ten thousand months of the order alone are in tests/statistics/test_multiplicity.py.
    """
    short = SETTINGS.model_copy(update={"metrics": {name: SETTINGS.metrics[name] for name in ("login", "transaction")}})
    specs, claims, hints = specs_for(short), 0, 0
    for seed in range(60):
        groups = bank(seed=20261128 + seed)
        request = experiment.request(groups, design=DESIGN, settings=short, specs=specs, known_on=date(2026, 8, 6))
        found = [
            (row["family"], str(row["verdict"])) for row in experiment.read_out(groups, cycle=JUNE, request=request)
        ]
        claims += any(family == "sequence" and word.startswith("proven") for family, word in found)
        hints += any(word in ("exploratory: better", "exploratory: worse") for _, word in found)
    # binomial, 60 at 0.05: 3 expected, more than 7 once in fifty times
    assert claims <= 7
    assert hints <= 7


def test_a_plan_of_0_1_0_is_read_out_by_its_own_rules() -> None:
    """It names no order, no value of an active user and no bounds of outside contacts, whatever conf names now."""
    text = (DATA / "plans" / "plan_0_1_0.json").read_text(encoding="utf-8")
    plan = experiment.registration_check.read({"plan_json": text, "plan_hash": sealed(text), "cycle": "2026-05"})
    now = load(CONF, env="local", region="sandbox", scenario="mobile_activity").settings.experiment
    assert len(now.sequence) == 6
    assert now.guardrails["opt_out"].outcome == "refused"
    settings = experiment.registration_check.settings_of(plan, now=now)
    assert (settings.sequence, settings.active_user_value, settings.spend_counted) == ((), None, "planned")
    assert (settings.most_outside_difference, settings.most_contacted_share) == (1, 1)
    assert settings.guardrails["opt_out"].outcome == "opted_out"
    old = [contrast.name for contrast in experiment.among(derived.POLICIES) if contrast.name != "guide_model"]
    design = experiment.design_of(plan)
    assert design.contrasts == tuple(old)
    odd = {"from_outside": 480, "reached": 0}  # 48 % against 40 %, and of them none too many for 0.1.0
    groups = bank(STRONG, rule_touched=odd, rule_holdout={"reached": 100})
    rows = read(groups, settings, DESIGN._replace(contrasts=design.contrasts), specs_for(settings, weeks=1))
    assert {contrast for contrast, _, _ in rows} == set(old)
    assert {row["family"] for row in rows.values()} == {None}
    assert rows["touch_random", "login", "all"]["verdict"] == "proven better"
    assert rows["touch_rule", "login", "all"]["status"] == "estimated"
    assert "over 3 segments" in rows["touch_rule", "login", "branch=B1"]["reason"]
    assert not [row for row in rows.values() if row["metric"] == "net_gain"]
    assert rows["touch_model", "login", "all"]["alpha"] == 0.05


def test_a_metric_that_is_the_primary_one_for_every_user_is_said_once() -> None:
    same = {
        f"{p}_{part}{t}": {"apart__active": 0}
        for p in derived.POLICIES
        for part in ("", "others_")
        for t in ("touched", "holdout")
    }
    groups = bank(STRONG, **same)
    rows = read(groups)
    mine = [row for row in rows.values() if row["metric"] == "active" and not row["segment"].startswith("week")]
    assert {(row["family"], row["verdict"], row["reason"]) for row in mine} == {
        ("said_once", None, "the same as login for every user: said there")
    }
    assert rows["touch_model", "active", "week 1"]["family"] == "exploratory"  # of weeks it alone tells
    told = {part.title: part.sentences for part in chapters(groups)}
    assert (
        told["The questions, in their order"][-1] == "active is the same as login for every user, and told there once."
    )
    assert not [line for line in told["touch_model"] if line.startswith("active")]
    other = [row for row in read(bank(STRONG)).values() if row["metric"] == "active"]
    assert "said_once" not in {row["family"] for row in other}  # one user apart is another metric


def test_the_others_of_the_models_cell_are_a_contrast_with_a_guardrail() -> None:
    rows = read(bank(model_others_touched={"events__login": 400, "events__opt_out": 60}))
    row = rows["guide_model", "login", "all"]
    assert (row["n_treatment"], row["n_control"]) == (N, N)
    assert row["difference"] == pytest.approx(0.1)
    assert row["verdict"] == "exploratory: better"
    assert rows["guide_model", "opt_out", "all"]["reason"].startswith("guardrail broken: ")
    assert rows["guide_model", "opt_out", "all"]["alpha"] == 0.1  # each end of its interval is one-sided at 0.05


def test_contacts_of_other_senders_stand_beside_every_verdict() -> None:
    for row in read(bank(STRONG)).values():
        if row["verdict"] not in (None, WITHHELD, NOT_ESTIMABLE):
            share = 0.0 if row["contrast"].startswith("gain_") else 0.4
            assert (row["outside_treatment"], row["outside_control"]) == pytest.approx((share, share))
    told = {part.title: part.sentences for part in chapters(bank(STRONG))}
    assert "Other senders wrote to 40.0% : 40.0% of the two sides." in told["touch_model"][0]


def test_a_difference_of_outside_contacts_beyond_the_bound_withholds_what_rests_on_it() -> None:
    rows = read(bank(STRONG, rule_touched={"from_outside": 520}))  # 52 % against 40 %
    status = {
        name: rows[name, "login", "all"]["status"] for name in ("touch_rule", "gain_model_vs_rule", "touch_model")
    }
    assert status == {"touch_rule": "withheld", "gain_model_vs_rule": "withheld", "touch_model": "estimated"}
    reason = rows["touch_rule", "login", "all"]["reason"]
    assert reason.startswith("contacts of other senders: 52.0% against 40.0% of the users of touch_rule got one")
    near = read(bank(STRONG, rule_touched={"from_outside": 499}))
    assert near["touch_rule", "login", "all"]["status"] == "estimated"


def test_a_difference_that_chance_explains_does_not_withhold() -> None:
    """10 of 20 against 13 of 20: 15 points apart, and nothing that a fair draw would not give."""
    few = {
        "users": 10,
        "assigned": 10,
        **{f"{kind}__{name}": n for name in METRICS for kind, n in (("known", 10), ("events", 3))},
    }
    rows = read(bank(rule_touched={**few, "from_outside": 5}, rule_holdout={**few, "from_outside": 6.5}))
    assert "other senders" not in str(rows["touch_rule", "login", "all"]["reason"])


def test_a_holdout_who_got_a_contact_of_ours_is_counted_and_withholds_above_the_bound() -> None:
    groups = bank(STRONG, model_holdout={"reached": 30})  # 3 % of the picks, 1.5 % of the cell
    rows = read(groups)
    assert rows["touch_model", "login", "all"]["reason"].startswith(
        "3.0% of the held out got contacts of ours, more than"
    )
    assert rows["guide_model", "login", "all"]["status"] == "estimated"  # of its own held out nobody got one
    checks = answers_for(groups, SETTINGS, SPECS).checks
    found = {row["subject"]: row for row in checks if row["check"] == "holdout_contacted"}
    assert found["model holdout"]["says"] == "model, holdout: 60 of 4000 users with a contact of ours (1.5%)"
    assert (found["model holdout"]["verdict"], found["rule holdout"]["verdict"]) == ("withholds", "holds")


def test_a_harm_that_is_seen_is_never_hidden() -> None:
    """A check fails and withholds the effect; the opt-outs that were seen stay in sight, and name the check."""
    rows = read(bank(rule_touched={"from_outside": 900, "events__opt_out": 80}))
    assert rows["touch_rule", "login", "all"]["status"] == "withheld"
    harm = rows["touch_rule", "opt_out", "all"]
    assert (harm["status"], harm["family"]) == ("estimated", "guardrail")
    assert harm["reason"].startswith("guardrail broken: ")
    assert "beside it a check failed: contacts of other senders" in harm["reason"]
    assert read(bank(rule_touched={"from_outside": 900}))["touch_rule", "opt_out", "all"]["status"] == "withheld"


def test_beside_every_policy_contrast_stands_its_net_gain_at_every_registered_value() -> None:
    """All of the model's picks cost 2 and a tenth more of them come: 20 · 0.05 - 1 per user of the cell."""
    paid = {"cost": 2_000.0, "cost_squares": 4_000.0, "cost_of_events__active": 800.0}
    rows = read(bank({("model", "active"): 0.1}, model_touched=paid))
    for policy in ("policy_model_vs_rule", "policy_model_vs_random"):
        values = {"all": 20, "value=5": 5, "value=80": 80}
        for segment, value in values.items():
            row = rows[policy, "net_gain", segment]
            assert row["difference"] == pytest.approx(value * 0.05 - 1.0)
            assert row["difference_low"] < row["difference"] < row["difference_high"]
            assert (row["verdict"], row["ratio"], row["reason"]) == (None, None, f"an active user is worth {value}")
    told = {part.title: part.sentences for part in chapters(bank({("model", "active"): 0.1}, model_touched=paid))}
    assert told["Net gain"][0].startswith(
        "policy_model_vs_rule, an active user is worth 20: +0.000 per user (95% interval -"
    )


def test_the_net_gain_counts_an_asset_uplift_at_its_own_value() -> None:
    """As above; a tenth of the model's picks have an uplift more than of the others': 30 · 0.05 beside it."""
    paid = {"cost": 2_000.0, "cost_squares": 4_000.0, "cost_of_events__active": 800.0}
    paid |= {"uplifts": 100, "uplifts_active": 60, "cost_of_uplifts": 200.0}
    settings = settings_for(**{**SETTINGS.model_dump(mode="json"), "asset_uplift_value": 30})
    rows = read(bank({("model", "active"): 0.1}, model_touched=paid), settings)
    row = rows["policy_model_vs_rule", "net_gain", "all"]
    assert row["difference"] == pytest.approx(20 * 0.05 - 1.0 + 30 * 0.05)
    assert row["reason"] == "an active user is worth 20, and an asset uplift 30 beside it"


def test_a_plan_that_gives_an_asset_uplift_no_value_names_none_and_is_read_out_without() -> None:
    """So a running month that an older release registered is not another one under today's conf."""
    asked = settings_for(**{**SETTINGS.model_dump(mode="json"), "asset_uplift_value": 30})
    drafts = [_thresholds(settings) for settings in (SETTINGS, asked)]
    assert ["asset_uplift_value" in plan["thresholds"] for plan in drafts] == [False, True]
    found = [experiment.registration_check.settings_of(plan, now=asked).asset_uplift_value for plan in drafts]
    assert found == [None, 30.0]
    assert (asked.asset_worth, SETTINGS.asset_worth) == (Decimal(30), Decimal(0))
    with pytest.raises(ValueError, match="asset_uplift_value"):
        settings_for(**{**SETTINGS.model_dump(mode="json"), "asset_uplift_value": 0})


def _thresholds(settings: experiment.ExperimentSettings) -> dict[str, Any]:
    arms = {"cells": {"model": 0.4, "rule": 0.3, "random": 0.3}, "holdout_share": 0.2, "long_holdout_share": 0.1}
    return experiment.draft(
        settings,
        cycle=JUNE,
        region="r",
        scenario="s",
        arms={**arms, "long_holdout_since": "2026-05"},
        waves=[],
        calendar=Calendar(zone="UTC", settle_days=4),
    )


def test_what_cannot_be_ordered_or_valued_is_refused() -> None:
    with pytest.raises(ValueError, match="sequence contrast: `touch_modell` is not known, did you mean `touch_model`"):
        settings_for(metrics=METRICS, sequence=[{"contrast": "touch_modell", "metric": "login"}])
    with pytest.raises(ValueError, match="sequence metric: `logins` is not known, did you mean `login`"):
        settings_for(metrics=METRICS, sequence=[{"contrast": "touch_model", "metric": "logins"}])
    with pytest.raises(ValueError, match="is asked twice in sequence"):
        settings_for(metrics=METRICS, sequence=[ORDER[0], ORDER[0]])
    with pytest.raises(ValueError, match="must increase and lie above 0"):
        settings_for(metrics=METRICS, active_user_value={"registered": 20, "range": [5, 5]})

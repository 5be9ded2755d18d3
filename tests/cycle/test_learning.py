"""A settled month teaches the month after the next, by what the jobs themselves read of it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from cycle.conftest import Bank
from reactivation import campaign, cli, experiment, model
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import ModelError, PlanError
from reactivation.periods import Month
from reactivation.pipelines import assign_tiers, evidence_months, learnt_options, plan_registration, training_rows
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store

pytestmark = pytest.mark.cycle

CYCLE, NEXT, LEARNER = "2026-05", "2026-06", "2026-07"


def test_bands_are_shown_by_the_settled_month_and_by_none_that_has_not_settled(bank: Bank) -> None:
    assert evidence_months.evidence(bank.open(flow.ASSIGN, NEXT)) == {}
    r = bank.open(flow.ASSIGN, LEARNER)
    assert evidence_months.cycles(r) == [CYCLE]
    found = evidence_months.evidence(r).values()
    picked = bank.read(derived.ARMS, CYCLE).where("is_selected").groupBy("touch").count().collect()
    users = {row.touch: row["count"] for row in picked}
    assert sum(band.n_touched for band in found) == users["touched"] > 100
    assert sum(band.n_compared for band in found) == users["holdout"] > 100
    assert sum(band.n_untouched for band in found) > users["holdout"]  # and those whom nobody may contact
    assert all(band.conversion is not None for band in found if band.n_untouched)


def test_a_wave_knows_of_its_options_what_settled_draws_told(spark: SparkSession, tmp_path: Path, rows: Rows) -> None:
    columns = ["cycle", "wave", "tier", "channel", "benefit", "status", "lift", "standard_error", "control_error"]
    columns += [f"{name}_{half}" for half in derived.HALVES for name in ("lift", "standard_error", "control_error")]
    columns += ["asset_lift", "asset_standard_error", "asset_control_error"]
    sms, push = ("W1", "high_potential", "sms", "login_discount"), ("W1", "high_potential", "push", "login_discount")
    told = [
        (CYCLE, *sms, "estimated", 0.10, 0.02, 0.01, 0.13, 0.03, 0.02, 0.09, 0.03, 0.02, 0.04, 0.01, 0.005),
        (CYCLE, *push, "not_estimable", *[None] * 12),
        (NEXT, *push, "estimated", 0.30, 0.02, 0.01, *[None] * 9),  # has not settled when the learner plans
    ]
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    store.replace(derived.RESPONSE, rows(derived.RESPONSE, columns, told), {"cycle": [CYCLE, NEXT]})
    learner, before = bank.open(flow.PLAN, LEARNER), bank.open(flow.PLAN, NEXT)
    waves = learner.settings.campaign.waves
    gains = learnt_options.gains(learner, waves)
    assert {name: found.options for name, found in gains.items() if found} == {
        "W1": (None, pytest.approx(0.10), None),  # in conf's order: push, sms, guidance to payments
        **{name: (None,) * len(wave.options) for name, wave in waves.items() if name != "W1"},
    }
    assert gains["W1"] is not None
    others = gains["W1"].others.of(("high_potential", "W1", "sms", "login_discount"))
    assert others == pytest.approx((0.11, 0.03**2 / 2))
    assert learnt_options.gains(before, waves) == {}
    assert {found.assets for found in gains.values()} == {()}  # conf gives an asset uplift no value
    asked = learner.settings.experiment.model_copy(update={"asset_uplift_value": 30.0})
    valued = learnt_options.gains(learner.under(experiment=asked), {"W1": waves["W1"]})
    assert valued["W1"].assets == (pytest.approx(0.04),) * 3  # one is known, and is the mean of all


def test_what_a_contact_adds_is_what_settled_months_of_contact_showed(bank: Bank) -> None:
    """`touch_model` on the metric of who was active, by the contacts that each of the model's touched picks had."""
    assert evidence_months.cycles(bank.open(flow.PLAN, NEXT)) == []
    assert learnt_options.contacts_per_user(bank.open(flow.PLAN, NEXT), []) is None
    r = bank.open(flow.PLAN, LEARNER)
    months = evidence_months.cycles(r)
    per_user = learnt_options.contacts_per_user(r, months)
    found = learnt_options.level(r, months, per_user)
    [shown] = (
        bank.read(derived.READOUT, CYCLE)
        .where("contrast = 'touch_model' and metric = 'active' and segment = 'all' and status = 'estimated'")
        .collect()
    )
    is_open = "policy = 'model' and is_selected and touch = 'touched'"
    picked = bank.read(derived.ARMS, CYCLE).where(is_open).select("user_id")
    contacts = bank.read(derived.WAVE_PLAN, CYCLE).where("contact_id is not null").join(picked, "user_id").count()
    assert per_user == pytest.approx(contacts / picked.count())
    assert found is not None
    assert found.mean == pytest.approx(shown.difference / per_user)
    assert found.variance > 0


def test_what_a_contact_adds_is_of_who_was_active_and_not_of_the_metric_that_decides(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    names = ["cycle", "contrast", "metric", "segment", "status", "alpha"]
    names += ["difference", "difference_low", "difference_high"]
    touch, ends = (CYCLE, "touch_model"), ("all", "estimated", 0.05)
    told = [
        (*touch, "active", *ends, 0.12, 0.08, 0.16),
        (*touch, "login", *ends, 0.50, 0.46, 0.54),
        (CYCLE, "touch_rule", "active", *ends, 0.90, 0.86, 0.94),
    ]
    store.replace(derived.READOUT, rows(derived.READOUT, names, told), {"cycle": [CYCLE]})
    r = bank.open(flow.PLAN, LEARNER)
    assert learnt_options.level(r, [CYCLE], 2.0) == pytest.approx((0.06, (0.04 / 1.959964 / 2) ** 2))
    assert learnt_options.level(r, [CYCLE], None) is None
    asked = r.settings.experiment
    others = {name: metric for name, metric in asked.metrics.items() if name != "active"}
    assert learnt_options.level(r.under(experiment=asked.model_copy(update={"metrics": others})), [CYCLE], 2.0) is None


def test_a_cycle_reckons_with_redemptions_that_settled_months_told(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    """Of April's 300 SMS 50 were redeemed: with conf's 0.20 of 200 offers they are 90 of 500."""
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    release = "sandbox-mobile_activity-2026-04-W1-v1"
    when = {"send_from": "2026-04-08", "benefit_valid_until": "2026-04-20"}
    when |= dict.fromkeys(("plan_version", "send_order", "template_version"), 1)
    names = ["cycle", "release_id", "contact_id", "user_id", "channel", "benefit", *when]
    offers = [("2026-04", release, f"c{n}", n, "sms", "login_discount", *when.values()) for n in range(300)]
    offers += [("2026-04", "of-another", f"d{n}", n, "sms", "login_discount", *when.values()) for n in range(300)]
    parts = {"cycle": ["2026-04"], "release_id": [release, "of-another"]}
    store.replace(derived.CONTACT_LEDGER, rows(derived.CONTACT_LEDGER, names, offers), parts)
    events = ["user_id", "event_at", "benefit_code", "action"]
    used = [(n, "2026-04-10 12:00", "login_discount", "redeemed") for n in range(50)]
    store.append(canonical.BENEFIT_EVENTS, rows(canonical.BENEFIT_EVENTS, events, used))
    released = [("2026-04-W1-v1-released", "2026-04", "W1", 1, release, "released")]
    names = ["event_id", "cycle", "wave", "plan_version", "release_id", "status"]
    parts = {"event_id": ["2026-04-W1-v1-released"]}
    store.replace(derived.WAVE_RELEASES, rows(derived.WAVE_RELEASES, names, released), parts)

    def share(step: flow.Step, cycle: str, *more: str) -> float:
        r = cli.open_run(cli.parser(step.job, "").parse_args([*bank.arguments(cycle), *more]), step=step)
        known = learnt_options.at_learnt_costs(r).settings.campaign
        assert known.benefits["payment_cashback"].share("sms") == 0.15
        return known.benefits["login_discount"].share("sms")

    assert share(flow.PLAN, "2026-06") == share(flow.ASSIGN, "2026-06") == 0.18
    assert share(flow.PLAN, "2026-05") == 0.20  # April has not settled
    assert share(flow.PLAN, "2026-12") == 0.20  # and by then is too old
    assert share(flow.PLAN, "2026-06", "--set", "campaign.redemption.is_learnt=false") == 0.20
    assert share(flow.PLAN, "2026-06", "--set", "campaign.learning.frozen_after=2026-03") == 0.20


def test_adaptive_odds_are_those_of_settled_draws_and_stand_as_they_were_registered(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = bank.open(flow.ASSIGN, LEARNER)
    assert learnt_options.odds(plain) == {}
    r = adaptive(plain)
    waves = r.settings.campaign.waves  # of so small a bank nobody may have drawn W1's third option
    two = waves["W1"].model_copy(update={"options": waves["W1"].options[:2]})
    r = r.under(campaign=r.settings.campaign.model_copy(update={"waves": {**waves, "W1": two}}))
    plans, outcomes, tiers = (bank.read(t, CYCLE) for t in (derived.WAVE_PLAN, derived.OUTCOMES, derived.TIERS_TABLE))
    sums = experiment.exploration(plans, outcomes=outcomes, tiers=tiers, salt="s").collect()
    told = experiment.response(
        [row.asDict() for row in sums], cycle=Month.parse(CYCLE), months=1, settings=r.settings.experiment
    )
    monkeypatch.setattr(campaign.gains, "newest", lambda _: told)  # so few users are not estimable by conf
    found = learnt_options.odds(r)
    waves = r.settings.campaign.waves
    assert "W1" in found
    for name, own in found.items():
        assert list(own) == [option.label for option in waves[name].options]
        assert sum(own.values()) == pytest.approx(0.75)
        assert min(own.values()) >= 0.10
    plan = plan_registration.draft(r, found)
    assert plan["offers"]["odds"] == found
    text = experiment.canonical(plan)
    registered = {"plan_json": text, "plan_hash": experiment.sealed(text)}
    monkeypatch.setattr(plan_registration, "row", lambda _: registered)
    monkeypatch.setattr(learnt_options, "odds", lambda _: pytest.fail("odds are registered once"))
    assert plan_registration.draft(r) == plan
    weights = tuple(found["W1"].values())
    assert plan_registration.odds_of(r, plan_registration.registered_odds(r), "W1") == campaign.Odds(0.25, weights)
    assert "odds" not in plan_registration.draft(plain)["offers"]


def test_odds_go_by_learnt_costs_and_fair_draws(
    spark: SparkSession, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 200 draws of W2 are of one option that had a chance of 0.25, W3 was stopped, W4's push led elsewhere."""
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    names = ["cycle", "wave", "user_id", "channel", "benefit", "is_exploration", "propensity", "drawn_from"]
    names += ["plan_version", "guide_to"]
    label = "push/payment_cashback"
    draws = [(CYCLE, "W2", n, *label.split("/"), True, 0.25, label, 1, None) for n in range(200)]
    for wave, own, leads in (("W1", label, None), ("W3", label, None), ("W4", "push/none", "payment")):
        draws += [(CYCLE, wave, n, "none", "none", True, 0.25, own, 1, None) for n in range(50)]
        draws += [(CYCLE, wave, n, *own.split("/"), True, 0.75, own, 1, leads) for n in range(50, 200)]
    events = [(f"{wave}-{status}", CYCLE, wave, 1, status, 9, wave) for wave, status in
              [*((f"W{n}", "released") for n in range(1, 5)), ("W3", "stopped")]]  # fmt: skip
    of_event = ["event_id", "cycle", "wave", "plan_version", "status", "contacts", "release_id"]
    store.replace(
        derived.WAVE_RELEASES, rows(derived.WAVE_RELEASES, of_event, events), {"event_id": [e[0] for e in events]}
    )
    for table, told in (
        (derived.WAVE_PLAN, rows(derived.WAVE_PLAN, names, draws)),
        (derived.OUTCOMES, rows(derived.OUTCOMES, ["cycle", "user_id", "is_active"], [(CYCLE, 1, True)])),
        (derived.TIERS_TABLE, rows(derived.TIERS_TABLE, ["cycle", "user_id", "tier"], [(CYCLE, 1, "low_potential")])),
        (derived.RESPONSE, rows(derived.RESPONSE, ["cycle"], [(CYCLE,)])),
    ):
        store.replace(table, told, {"cycle": [CYCLE]})
    r = adaptive(bank.open(flow.ASSIGN, LEARNER))
    campaign_settings, seen = r.settings.campaign, dict[str, object]()
    dear = {**campaign_settings.channel_cost_cny, "push": Decimal("9.00")}
    learnt = r.under(campaign=campaign_settings.model_copy(update={"channel_cost_cny": dear}))
    plain = experiment.exploration

    def exploration(*tables: DataFrame, **how: Any) -> DataFrame:
        seen["left_out"] = set(how["leave_out"])
        return plain(*tables, **how)

    def odds(*_: object, costs: dict[str, float], **__: object) -> tuple[float, ...]:
        seen["cost"] = max(seen.get("cost", 0.0), *costs.values())  # type: ignore[type-var]
        return ()

    monkeypatch.setattr(evidence_months, "cycles", lambda _: [CYCLE])
    monkeypatch.setattr(learnt_options, "at_learnt_costs", lambda _: learnt)
    monkeypatch.setattr(experiment, "exploration", exploration)
    monkeypatch.setattr(campaign.adaptive, "odds", odds)
    assert learnt_options.odds(r) == {}
    assert seen["left_out"] == {(CYCLE, "W2"), (CYCLE, "W3"), (CYCLE, "W4")}
    assert seen["cost"] > 9 / 20  # type: ignore[operator]


def test_what_was_learnt_of_another_message_is_no_option_s_lift(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    """When the month was read out, W4's push led to payments; now it leads nowhere."""
    store, now = Store(spark, str(tmp_path)), Bank(spark, tmp_path).open(flow.ASSIGN, LEARNER)
    options = [("W4", "push", "none"), ("W4", "sms", "none"), ("W1", "push", "login_discount"), ("W9", "push", "none")]
    learnt = rows(derived.RESPONSE, ["cycle", "wave", "channel", "benefit"], [(CYCLE, *option) for option in options])
    store.replace(derived.RESPONSE, learnt, {"cycle": [CYCLE]})
    assert len(learnt_options._response(now, CYCLE)) == 4  # no plan tells of it
    waves = now.settings.campaign.waves
    push, sms = waves["W4"].options
    led = waves["W4"].model_copy(update={"options": (push.model_copy(update={"guide_to": "payment"}), sms)})
    then = replace(now, cycle=Month.parse(CYCLE))
    then = then.under(campaign=now.settings.campaign.model_copy(update={"waves": {**waves, "W4": led}}))
    text = experiment.canonical(plan_registration.draft(then))
    plan = {"cycle": CYCLE, "plan_json": text, "plan_hash": experiment.sealed(text), "power_json": "[]"}
    store.replace(
        derived.EXPERIMENT_PLAN, spark.createDataFrame([plan], derived.EXPERIMENT_PLAN.schema), {"cycle": [CYCLE]}
    )
    found = learnt_options._response(now, CYCLE)
    assert [(row["wave"], row["channel"], row["benefit"]) for row in found] == options[1:]


def test_registered_odds_are_found_by_label_and_all_are_alike_where_the_options_are_others(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = adaptive(Bank(spark, tmp_path).open(flow.ASSIGN, LEARNER))
    settings = r.settings.campaign
    wave = settings.waves["W1"]
    labels = [option.label for option in wave.options]
    shares = [0.75 - 0.1 * (len(labels) - 1), *[0.1] * (len(labels) - 1)]
    by_label = dict(zip(labels, shares, strict=True))

    def drawn(registered: object, options: tuple[Any, ...]) -> campaign.Odds:
        plan = plan_registration.draft(r, {"W1": registered, "gone": {"sms/none": 0.75}})  # type: ignore[dict-item]
        text = experiment.canonical(plan)
        monkeypatch.setattr(
            plan_registration, "row", lambda _: {"plan_json": text, "plan_hash": experiment.sealed(text)}
        )
        other = wave.model_copy(update={"options": options})
        now = r.under(campaign=settings.model_copy(update={"waves": {**settings.waves, "W1": other}}))
        return plan_registration.odds_of(now, plan_registration.registered_odds(now), "W1")

    options, another = wave.options, wave.options[0].model_copy(update={"channel": "call"})
    assert len(options) > 1
    assert another not in options
    alike = campaign.Odds(0.25)
    for registered in (by_label, shares):  # the latter as plans had them before: by place
        assert drawn(registered, options) == campaign.Odds(0.25, tuple(shares))
        assert drawn(registered, options[:-1]) == drawn(registered, (*options, another)) == alike
    assert drawn(by_label, options[::-1]) == campaign.Odds(0.25, tuple(shares[::-1]))
    assert drawn(shares, options[::-1]) == alike


def test_changed_options_of_a_running_month_are_refused_and_named(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = adaptive(Bank(spark, tmp_path).open(flow.ASSIGN, LEARNER))
    settings = r.settings.campaign
    odds = {"W1": [0.65, 0.1], "W2": {"push/none": 0.75}}
    text = experiment.canonical(plan_registration.draft(r, odds))
    monkeypatch.setattr(plan_registration, "row", lambda _: {"plan_json": text, "plan_hash": experiment.sealed(text)})
    fewer = settings.waves["W1"].model_copy(update={"options": settings.waves["W1"].options[:1]})
    now = r.under(campaign=settings.model_copy(update={"waves": {"W1": fewer}}))
    with pytest.raises(PlanError, match="is running and cannot be changed"):
        assign_tiers._plan(now, plan_registration.registered_odds(now), is_running=True)


def test_a_month_with_adaptive_odds_judges_no_lift(spark: SparkSession, tmp_path: Path, rows: Rows) -> None:
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    r = adaptive(bank.open(flow.TRAIN, LEARNER))
    told = []
    for cycle, odds in (("2026-04", {}), (CYCLE, {"W1": (0.55, 0.20)})):
        text = experiment.canonical(plan_registration.draft(replace(r, cycle=Month.parse(cycle)), odds))
        told.append((cycle, text, experiment.sealed(text)))
    plans = rows(derived.EXPERIMENT_PLAN, ["cycle", "plan_json", "plan_hash"], told)
    store.replace(derived.EXPERIMENT_PLAN, plans, {"cycle": ["2026-04", CYCLE]})
    sent = [(cycle, "W1", user) for cycle in ("2026-03", "2026-04", CYCLE) for user in (1, 2)]
    of_plan = rows(derived.WAVE_PLAN, ["cycle", "wave", "user_id"], sent)
    store.replace(derived.WAVE_PLAN, of_plan, {"cycle": ["2026-03", "2026-04", CYCLE]})
    r = bank.open(flow.TRAIN, LEARNER)
    assert list(evidence_months.touched_probabilities(r, ["2026-04", CYCLE])) == ["2026-04"]


def adaptive(r: Run) -> Run:
    """The run with adaptive exploration, for which a few events will do."""
    settings = r.settings.campaign
    exploration = settings.exploration.model_copy(update={"adaptive": True})
    few = r.settings.experiment.model_copy(update={"minimum_expected_events": 1})
    return r.under(campaign=settings.model_copy(update={"exploration": exploration}), experiment=few)


def test_training_knows_who_was_left_alone(bank: Bank) -> None:
    r = bank.open(flow.TRAIN, LEARNER)
    assert Month.parse(CYCLE) not in {Month.parse(month) for month in evidence_months.unrandomised(r, before=r.cycle)}
    alone = evidence_months.untouched(r, [CYCLE])
    assert alone is not None
    touched = bank.read(derived.WAVE_PLAN, CYCLE).where("channel != 'none'").select("user_id").distinct()
    left_alone = alone.where("is_untouched")
    assert left_alone.join(touched, "user_id").isEmpty()
    drawn = alone.where("is_drawn")
    weight = left_alone.where("is_drawn").agg(F.sum("weight_untouched")).collect()[0][0]
    assert weight == pytest.approx(drawn.count(), rel=0.02)  # they speak for all who were drawn but a few


def test_an_options_lift_learns_from_its_draws_by_what_was_known_on_the_day(bank: Bank) -> None:
    """Of W1, the month's first wave, what users did from its day on is the outcome of the whole month."""
    r, option = bank.open(flow.TRAIN, LEARNER), "sms/login_discount"
    outcomes, features = bank.read(derived.OUTCOMES, CYCLE), bank.read(derived.FEATURES, CYCLE)
    months = model.Months(train=(), test=Month.parse(CYCLE))
    training = model.Training(r.cycle, months, r.settings_hash, {}, "")
    material = training_rows.Material(r, training, features, outcomes, None, 0)
    rows = material.option_rows(f"W1/{option}")
    drawn = bank.read(derived.WAVE_PLAN, CYCLE).where("wave = 'W1' and is_exploration")
    (widest,) = (
        drawn.where("channel = 'none' or channel = 'sms'")
        .groupBy("drawn_from")
        .count()
        .orderBy(F.desc("count"))
        .head(1)
    )
    expected = {
        row.user_id: (float(row.channel == "sms"), float(row.is_active))
        for row in drawn.where(F.col("drawn_from") == widest.drawn_from)
        .where("channel in ('sms', 'none')")
        .join(outcomes, ["cycle", "user_id"])
        .collect()
    }
    found = {row.user_id: (row.is_treated, row.label) for row in rows.collect()}
    assert found == expected
    assert len({side for side, _ in found.values()}) == 2
    assert rows.select("propensity").distinct().count() == 1
    (day,) = drawn.select("send_on").distinct().collect()
    logins = bank.read(canonical.LOGINS).where(
        (F.col("event_at") >= r.calendar.starts(Month.parse(CYCLE).first))
        & r.calendar.is_before("event_at", day.send_on)
        & r.calendar.is_before("arrived_at", day.send_on)
    )
    counts = {row.user_id: row["count"] for row in logins.groupBy("user_id").count().collect()}
    to_date = {row.user_id: row.login_count_to_date for row in rows.collect()}
    assert to_date == {user: counts.get(user, 0) for user in found}
    with pytest.raises(ModelError, match="no lift of W9"):
        material.option_rows(f"W9/{option}")


def test_a_registered_month_of_which_no_wave_went_out_is_no_evidence(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    """In April W1 went out and W2 did not; May was planned and never released; of June nothing was planned."""
    store, months = Store(spark, str(tmp_path)), ["2026-04", CYCLE]
    plans = rows(derived.WAVE_PLAN, ["cycle", "wave", "user_id"], [(month, "W1", 1) for month in months])
    store.replace(derived.WAVE_PLAN, plans, {"cycle": months})
    told = [("2026-04", "W1", "planned"), ("2026-04", "W1", "released"), ("2026-04", "W2", "planned")]
    told = [
        (f"{cycle}-{wave}-{status}", cycle, wave, status) for cycle, wave, status in [*told, (CYCLE, "W1", "planned")]
    ]
    events = rows(derived.WAVE_RELEASES, ["event_id", "cycle", "wave", "status"], told)
    store.replace(derived.WAVE_RELEASES, events, {"event_id": [event[0] for event in told]})
    r = Bank(spark, tmp_path).open(flow.ASSIGN, LEARNER)
    assert evidence_months.with_contacts(r, [*months, NEXT]) == {"2026-04"}
    store.stored(derived.WAVE_RELEASES).remove(F.col("cycle") == CYCLE)
    r = Bank(spark, tmp_path).open(flow.ASSIGN, LEARNER)
    assert evidence_months.with_contacts(r, [*months, NEXT]) == {"2026-04", CYCLE}  # 0.1.0 sent what it planned

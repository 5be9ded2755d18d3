"""One wave: who gets what, and of everybody else the first reason why not."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from reactivation import population
from reactivation.campaign import CampaignSettings, Odds, WaveSalts
from reactivation.campaign.planning import capacity, eligibility, model_cell, wave_days, waves
from reactivation.campaign.planning import facts as facts_of
from reactivation.campaign.planning.capacity import RemainingCapacity
from reactivation.campaign.planning.exploration import Drawn
from reactivation.campaign.planning.gains import WaveGains
from reactivation.campaign.planning.model_cell import Terms
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import canonical, derived
from reactivation.errors import PlanError, SettingsError
from reactivation.periods import Calendar, Month
from reactivation.population.settings import ContactPolicySettings

pytestmark = pytest.mark.rules

JUNE = Month.parse("2026-06")
SALTS = WaveSalts(explorers="a|W1", options="b|W1", guidance="c|W1")


class Result:
    """A planned wave as plain values: reason counts, rows of the plan by user, and limits."""

    def __init__(
        self,
        known: DataFrame,
        conf: dict[str, Any],
        cells: dict[str, int],
        gains: WaveGains | None = None,
        terms: Terms | None = None,
        *,
        odds: Odds | None = None,
    ) -> None:
        settings = CampaignSettings.model_validate(conf)
        wave = settings.waves["W1"]
        eligible = eligibility.eligibility(
            known, wave=wave, name="W1", cells=cells, settings=settings, salts=SALTS
        ).persist()
        planned = waves.plan(
            eligible,
            wave=wave,
            name="W1",
            cycle="2026-06",
            send_on=date(2026, 6, 5),
            cells=cells,
            settings=settings,
            gains=gains,
            terms=terms,
            odds=odds,
        )
        self.worth, self.moved = planned.worths.get("model"), planned.moved
        self.by_budget = {row["times"]: (row["budget"], row["value"]) for row in planned.by_budget}
        self.digest = planned.digest
        assert not derived.WAVE_PLAN.differences(planned.plan.schema)
        self.reasons = {row["reason"]: row["users"] for row in planned.waterfall}
        self.rows = {row.user_id: row for row in planned.plan.collect()}
        self.limits = {(row["policy"], row["limit"]): row for row in planned.limits}
        sent = Counter(row.channel for row in self.rows.values() if row.channel != "none")
        assert planned.contacts == sent
        eligible.unpersist()

    def of(self, channel: str) -> list[int]:
        return sorted(user for user, row in self.rows.items() if row.channel == channel)


def test_each_user_has_the_first_reason_that_holds(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["qualifies"]["rule"] = "login_days_to_date = 0"
    names = ["user_id", "policy", "touch", "is_selected", "login_days_to_date", "can_push", "can_sms",
             "is_over_contact_limit", "is_contactable", "is_profiling_refused", "is_in_quiet_days"]  # fmt: skip
    people = [
        # every later trouble is there too, so that the order of the reasons is seen
        (1, "none", None, False, 9, False, False, True, False, False),
        (2, "rule", "holdout", False, 9, False, False, True, True, False),
        (3, "rule", "long_holdout", True, 0, True, True, False, True, False),
        (4, "rule", "touched", False, 9, False, False, True, True, False),
        (5, "rule", "touched", True, 9, False, False, True, True, False),
        (6, "rule", "touched", True, 0, False, False, True, True, False),
        (7, "rule", "touched", True, 0, True, True, False, False, True),  # refused profiling since the month began
        (8, "rule", "touched", True, 0, True, True, True, True, False),
        (9, "rule", "touched", True, 0, False, True, False, True, False),
        (10, "none", None, False, 9, False, False, True, False, True),  # had refused it before
        (11, "rule", "touched", True, 0, True, True, False, True, False),
    ]
    people = [(*row, row[0] in (8, 11)) for row in people]
    found = Result(facts(names, people), conf, {"rule": 9, "none": 2})
    assert found.reasons == {
        "profiling_refused": 2,
        "not_contactable": 1,
        "holdout": 1,
        "long_holdout": 1,
        "not_selected": 1,
        "does_not_qualify": 1,
        "no_channel": 1,
        "over_contact_limit": 1,
        "quiet_days": 1,
        "planned": 1,
    }
    planned = found.rows[9]
    assert (planned.channel, planned.benefit, planned.cost) == ("sms", "gift", Decimal("1.55"))
    assert (planned.contact_id, planned.send_on) == (None, date(2026, 6, 5))  # numbered with its version
    assert (planned.is_exploration, planned.propensity, planned.expected_gain) == (False, None, None)


def test_of_whom_no_touch_or_no_pick_is_known_nobody_is_sent_anything(facts: Any, conf: dict[str, Any]) -> None:
    people = [
        (1, "rule", None, True, "high_potential"),
        (2, "rule", "touched", None, "high_potential"),
        (3, "model", "touched", None, "low_potential"),  # who is not picked would be guided
        (4, "rule", "touched", True, "high_potential"),
    ]
    names = ["user_id", "policy", "touch", "is_selected", "tier"]
    found = Result(facts(names, people), conf, {"model": 1, "rule": 3})
    assert found.reasons == {"not_contactable": 1, "not_selected": 2, "planned": 1}


def test_a_wave_is_filled_in_the_cells_order_option_by_option(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"] |= {"capacity_per_1000_users": {"push": 300, "sms": 400}, "budget_cny_per_1000_users": 400}
    names = ["user_id", "policy_rank", "can_push", "can_sms"]
    people = [
        (1, 10, True, True),  # last: what is left of push and SMS goes to those before
        (2, 9, True, False),  # push alone would do, and it is full
        (3, 8, True, True),
        (4, 7, True, True),
        (5, 1, False, True),  # first, but has no push: takes the first SMS
        (6, 2, True, True),
        (7, 3, True, True),
        (8, 4, True, True),
        (9, 5, True, True),  # push is full: takes the second and last SMS that 4.00 pays for
        (10, 6, True, True),  # there is capacity for SMS still, but no money
    ]
    found = Result(facts(names, people), conf, {"rule": 10})
    assert found.of("push") == [6, 7, 8]
    assert found.of("sms") == [5, 9]
    assert found.reasons == {"planned": 5, "no_budget": 4, "no_capacity": 1}
    push, sms, budget = (found.limits["rule", name] for name in ("capacity_push", "capacity_sms", "budget"))
    assert (push["capacity"], push["used"], push["gap"]) == (3, 3, 0)
    assert (sms["capacity"], sms["used"], sms["gap"]) == (4, 2, 2)
    assert (budget["capacity"], budget["used"], budget["gap"], budget["shadow_price"]) == (4, 3.1, 0.9, None)


def test_whom_the_model_cell_does_not_pick_gets_a_free_push_and_natural_converters_nothing(
    facts: Any, conf: dict[str, Any]
) -> None:
    conf["waves"]["W1"] |= {"capacity_per_1000_users": {"push": 500, "sms": 500}}
    names = ["user_id", "policy", "is_selected", "tier", "policy_rank", "can_push"]
    people = [
        (1, "model", True, "high_potential", 1, True),
        (2, "model", False, "low_potential", None, True),
        (3, "model", False, "low_potential", None, False),  # could get an SMS, but guidance must cost nothing
        (4, "model", False, "natural_converter", None, True),
        (5, "rule", False, "low_potential", 9, True),  # in the cell of the rule nobody knows the tier
        (6, "model", False, "low_potential", None, True),
        (7, "model", False, "high_potential", 9, True),  # of three, two find room after the selected
    ]
    found = Result(facts(names, people), conf, {"model": 6, "rule": 1})
    assert found.reasons == {"planned": 3, "not_selected": 2, "no_channel": 1, "no_capacity": 1}
    assert 1 in found.rows
    assert {(row.channel, row.benefit, row.cost) for row in found.rows.values()} == {("push", "none", Decimal("0.00"))}


def test_on_generated_users_nothing_is_lost_and_no_limit_breaks(
    spark: SparkSession, facts: Any, conf: dict[str, Any]
) -> None:
    conf["waves"]["W1"] |= {
        "capacity_per_1000_users": {"push": 150, "sms": 120},
        "budget_cny_per_1000_users": 90,
        "exploration_share": 0.2,
    }
    before, after = (Result(crowd(facts, turn), conf, CELLS) for turn in (0, 5))
    assert sum(before.reasons.values()) == 600
    assert before.reasons["planned"] + before.reasons["drawn_none"] == len(before.rows)
    touch = {row.user_id: row.touch for row in crowd(facts, 0).collect()}
    assert all(touch[user] == "touched" for user in before.rows)
    assert all(row["used"] <= row["capacity"] and row["gap"] >= 0 for row in before.limits.values())
    for policy in ("model", "rule", "random"):
        own = [row for row in before.rows.values() if row.policy == policy]
        assert before.limits[policy, "budget"]["used"] == pytest.approx(float(sum(row.cost for row in own)))
        assert before.limits[policy, "capacity_sms"]["used"] == sum(row.channel == "sms" for row in own)
    # The model's word is handed round: the plans of the other cells do not notice.
    others = [{u: row for u, row in r.rows.items() if row.policy != "model"} for r in (before, after)]
    assert others[0] == others[1]
    assert before.rows != after.rows


CELLS = {"model": 240, "rule": 180, "random": 120, "none": 60}


def crowd(facts: Any, turn: int) -> DataFrame:
    """600 users over the four cells, some of everything; `turn` hands round what the model says of them."""
    people, sizes = [], [policy for policy, size in CELLS.items() for _ in range(size)]
    for user, policy in enumerate(sizes):
        said = (user * 7 + turn) % 10
        tier = "high_potential" if said < 6 else "low_potential" if said < 9 else "natural_converter"
        touch = "holdout" if user % 5 == 0 else "long_holdout" if user % 17 == 0 else "touched"
        selected = tier == "high_potential" and user % 4 != 1 if policy == "model" else user % 3 != 1
        is_drawn = policy != "none"
        people.append((
            user, policy, touch if is_drawn else None, selected and is_drawn, tier, said / 10,
            (user * 389) % 540 + 1, user % 7 != 0, user % 4 != 0, user % 13 == 0,
        ))  # fmt: skip
    names = ["user_id", "policy", "touch", "is_selected", "tier", "p_active", "policy_rank", "can_push", "can_sms",
             "is_over_contact_limit"]  # fmt: skip
    return facts(names, people)


@pytest.mark.parametrize("weights", [(), (0.10, 0.42, 0.23)])
def test_draws_have_the_chances_that_are_recorded(facts: Any, conf: dict[str, Any], weights: tuple[float, ...]) -> None:
    conf["waves"]["W1"] |= {
        "exploration_share": 1,
        "options": [
            {"channel": "push", "benefit": "none"},
            {"channel": "sms", "benefit": "gift"},
            {"channel": "sms", "benefit": "none", "only_if": "transaction_own_count_1m > 0"},
        ],
    }
    conf["exploration"]["reserve_share"] = 1
    users = 1500
    people = [(u, u + 1, float(u % 2), u % 4 < 2) for u in range(users)]
    found = Result(
        facts(["user_id", "policy_rank", "transaction_own_count_1m", "can_push"], people),
        conf,
        {"rule": users},
        odds=Odds(0.25, weights) if weights else None,
    )
    assert len(found.rows) == users  # `none` is a draw like the others, and kept
    assert all(row.is_exploration for row in found.rows.values())
    options = {
        0: 1,
        1: 2,
        2: 1,
        3: 2,
    }  # how many options a user can get, by user_id % 4: SMS, and push for the first two
    for kind in options:
        rows = [row for user, row in found.rows.items() if user % 4 == kind]
        chances = {(row.channel, row.benefit): row.propensity for row in rows}
        counts = {key: sum((row.channel, row.benefit) == key for row in rows) for key in chances}
        assert sum(chances.values()) == pytest.approx(1)
        assert chances["none", "none"] == 0.25
        if weights and kind == 1:  # push and SMS with the gift and without: all three
            assert [chances[one] for one in (("push", "none"), ("sms", "gift"), ("sms", "none"))] == list(weights)
        assert all(counts[key] / len(rows) == pytest.approx(chances[key], abs=0.08) for key in chances)
    assert found.reasons["drawn_none"] == len(found.of("none"))


def test_a_condition_outside_the_model_cell_cannot_read_the_model(facts: Any, settings: CampaignSettings) -> None:
    # Past the door of conf: a column that only the model can have given is not there to be read.
    sly = Wave.model_construct(
        **{**dict(settings.waves["W1"]), "qualifies": {"model": "true", "rule": "p_active > 0.5", "random": "true"}}
    )
    with pytest.raises(SettingsError, match=r"campaign\.waves\.W1\.qualifies\.rule"):
        facts_of.qualifies(facts(["user_id"], [(1,)]), sly, name="W1")


def test_the_facts_of_a_wave_come_together_and_doing_nothing_is_zero(spark: SparkSession, rows: Rows) -> None:
    months = spark.createDataFrame(
        [(1, "2026-06", 3, 0b1010)], "user_id long, event_month string, login_count long, login_days long"
    )
    columns = "user_id long, can_push boolean, can_sms boolean, can_call boolean, is_contactable boolean, "
    columns += "is_profiling_allowed boolean, is_barred_unread boolean"
    found = facts_of.gather(
        rows(derived.ARMS, ["user_id", "policy", "policy_rank"], [(1, "rule", 2), (2, "rule", 1), (3, "none", None)]),
        cells={"rule": 2, "none": 1},
        tiers=rows(derived.TIERS_TABLE, ["user_id", "tier"], [(1, "high_potential"), (2, "low_potential")]),
        scores=rows(derived.SCORES, ["user_id", "p_active"], [(1, 0.5), (2, 0.1)]),
        features=spark.createDataFrame(
            [("2026-06", 1, 4.0)], "cycle string, user_id long, transaction_own_count_1m double"
        ),
        to_date=facts_of.month_to_date(months, ["login_count", "login_days"]),
        reach=spark.createDataFrame([(1, *5 * [True], True), (2, *4 * [True], False, True)], columns),
        recent=spark.createDataFrame(
            [(2, 5, True, False, False, True, False)],
            "user_id long, recent_contacts long, is_over_contact_limit boolean, is_in_quiet_days boolean, "
            "is_over_sms_limit boolean, is_over_push_limit boolean, is_over_call_limit boolean",
        ),
    )
    names = "user_id", "login_count_to_date", "login_days_to_date", "policy_rank_share", "is_over_contact_limit"
    refusal = "is_profiling_refused", "is_barred_unread"
    assert sorted(tuple(row) for row in found.select(*names, *refusal).collect()) == [
        (1, 3, 2, 1.0, False, False, True),
        (2, 0, 0, 0.5, True, True, True),  # refuses since the month began
        (3, 0, 0, None, False, True, False),  # had refused before: no tier; the account was closed since
    ]
    can = {name: facts_of.can_reach(name).alias(name) for name in ("push", "sms")}
    reached = {row.user_id: (row.push, row.sms) for row in found.select("user_id", *can.values()).collect()}
    assert reached == {1: (True, True), 2: (False, True), 3: (False, False)}  # the limit of one channel bars that one


def test_a_planned_contact_counts_as_sent_until_its_receipt_is_known(rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    plan = rows(
        derived.WAVE_PLAN,
        ["cycle", "wave", "user_id", "channel", "contact_id", "send_on"],
        [
            ("2026-06", "W1", 1, "sms", "2026-06-W1-1", "2026-06-05"),  # its receipt says that it failed
            ("2026-06", "W1", 2, "sms", "2026-06-W1-2", "2026-06-05"),  # no receipt yet
            ("2026-06", "W1", 3, "none", None, "2026-06-05"),  # drew none: nothing was sent
            ("2026-06", "W1", 4, "sms", "2026-06-W1-4", "2026-06-05"),  # its receipt arrived after the next wave
            ("2026-06", "W1", 5, "sms", "2026-06-W1-5", "2026-06-05"),  # its receipt names another user
        ],
    )
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "status"],
        [
            ("2026-06-W1-1", 1, "2026-06-05", "2026-06-11 15:59", "failed"),
            ("2026-06-W1-4", 4, "2026-06-05", "2026-06-11 16:00", "failed"),
            ("2026-06-W1-5", 9, "2026-06-05", "2026-06-06", "failed"),
        ],
    )
    found = facts_of.as_sent(plan, receipts, known_before=date(2026, 6, 12), calendar=shanghai)
    when = F.date_format("sent_at", "yyyy-MM-dd HH:mm")
    assert sorted(tuple(row) for row in found.select("user_id", "status", when).collect()) == [
        (1, "failed", "2026-06-05 00:00"),
        (2, "delivered", "2026-06-04 16:00"),
        (4, "delivered", "2026-06-04 16:00"),
        (4, "failed", "2026-06-05 00:00"),
        (5, "delivered", "2026-06-04 16:00"),
        (9, "failed", "2026-06-05 00:00"),
    ]


def test_the_day_is_quiet_for_a_user_whom_another_wave_of_the_same_day_takes(rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    limits = {"window_days": 30, "max_contacts": 4, "min_days_between": 1, "cool_off_days": 0, "channels": {}}
    policy = ContactPolicySettings.model_validate({**limits, "counts_outside_contacts": True})
    settings = population.PopulationSettings.model_construct(contact_policy=policy)
    others = rows(
        derived.WAVE_PLAN,
        ["cycle", "wave", "user_id", "channel", "contact_id", "send_on"],
        [
            ("2026-06", "W1", 1, "sms", "2026-06-W1-1", "2026-06-12"),  # missed on the 5th, planned for the 12th
            ("2026-06", "W1", 2, "none", None, "2026-06-12"),  # drew none
            ("2026-06", "W0", 3, "sms", "2026-06-W0-3", "2026-06-11"),  # a day lies between
        ],
    )
    for receipts in (None, rows(canonical.CONTACTS, ["contact_id"], [])):
        found = population.recently_contacted(
            facts_of.as_sent(others, receipts, known_before=date(2026, 6, 12), calendar=shanghai),
            None,
            day=date(2026, 6, 12),
            calendar=shanghai,
            settings=settings,
        )
        counted = found.select("user_id", "recent_contacts", "is_in_quiet_days")
        assert sorted(map(tuple, counted.collect())) == [(1, 1, True), (3, 1, False)]


def test_what_cannot_be_planned_is_said(settings: CampaignSettings, utc: Calendar) -> None:
    assert wave_days.day_of(settings, cycle=JUNE, calendar=utc, wave="W1", as_of=None) == date(2026, 6, 5)
    with pytest.raises(PlanError, match="known here: W1"):
        wave_days.day_of(settings, cycle=JUNE, calendar=utc, wave="W7", as_of=None)
    with pytest.raises(PlanError, match="must lie in the cycle"):
        wave_days.day_of(settings, cycle=JUNE, calendar=utc, wave="W1", as_of=date(2026, 7, 1))


def test_only_the_models_cell_goes_by_what_options_gain(facts: Any, conf: dict[str, Any]) -> None:
    """Conf offers the push first; the model knows that an SMS gains more. There is room for one SMS in each cell."""
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 1000, "sms": 500}
    people = [(i, policy, i, True, True) for i, policy in enumerate(["model", "model", "rule", "rule"], start=1)]
    known = facts(["user_id", "policy", "policy_rank", "can_push", "can_sms"], people)
    learnt = WaveGains(options=(0.01, 0.07), guidance={}, order=(1, 0))
    with_gains = Result(known, conf, {"model": 2, "rule": 2}, gains=learnt)
    without = Result(known, conf, {"model": 2, "rule": 2})
    assert (with_gains.of("sms"), with_gains.of("push")) == ([1], [2, 3, 4])
    assert (without.of("sms"), without.of("push")) == ([], [1, 2, 3, 4])
    assert {user: row.expected_gain for user, row in with_gains.rows.items()} == {1: 0.07, 2: 0.01, 3: None, 4: None}
    assert (with_gains.moved, without.moved) == ({"sms/gift": 0.07, "push/none": 0.01}, {})
    assert {row.expected_gain for row in without.rows.values()} == {None}
    put_off = Result(known, conf, {"model": 2, "rule": 2}, gains=WaveGains((-0.05, 0.07), {}, (1,)))
    assert (put_off.of("sms"), put_off.of("push")) == ([1], [3, 4])  # the model offers no push; the rule does
    used = {policy: with_gains.limits[policy, "capacity_sms"]["used"] for policy in ("model", "rule")}
    assert used == {"model": 1, "rule": 0}


def test_guidance_is_expected_to_gain_what_it_gains_in_the_users_tier(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 1000, "sms": 500}
    tiers = {1: "high_potential", 2: "low_potential", 3: "high_potential"}
    people = [(user, "model", user == 1, tier, user, True) for user, tier in tiers.items()]
    known = facts(["user_id", "policy", "is_selected", "tier", "policy_rank", "can_push"], people)
    found = Result(known, conf, {"model": 3}, gains=WaveGains((0.05, None), {"low_potential": 0.02}, (0, 1)))
    assert {user: row.expected_gain for user, row in found.rows.items()} == {1: 0.05, 2: 0.02, 3: None}
    assert found.moved == {"push/none": 0.05}  # guidance is no option that was chosen


LEARNT = WaveGains(options=(0.01, 0.07), guidance={}, order=(1, 0))


def terms(**other: Any) -> Terms:
    return Terms(
        active_user=Decimal(20), **other
    )  # an SMS with a gift costs 1.55 and is worth 1.40; alone it pays at 25


def test_what_costs_more_than_it_moves_is_left_out_and_said(facts: Any, conf: dict[str, Any]) -> None:
    people = [(i, policy, i, i != 3) for i, policy in enumerate(["model", "model", "model", "rule"], start=1)]
    known = facts(["user_id", "policy", "policy_rank", "can_push"], people)
    found = Result(known, conf, {"model": 3, "rule": 1}, gains=LEARNT, terms=terms())
    assert (found.of("push"), found.of("sms")) == ([1, 2, 4], [])
    assert found.reasons == {"planned": 3, "below_price": 1}  # the third can get an SMS alone
    dear = Result(known, conf, {"model": 3, "rule": 1}, gains=LEARNT, terms=terms()._replace(active_user=Decimal(40)))
    assert (dear.of("push"), dear.of("sms")) == ([4], [1, 2, 3])
    assert dear.worth == (pytest.approx(3 * (0.07 * 40 - 1.55)), pytest.approx(3 * (0.07 * 40 - 1.55)), 0, 0)


def test_assets_count_at_their_own_value_and_stand_in_the_plan(facts: Any, conf: dict[str, Any]) -> None:
    """At 20 an SMS is no more than a push; each point of P(asset uplift) that it adds is worth 0.30 beside."""
    people = [(i, policy, i, True, True) for i, policy in enumerate(["model", "model", "rule"], start=1)]
    known = facts(["user_id", "policy", "policy_rank", "can_push", "can_sms"], people)
    learnt = replace(LEARNT, assets=(None, 0.04))
    cells = {"model": 2, "rule": 1}
    blind = Result(known, conf, cells, gains=learnt, terms=terms())
    assert blind.of("sms") == []
    found = Result(known, conf, cells, gains=learnt, terms=terms(asset_uplift=Decimal(30)))
    assert found.of("sms") == [1, 2]
    assert found.worth is not None
    assert found.worth.value == pytest.approx(2 * (0.07 * 20 + 0.04 * 30 - 1.55))
    assert {user: row.expected_asset_gain for user, row in found.rows.items()} == {1: 0.04, 2: 0.04, 3: None}
    assert {row.expected_asset_gain for row in blind.rows.values()} == {None}
    without = Result(known, conf, cells, gains=LEARNT, terms=terms(asset_uplift=Decimal(30)))
    assert (without.of("sms"), without.digest) == ([], Result(known, conf, cells, gains=LEARNT, terms=terms()).digest)


def test_limits_have_prices_where_they_bind_and_other_cells_notice_nothing(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 1000, "sms": 500}
    people = [(i, policy, i, True, True) for i, policy in enumerate(["model"] * 4 + ["rule"] * 4, start=1)]
    known = facts(["user_id", "policy", "policy_rank", "can_push", "can_sms"], people)
    worth = terms()._replace(active_user=Decimal(100))
    found = Result(known, conf, {"model": 4, "rule": 4}, gains=LEARNT, terms=worth)
    alone = Result(known, conf, {"model": 4, "rule": 4}, gains=None)
    assert len([u for u in found.of("sms") if u < 5]) == 2  # by hash, not by rank
    sms, budget = found.limits["model", "capacity_sms"], found.limits["model", "budget"]
    assert (sms["used"], sms["gap"], sms["shadow_price"]) == (2, 0, pytest.approx((0.07 - 0.01) * 100 - 1.55))
    assert (budget["shadow_price"], sms["certified_gap"]) == (0, 0)
    assert found.limits["rule", "capacity_sms"]["shadow_price"] is None
    others = [{u: row for u, row in r.rows.items() if row.policy != "model"} for r in (found, alone)]
    assert others[0] == others[1]


def test_month_stock_and_least_volumes_bind_the_models_cell(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["least_contacts_per_1000_users"] = {"push": 500}
    people = [(i, "model", i) for i in range(1, 11)]
    known, worth = facts(["user_id", "policy", "policy_rank"], people), terms()._replace(active_user=Decimal(100))
    free = Result(known, conf, {"model": 10}, gains=LEARNT, terms=worth)
    assert (len(free.of("sms")), len(free.of("push"))) == (5, 5)
    least = free.limits["model", "least_push"]
    assert (least["capacity"], least["used"], least["gap"]) == (5, 5, 0)
    assert least["shadow_price"] == pytest.approx(1 - (7 - 1.55))  # one more push takes an SMS away
    short = Result(known, conf, {"model": 10}, gains=LEARNT, terms=worth._replace(stock={"gift": 2, "other": 1}))
    assert (len(short.of("sms")), len(short.of("push"))) == (2, 8)
    poor = Result(known, conf, {"model": 10}, gains=LEARNT, terms=worth._replace(budget=Decimal("4.70")))
    assert (len(poor.of("sms")), len(poor.of("push"))) == (3, 7)
    assert poor.limits["model", "month_budget"]["used"] == 4.65
    assert poor.worth is not None
    assert poor.by_budget[1.0] == (100.0, pytest.approx(poor.worth.value))
    assert poor.by_budget[0.25] == (25.0, pytest.approx(poor.worth.value))  # the month's money is what is short
    conf["waves"]["W1"]["least_contacts_per_1000_users"] = {"sms": 900}
    with pytest.raises(PlanError, match=r"(?s)month_budget.*least_sms"):
        Result(known, conf, {"model": 10}, gains=LEARNT, terms=worth._replace(budget=Decimal(5)))


def test_a_branch_gets_what_it_is_promised(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"] |= {
        "capacity_per_1000_users": {"push": 0, "sms": 400},
        "least_per_branch_per_1000_users": {"north": 200},
        "options": [{"channel": "sms", "benefit": "gift"}],
    }
    conf["waves"]["W1"].pop("guidance")
    learnt, worth = WaveGains((0.07,), {}, (0,)), terms()._replace(active_user=Decimal(100))
    known = facts(["user_id", "policy", "policy_rank"], [(i, "model", i) for i in range(1, 11)])
    branch = F.when(F.col("user_id") > 8, "north").otherwise("south")
    found = Result(known.withColumn("branch", branch), conf, {"model": 10}, gains=learnt, terms=worth)
    assert {9, 10} < set(found.of("sms"))
    assert len(found.of("sms")) == 4
    assert found.limits["model", "least_in_north"]["used"] == 2


def test_what_a_branch_is_promised_counts_its_explorers_too(facts: Any, conf: dict[str, Any]) -> None:
    """The draws of the north are part of its 16; without them there would be too little left to send to it."""
    conf["waves"]["W1"] |= {
        "capacity_per_1000_users": {"push": 0, "sms": 400},
        "least_per_branch_per_1000_users": {"north": 200, "south": 25},
        "options": [{"channel": "sms", "benefit": "gift"}],
        "exploration_share": 0.3,
    }
    conf["waves"]["W1"].pop("guidance")
    conf["exploration"]["reserve_share"] = 1
    learnt, worth = WaveGains((0.07,), {}, (0,)), terms()._replace(active_user=Decimal(100))
    known = facts(["user_id", "policy", "policy_rank"], [(i, "model", i) for i in range(1, 81)])
    branch = F.when(F.col("user_id") > 30, "south").otherwise("north")
    found = Result(known.withColumn("branch", branch), conf, {"model": 80}, gains=learnt, terms=worth)
    explorers = {user for user in found.of("sms") if found.rows[user].is_exploration}
    north = {user for user in found.of("sms") if user <= 30}
    row = found.limits["model", "least_in_north"]
    assert explorers & north
    assert explorers - north
    assert (row["capacity"], row["used"], len(found.of("sms"))) == (16, len(north), 32)
    assert len(north) >= 16
    drawn = Drawn(Counter({"sms/gift": 9, "none": 3}), Counter({"north": 5, "south": 4}))
    settings = CampaignSettings.model_validate(conf)
    wave = settings.waves["W1"]
    how: dict[str, Any] = {"cells": {"model": 80}, "settings": settings, "terms": worth, "drawn": drawn}
    options, whole = capacity.priced_options(wave, settings), RemainingCapacity({"push": 0, "sms": 32}, 10_000)
    parts = {part.limit.name: part for part in model_cell.parts(wave, options, cell="model", whole=whole, **how)}
    assert [(parts[f"least_in_{name}"].limit.least, *parts[f"least_in_{name}"][1:]) for name in ("north", "south")] == [
        (11, 16, 5),
        (0, 2, 4),
    ]


def test_draws_stay_and_the_planned_order_too_while_gains_are_unknown(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"] |= {"exploration_share": 0.3, "capacity_per_1000_users": {"push": 500, "sms": 60}}
    crowd_of = crowd(facts, 0)
    today, unknown = (Result(crowd_of, conf, CELLS, terms=t) for t in (None, terms()))
    assert (today.rows, today.limits, today.reasons) == (unknown.rows, unknown.limits, unknown.reasons)
    half = Result(crowd_of, conf, CELLS, gains=WaveGains((0.01, None), {}, (0, 1)), terms=terms())
    assert half.by_budget == {}
    assert half.worth is None  # an option is not known yet: the order stays
    found = Result(crowd_of, conf, CELLS, gains=LEARNT, terms=terms()._replace(active_user=Decimal(100)))
    draws = [{u: row[:10] for u, row in r.rows.items() if row.is_exploration} for r in (today, found)]
    assert {u: (row[4], row[5]) for u, row in draws[0].items()} == {u: (row[4], row[5]) for u, row in draws[1].items()}
    assert all(row["used"] <= row["capacity"] and row["gap"] >= 0 for row in found.limits.values())
    assert sum(found.reasons.values()) == 600
    assert found.worth is not None
    assert found.worth.draws == pytest.approx(given_up(found))


def given_up(found: Result) -> float:
    """What the explorers of the model's cell are worth less than with their best option, at the limits' prices."""
    price = {limit: row["shadow_price"] for (policy, limit), row in found.limits.items() if policy == "model"}
    net = {
        "none": 0.0,
        "push/none": 0.01 * 100 - price["capacity_push"],
        "sms/gift": 0.07 * 100 - 1.55 - price["capacity_sms"] - 1.55 * price["budget"],
    }
    draws = [row for row in found.rows.values() if row.is_exploration and row.policy == "model"]
    drawn = [f"{row.channel}/{row.benefit}" if row.channel != "none" else "none" for row in draws]
    assert set(drawn) == set(net)
    assert max(price.values()) > 0
    best = [max(0.0, *(net[option] for option in row.drawn_from.split())) for row in draws]
    return sum(best) - sum(net[option] for option in drawn)


def test_in_the_models_cell_only_high_potential_users_get_what_costs(facts: Any, conf: dict[str, Any]) -> None:
    conf["waves"]["W1"]["qualifies"]["model"] = "true"
    people = [(1, "model", "high_potential"), (2, "model", "low_potential"), (3, "model", "natural_converter"),
              (4, "rule", "natural_converter")]  # fmt: skip
    known = facts(["user_id", "policy", "tier"], people).withColumn("can_push", F.lit(False))
    for learnt in (None, LEARNT):
        found = Result(
            known, conf, {"model": 3, "rule": 1}, gains=learnt, terms=terms()._replace(active_user=Decimal(99))
        )
        assert found.of("sms") == [1, 4]
        assert found.reasons == {"planned": 2, "no_channel": 2}


def test_by_users_own_lifts_what_is_scarce_goes_to_those_it_moves_most(facts: Any, conf: dict[str, Any]) -> None:
    """The worth of an option is half the user's lift, at two contacts a month, times its factor.

    Who would be put off gets nothing.
    """
    conf["waves"]["W1"]["capacity_per_1000_users"] = {"push": 1000, "sms": 500}
    people = [(i, "model", i, True, True, lift) for i, lift in ((1, 0.01), (2, 0.3), (3, 0.2), (4, -0.1))]
    known = facts(["user_id", "policy", "policy_rank", "can_push", "can_sms", "lift_active"], people)
    worth, gains = terms()._replace(active_user=Decimal(100)), replace(LEARNT, mean=0.04, contacts_per_user=2.0)
    by_tier = Result(known, conf, {"model": 4}, gains=gains, terms=worth)
    assert {row.expected_gain for row in by_tier.rows.values()} == {0.01, 0.07}
    found = Result(known, {**conf, "lift": "user"}, {"model": 4}, gains=gains, terms=worth)
    assert (found.of("sms"), found.of("push")) == ([2, 3], [1])
    assert [found.rows[user].expected_gain for user in (1, 2, 3)] == pytest.approx(
        [0.01 / 2 * 0.25, 0.3 / 2 * 1.75, 0.2 / 2 * 1.75]
    )
    assert found.reasons == {"planned": 3, "below_price": 1}

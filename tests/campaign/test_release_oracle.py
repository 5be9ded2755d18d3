"""The release property: 20 confs x 50 random worlds, each conf in one frame, against plain Python (`release_worlds`).

Nobody barred, capped, excluded or held out is ever released, nobody else is left out, and each has the right reason.
"""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from campaign.release_worlds import CELLS, CYCLE, RELEASE, SOURCES, WORDS, Conf, Oracle, User, conf_of, users_of
from conftest import Rows
from population.conftest import World
from population.conftest import settings as population_settings
from reactivation import campaign, population
from reactivation.campaign import CampaignSettings, Ledger, WaveSalts
from reactivation.campaign.planning import wave_days
from reactivation.campaign.release import channel_files, frozen, last_look, ledger
from reactivation.contracts import canonical, derived
from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.errors import PlanError
from reactivation.frames import checkpointed
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.rules

SEEN: Counter[str | None] = Counter()
"""Planned contacts of all confs by why they were left out."""
CONFS, MONTH, ONE_DAY = 20, Month.parse(CYCLE), timedelta(days=1)
SALTS = WaveSalts("explorers", "options", "guidance")
WAVE = {"cycle": CYCLE, "wave": "W1"}
KNOWN = Ledger.of(
    [
        {**WAVE, "plan_version": version, "status": status, "release_id": f"{RELEASE[:-1]}{version}"}
        for version, status in ((1, "planned"), (1, "released"), (2, "planned"))
    ]
)


def campaign_settings(chance: random.Random, conf: Conf, plain: dict[str, Any]) -> CampaignSettings:
    wave = {
        **plain["waves"]["W1"],
        "day": conf.wave_day,
        "options": [{"channel": channel, "benefit": "gift"} for channel in conf.options],
        "capacity_per_1000_users": {channel: chance.randint(100, 900) for channel in conf.options},
        "budget_cny_per_1000_users": chance.randint(300, 5000),
        "exploration_share": chance.choice((0, 0.3)),
        "qualifies": dict.fromkeys(CELLS, "true"),
        "guidance": "true" if conf.has_guidance else None,
    }
    release = {**plain["release"], "send_days": conf.send_days}
    values = {**plain, "lead_days": conf.lead_days, "waves": {"W1": wave}, "release": release}
    return CampaignSettings.model_validate(values)


def calendar_of(conf: Conf) -> Calendar:
    return Calendar.model_validate(
        {
            "zone": "UTC",
            "settle_days": 5,
            "closed_weekdays": conf.closed_weekdays,
            "holidays": [{"first": first, "last": last} for first, last in conf.holidays],
            "workdays": conf.workdays,
            "holidays_known_until": "2026-12-31",
        }
    )


class Bank:
    """The tables of all worlds of one conf, and what the rules make of them on a day."""

    def __init__(self, spark: SparkSession, rows: Rows, users: list[User], conf: Conf) -> None:
        self.users, self.conf, self.calendar, self._rows = users, conf, calendar_of(conf), rows
        self.settings = population_settings(
            undecided=conf.undecided,
            consent={"oldest_consent": {"days": conf.oldest_consent_days}},
            contact_policy=conf.policy,
        )
        given = {name: [row for user in users for row in getattr(user, name)] for name in ("consents", "exclusions")}
        unread = [row for user in users for row in user.unread]
        self.permissions = World(spark, rows)(**given, contacts=self._receipts(), unread=unread, words=WORDS)
        self.receipts = self.permissions.contacts
        self.master = rows(
            canonical.USERS,
            ["user_id", "signed_up_on", "closed_on", "arrived_at", "has_phone", "has_push"],
            [
                (user.number, "2020-01-01", closed_on, came, user.has_phone, user.has_push)
                for user in users
                for closed_on, came in [(None, "2020-01-01"), *([user.left] if user.left else [])]
            ],
        )
        self.contact_ledger = rows(
            derived.CONTACT_LEDGER,
            ["region", "scenario", "cycle", "wave", "plan_version", "release_id", "contact_id", "user_id", "channel",
             "send_on", "send_from", "send_until", "stopped_on"],
            list(self._reserved()),
        )  # fmt: skip
        self.outside = rows(
            canonical.OUTSIDE_CONTACTS,
            ["user_id", "channel", "sent_at", "arrived_at"],
            [(user.number, *contact) for user in users for contact in user.outside],
        )

    def _receipts(self) -> list[dict[str, Any]]:
        earlier = [
            (contact.contact_id, user.number, contact.channel, f"{contact.sent_on} 12:00", status, came)
            for user in self.users
            for contact in user.contacts
            for status, came in contact.receipts
        ]
        own = [
            (f"{RELEASE}-{user.number}", user.number, channel, f"{self.conf.send_on} 12:00", status, came)
            for user in self.users
            for channel, status, came in user.own_receipts
        ]
        names = ("contact_id", "user_id", "channel", "sent_at", "status", "arrived_at")
        return [dict(zip(names, receipt, strict=True)) for receipt in (*earlier, *own)]

    def _reserved(self) -> Iterable[tuple[Any, ...]]:
        for user in self.users:
            for contact in user.contacts:
                if contact.source is not None:
                    scenario, cycle, wave, version = SOURCES[contact.source]
                    release = ledger.release_id("north", scenario, cycle, wave, version)
                    stopped_on = contact.sent_on if contact.is_stopped else None
                    yield ("north", scenario, cycle, wave, version, release, contact.contact_id, user.number,
                           contact.channel, contact.sent_on, contact.sent_on, contact.last_on, stopped_on)  # fmt: skip

    def reach(self, day: date) -> DataFrame:
        spine = population.signed_up(self.master, day=day, calendar=self.calendar)
        return population.contactable(
            spine,
            self.permissions,
            day=day,
            calendar=self.calendar,
            settings=self.settings,
            sent_until={channel: self.conf.last_day(channel) for channel in CONTACT_CHANNELS},
        )

    def recent(self, day: date, *, is_final: bool, is_own: bool = True) -> DataFrame:
        """is_own: the release's own receipts are among those known."""
        until = None if is_final else self.conf.send_on
        others = ledger.of_others(
            self.contact_ledger, wave=WAVE, scope=("north", "cards"), until=until, near=self.conf.send_on
        )
        assert self.receipts is not None
        receipts = self.receipts if is_own else self.receipts.where(~F.col("contact_id").startswith(f"{RELEASE}-"))
        return population.recently_contacted(
            campaign.facts.as_sent(others.select(*ledger.CONTACT), receipts, known_before=day, calendar=self.calendar),
            self.outside,
            day=self.conf.send_on,
            known_before=day,
            calendar=self.calendar,
            settings=self.settings,
            sent_until={channel: self.conf.last_day(channel) for channel in CONTACT_CHANNELS},
        )

    @property
    def arms(self) -> DataFrame:
        people = [
            (u.number, u.policy, u.touch, None if u.policy == "none" else u.rank, u.is_selected) for u in self.users
        ]
        return self._rows(derived.ARMS, ["user_id", "policy", "touch", "policy_rank", "is_selected"], people)

    def eligible(self, spark: SparkSession, wave: dict[str, Any]) -> DataFrame:
        numbers = [user.number for user in self.users]
        facts = campaign.facts.gather(
            self.arms,
            cells=wave["cells"],
            tiers=self._rows(
                derived.TIERS_TABLE, ["user_id", "tier"], [(u.number, u.tier) for u in self.users if u.tier]
            ),
            scores=self._rows(derived.SCORES, ["user_id", "p_active"], [(number, 0.5) for number in numbers]),
            features=spark.createDataFrame([(n, CYCLE) for n in numbers], "user_id bigint, cycle string"),
            to_date=spark.createDataFrame([(n, 0) for n in numbers], "user_id bigint, login_days_to_date bigint"),
            reach=self.reach(self.conf.as_of),
            recent=self.recent(self.conf.as_of, is_final=False),
        )
        return checkpointed(campaign.eligibility.eligibility(facts, **wave, salts=SALTS))

    def expected(self, day: date) -> dict[int, Oracle]:
        return {user.number: Oracle(user, self.conf, day) for user in self.users}


@examples(
    max_examples=CONFS,
    phases=[Phase.generate],  # a smaller seed is no simpler world
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_nobody_barred_capped_excluded_or_held_out_is_ever_released_and_nobody_else_left_out(
    spark: SparkSession, rows: Rows, conf: dict[str, Any], seed: int
) -> None:
    chance = random.Random(seed)
    world = conf_of(chance)
    bank, settings = Bank(spark, rows, users_of(chance, world), world), campaign_settings(chance, world, conf)
    require_days(bank, settings)

    cells = {policy: sum(user.policy == policy for user in bank.users) for policy in (*CELLS, "none")}
    wave: dict[str, Any] = {"wave": settings.waves["W1"], "name": "W1", "cells": cells, "settings": settings}
    eligible = bank.eligible(spark, wave)
    as_planned = bank.expected(world.as_of)
    options = [*world.options, "push"]
    found = {row.user_id: row for row in eligible.collect()}
    assert {user: row.reason for user, row in found.items()} == {user: o.reason for user, o in as_planned.items()}
    offered = {user for user, oracle in as_planned.items() if oracle.user.is_selected or oracle.is_guided}
    assert {
        user: {channel for bit, channel in enumerate(options) if found[user].options_mask >> bit & 1}
        for user in offered
    } == {user: as_planned[user].channels for user in offered}

    plan = campaign.waves.plan(eligible, **wave, cycle=CYCLE, send_on=world.send_on)
    looked = checkpointed(
        last_look.looked_at(
            ledger.numbered(plan.plan, version=2, release=RELEASE, registered_on=world.registered_on),
            reach=bank.reach(world.release_on),
            recent=bank.recent(world.release_on, is_final=True),
            before=KNOWN.released_contacts(bank.contact_ledger.where(f"cycle = '{CYCLE}' and wave = 'W1'")),
        )
    )
    planned = {row.user_id: row for row in looked.collect()}
    SEEN.update(row.left_out for row in planned.values())
    assert all(as_planned[user].reason is None and row.channel in as_planned[user].channels
               for user, row in planned.items())  # fmt: skip
    at_release = bank.expected(world.release_on)
    assert {user: row.left_out for user, row in planned.items()} == {
        user: at_release[user].left_out(row.channel) for user, row in planned.items()
    }

    released = checkpointed(
        channel_files.to_release(
            looked,
            {"release_id": RELEASE, "send_on": world.send_on},
            scope=channel_files.Scope("north", "cards"),
            settings=settings,
            calendar=bank.calendar,
            salt="order",
        )
    )
    went = {row.user_id: row.channel for row in released.collect()}
    assert went == {user: row.channel for user, row in planned.items() if row.left_out is None}
    checked = last_look.looked_at(
        ledger.may_be_sent(released, bank.receipts, day=world.check_on, calendar=bank.calendar),
        reach=bank.reach(world.check_on),
        recent=bank.recent(world.check_on, is_final=True, is_own=False),
        before=None,
    )
    at_check = bank.expected(world.check_on)
    assert {row.user_id: row.left_out for row in checked.collect()} == {
        user: at_check[user].left_out(channel, is_checked=True)
        for user, channel in went.items()
        if at_check[user].may_still_be_sent(channel)
    }


def test_every_reason_was_there_among_many_who_were_released() -> None:
    assert SEEN[None] > 500
    assert {reason for reason, users in SEEN.items() if users > 2} == {None, *last_look.LEFT_OUT}


def require_days(bank: Bank, settings: CampaignSettings) -> None:
    """A wave is sent on its day or the next open one, planned late on an open one alone, and released in between."""
    world, calendar = bank.conf, bank.calendar
    assert settings.days_of(MONTH, calendar) == {"W1": world.registered_on}
    last = channel_files.last_days(world.send_on, settings, calendar)
    assert last == {channel: world.last_day(channel) for channel in CONTACT_CHANNELS}
    if world.late_on and world.is_closed(world.late_on):
        late = world.late_on - timedelta(days=world.lead_days)
        with pytest.raises(PlanError, match="cannot be sent on"):
            wave_days.day_of(settings, cycle=MONTH, calendar=calendar, wave="W1", as_of=late)
    planned = {"as_of": world.as_of, "send_on": world.send_on}
    day = world.as_of - ONE_DAY
    while day <= world.send_on + ONE_DAY:
        may_be = world.as_of <= day <= world.send_on
        assert bool(list(ledger.days_that_forbid(planned, day=day))) != may_be
        day += ONE_DAY


def test_arms_that_are_not_those_of_the_plan_forbid_its_release_whoever_was_moved(
    spark: SparkSession, rows: Rows
) -> None:
    chance = random.Random(20)
    conf = conf_of(chance)
    bank = Bank(spark, rows, users_of(chance, conf), conf)
    drawn = [user for user in bank.users if user.touch is not None]
    tables = {"then": bank.arms, "shuffled": bank.arms.repartition(3)}
    for number, user in enumerate(chance.sample(drawn, 5)):
        other = F.lit("holdout" if user.touch == "touched" else "touched")
        touch = F.when(F.col("user_id") == user.number, other).otherwise(F.col("touch"))
        tables[f"moved {number}"] = bank.arms.withColumn("touch", touch)
    found = {row.table: row.asDict() for row in frozen.fingerprints(tables).collect()}
    noted = {name: frozen.of_rows([{**row, "table": "arms"}], {}, ["arms"]) for name, row in found.items()}
    changed = {name for name, now in noted.items() if frozen.differences(noted["then"], now)}
    assert changed == {name for name in tables if name.startswith("moved")}

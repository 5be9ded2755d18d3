"""Random worlds of receipts, reservations and refusals against plain Python: nobody barred, capped or held out goes."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from conftest import Rows
from reactivation import campaign, population
from reactivation.campaign import CampaignSettings, WaveSalts
from reactivation.campaign.release import channel_files, last_look, ledger
from reactivation.contracts import canonical, derived
from reactivation.contracts.canonical import CONTACT_CHANNELS, REACHED
from reactivation.periods import Calendar, Month
from reactivation.population.settings import ContactPolicySettings

pytestmark = pytest.mark.rules

CONFS, WORLDS, USERS = 20, 50, 8
AS_OF = date(2026, 6, 10)
SALTS = WaveSalts("explorers", "options", "guidance")
CELLS = ("model", "rule", "random")


class Contact(NamedTuple):
    """One earlier contact. receipts: status and the day its receipt arrived; none yet where it is empty."""

    contact_id: str
    user_id: int
    channel: str
    sent_on: date
    is_reserved: bool
    receipts: tuple[tuple[str, date], ...]


class World(NamedTuple):
    """All worlds of one conf, the users of each with numbers of their own."""

    users: list[dict[str, Any]]
    contacts: list[Contact]
    outside: list[tuple[int, str, date]]
    before: set[int]


def conf_of(chance: random.Random, plain: dict[str, Any]) -> dict[str, Any]:
    few = {"push": chance.randint(100, 900), "sms": chance.randint(100, 900), "call": chance.randint(10, 500)}
    options = [{"channel": channel, "benefit": "gift"} for channel in chance.sample(CONTACT_CHANNELS, 2)]
    wave = {
        **plain["waves"]["W1"],
        "day": 12,
        "options": options,
        "capacity_per_1000_users": few,
        "budget_cny_per_1000_users": chance.randint(100, 5000),
        "exploration_share": chance.choice((0, 0.3)),
        "qualifies": dict.fromkeys(CELLS, "true"),
    }
    return {**plain, "lead_days": 2, "waves": {"W1": wave}}


def policy_of(chance: random.Random) -> dict[str, Any]:
    def limits() -> dict[str, int]:
        return {
            "window_days": chance.randint(1, 9),
            "max_contacts": chance.randint(1, 3),
            "min_days_between": chance.randint(0, 4),
        }

    channels = {name: limits() for name in CONTACT_CHANNELS if chance.random() < 0.4}
    return {**limits(), "counts_outside_contacts": chance.random() < 0.7, "channels": channels}


def world_of(chance: random.Random, send_on: date) -> World:
    users, contacts, outside, before = [], [], [], set()
    for number in range(WORLDS * USERS):
        user = 1000 + number
        touch = chance.choice(("touched", "touched", "touched", "holdout", "long_holdout"))
        can = {channel: chance.random() < 0.8 for channel in CONTACT_CHANNELS}
        later = {channel: can[channel] and chance.random() < 0.9 for channel in CONTACT_CHANNELS}
        users.append(
            {
                "user_id": user,
                "policy": chance.choice(CELLS),
                "touch": touch,
                "rank": number + 1,
                "can": can,
                "can_later": later,
                "is_signed_up": chance.random() < 0.97,
                "may_be_profiled": chance.random() < 0.97,
            }
        )
        for each in range(chance.choice((0, 0, 1, 1, 2))):
            sent_on = send_on + timedelta(days=chance.randint(-11, 3))
            statuses = chance.sample(canonical.CONTACT_STATUSES, chance.choice((0, 0, 1, 2)))
            came = [(status, max(sent_on, AS_OF - timedelta(days=chance.randint(-1, 6)))) for status in statuses]
            is_reserved = not came or chance.random() < 0.7 or sent_on >= AS_OF
            channel = chance.choice(CONTACT_CHANNELS)
            contacts.append(Contact(f"{user}.{each}", user, channel, sent_on, is_reserved, tuple(came)))
        if chance.random() < 0.2:
            outside.append(
                (user, chance.choice(("sms", "call", "letter")), AS_OF - timedelta(days=chance.randint(0, 9)))
            )
        if chance.random() < 0.03:
            before.add(user)
    return World(users, contacts, outside, before)


def counted(world: World, policy: dict[str, Any]) -> dict[int, list[tuple[str, date]]]:
    """By user the contacts that count: channel and day. What arrived on the day of planning or later is not known."""
    found: dict[int, list[tuple[str, date]]] = {}
    for contact in world.contacts:
        known = [status for status, came in contact.receipts if came < AS_OF]
        if any(status in REACHED for status in known) or (contact.is_reserved and not known):
            found.setdefault(contact.user_id, []).append((contact.channel, contact.sent_on))
    for user, channel, sent_on in world.outside:
        if policy["counts_outside_contacts"] and sent_on < AS_OF:
            found.setdefault(user, []).append((channel, sent_on))
    return found


def is_over(limits: dict[str, Any], days: list[date], send_on: date) -> bool:
    away = [abs((send_on - day).days) for day in days]
    return sum(n <= limits["window_days"] for n in away) >= limits["max_contacts"] or any(
        n < limits["min_days_between"] for n in away
    )


def is_barred(
    user: dict[str, Any], channel: str, contacts: list[tuple[str, date]], policy: dict[str, Any], send_on: date
) -> bool:
    """True where a user must not be sent to by a channel. contacts: those of `counted`."""
    own = [day for name, day in contacts if name == channel]
    return (
        user["touch"] != "touched"
        or not user["is_signed_up"]
        or not user["may_be_profiled"]
        or not user["can_later"][channel]
        or is_over(policy, [day for _, day in contacts], send_on)
        or (channel in policy["channels"] and is_over(policy["channels"][channel], own, send_on))
    )


class Lived(NamedTuple):
    """What the rules make of a world: what was planned, and the reason why a contact was left out; null: released."""

    looked: dict[int, tuple[str, str | None]]
    released: dict[int, str]


def live(spark: SparkSession, rows: Rows, world: World, settings: CampaignSettings, policy: dict[str, Any]) -> Lived:
    wave, calendar = settings.waves["W1"], Calendar(zone="UTC", settle_days=5)
    send_on = settings.days_of(Month.parse("2026-06"), calendar)["W1"]
    population_settings = population.PopulationSettings.model_construct(
        contact_policy=ContactPolicySettings.model_validate(policy)
    )
    reserved = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "channel", "send_on"],
        [(c.contact_id, c.user_id, c.channel, c.sent_on) for c in world.contacts if c.is_reserved],
    ).select(*ledger.CONTACT)
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "channel", "sent_at", "arrived_at", "status"],
        [
            (c.contact_id, c.user_id, c.channel, noon(c.sent_on), noon(came), status)
            for c in world.contacts
            for status, came in c.receipts
        ],
    )
    outside = rows(
        canonical.OUTSIDE_CONTACTS,
        ["user_id", "channel", "sent_at"],
        [(user, channel, noon(day)) for user, channel, day in world.outside],
    )
    sent = campaign.facts.as_sent(reserved, receipts, known_before=AS_OF, calendar=calendar)
    recent = population.recently_contacted(
        sent, outside, day=send_on, known_before=AS_OF, calendar=calendar, settings=population_settings
    )
    none_yet = recent.limit(0)  # the plan knew of no contact: all is the release's to find
    cells = {policy: sum(u["policy"] == policy for u in world.users) for policy in CELLS}
    people = [(u["user_id"], u["policy"], u["touch"], u["rank"], True) for u in world.users]
    facts = campaign.facts.gather(
        rows(derived.ARMS, ["user_id", "policy", "touch", "policy_rank", "is_selected"], people),
        cells=cells,
        tiers=rows(derived.TIERS_TABLE, ["user_id", "tier"], [(u["user_id"], "high_potential") for u in world.users]),
        scores=rows(derived.SCORES, ["user_id", "p_active"], [(u["user_id"], 0.5) for u in world.users]),
        features=spark.createDataFrame(
            [(u["user_id"], "2026-06") for u in world.users], "user_id bigint, cycle string"
        ),
        to_date=spark.createDataFrame(
            [(u["user_id"], 0) for u in world.users], "user_id bigint, login_days_to_date bigint"
        ),
        reach=reach(spark, world, "can"),
        recent=none_yet,
    )
    common: dict[str, Any] = {"wave": wave, "name": "W1", "cells": cells, "settings": settings}
    eligible = campaign.eligibility.eligibility(facts, **common, salts=SALTS).persist()
    plan = campaign.waves.plan(eligible, **common, cycle="2026-06", send_on=send_on)
    name = ledger.release_id("north", "cards", "2026-06", "W1", 1)
    looked = last_look.looked_at(
        ledger.numbered(plan.plan, version=1, release=name, registered_on=send_on),
        reach=reach(spark, world, "can_later"),
        recent=recent,
        before=rows(derived.CONTACT_LEDGER, ["user_id"], [(user,) for user in sorted(world.before)]),
    ).persist()
    released = channel_files.to_release(
        looked,
        {"release_id": name, "send_on": send_on},
        scope=channel_files.Scope("north", "cards"),
        settings=settings,
        salt="order",
    )
    found = Lived(
        {row.user_id: (row.channel, row.left_out) for row in looked.collect()},
        {row.user_id: row.channel for row in released.collect()},
    )
    eligible.unpersist()
    looked.unpersist()
    return found


def reach(spark: SparkSession, world: World, which: str) -> DataFrame:
    names = ", ".join(f"can_{channel} boolean" for channel in CONTACT_CHANNELS)
    people = [u for u in world.users if u["is_signed_up"] or which == "can"]
    return spark.createDataFrame(
        [
            (
                u["user_id"],
                *(u[which][c] for c in CONTACT_CHANNELS),
                *2 * [u["may_be_profiled"] or which == "can"],
                False,
            )
            for u in people
        ],
        f"user_id bigint, {names}, is_contactable boolean, is_profiling_allowed boolean, is_barred_unread boolean",
    )


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@examples(
    max_examples=CONFS,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_nobody_barred_capped_or_held_out_is_released_and_nobody_else_left_out(
    spark: SparkSession, rows: Rows, conf: dict[str, Any], seed: int
) -> None:
    chance = random.Random(seed)
    settings, policy = CampaignSettings.model_validate(conf_of(chance, conf)), policy_of(chance)
    send_on = date(2026, 6, 12)
    world = world_of(chance, send_on)
    lived = live(spark, rows, world, settings, policy)
    by_id = {user["user_id"]: user for user in world.users}
    assert len(lived.looked) > 20
    assert {u: c for u, (c, left_out) in lived.looked.items() if left_out is None} == lived.released
    known = counted(world, policy)
    barred = {
        user
        for user, (channel, _) in lived.looked.items()
        if is_barred(by_id[user], channel, known.get(user, []), policy, send_on) or user in world.before
    }
    assert not barred & set(lived.released)
    assert barred == set(lived.looked) - set(lived.released)

"""Guidance that leads to a group of functions: only who has not used it gets it, and the message names it."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from campaign.test_waves import Result
from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import wave_days
from reactivation.campaign.release import channel_files, templates
from reactivation.contracts import derived
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.rules

UTC = Calendar(zone="UTC", settle_days=5)
USED = "function_payment_count_3m", "function_wealth_count_3m"


def guiding(conf: dict[str, Any]) -> dict[str, Any]:
    """W1 leads to payments by push, as an option, and whom the model does not pick to wealth products."""
    wave = conf["waves"]["W1"]
    wave["options"] = [
        {"channel": "push", "benefit": "none", "guide_to": "payment", "only_if": "user_id < 9 or user_id > 99"},
        {"channel": "sms", "benefit": "gift"},
    ]
    wave["guide_to"] = "wealth"
    return conf


def test_only_who_has_not_used_the_group_lately_is_led_to_it(facts: Any, conf: dict[str, Any]) -> None:
    people = [
        # payments, wealth products: uses in the last three months
        (1, "rule", True, "high_potential", 0, 5),
        (2, "rule", True, "high_potential", None, 0),  # nothing is known of any use
        (3, "rule", True, "high_potential", 1, 0),
        (9, "rule", True, "high_potential", 0, 0),  # another condition of the option, which counts too
        (4, "model", False, "low_potential", 7, 0),
        (5, "model", False, "low_potential", 0, 2),
        (6, "model", False, "low_potential", 0, None),
    ]
    names = ["user_id", "policy", "is_selected", "tier"]
    uses = {user: row for user, *_, payment, wealth in people for row in [(payment, wealth)]}
    known = facts(names, [row[:4] for row in people])
    for place, name in enumerate(USED):
        of = [F.when(F.col("user_id") == user, F.lit(each[place])) for user, each in uses.items()]
        known = known.withColumn(name, F.coalesce(*of, F.lit(None).cast("bigint")))
    found = Result(known, guiding(conf), {"rule": 4, "model": 3})
    assert {user: (row.channel, row.guide_to) for user, row in found.rows.items()} == {
        1: ("push", "payment"),
        2: ("push", "payment"),
        3: ("sms", None),
        9: ("sms", None),
        4: ("push", "wealth"),
        6: ("push", "wealth"),
    }
    assert found.reasons == {"planned": 6, "not_selected": 1}


def test_the_file_names_the_message_that_leads_there_and_nothing_else(rows: Rows, conf: dict[str, Any]) -> None:
    plain = conf["templates"]["plain_push"]
    conf["templates"]["payment_push"] = {**plain, "guide_to": "payment", "version": 7, "text": "pay by telephone"}
    settings = CampaignSettings.model_validate(guiding(conf))
    plan = rows(
        derived.WAVE_PLAN,
        ["channel", "benefit", "guide_to", "user_id", "contact_id", "send_on", "plan_version"],
        [
            ("push", "none", "payment", 1, "c-1", "2026-06-05", 1),
            ("push", "none", None, 2, "c-2", "2026-06-05", 1),
            ("sms", "gift", None, 3, "c-3", "2026-06-05", 1),
        ],
    ).withColumn("left_out", F.lit(None).cast("string"))
    released = channel_files.to_release(
        plan,
        {"release_id": "north-cards-2026-06-W1-v1", "send_on": date(2026, 6, 5)},
        scope=channel_files.Scope("north", "cards"),
        settings=settings,
        calendar=UTC,
        salt="s",
    )
    told = {row.user_id: (row.template_id, row.template_version) for row in released.collect()}
    assert told == {1: ("payment_push", 7), 2: ("plain_push", 2), 3: ("gift_sms", 2)}
    days = channel_files.days_of_sending(date(2026, 6, 5), settings, UTC)
    assert channel_files.contacts(released, days, UTC).columns == ["channel", *channel_files.COLUMNS]
    assert "guide_to" not in channel_files.COLUMNS


@pytest.mark.numbers
def test_a_group_needs_a_message_of_its_own(conf: dict[str, Any]) -> None:
    known = CampaignSettings.model_validate(guiding(conf)).templates
    day = date(2026, 6, 14)
    assert list(templates.not_approved(known, ["push/none"], last_day=day)) == []
    [missing] = templates.not_approved(known, [templates.offer("push", "none", "payment")], last_day=day)
    assert (missing.kind, missing.what) == ("no template", "push/none/payment")
    both = {"a": known["plain_push"], "b": known["plain_push"].model_copy(update={"guide_to": "payment"})}
    assert list(templates.twice(both)) == []
    assert list(templates.twice({**both, "c": both["b"]})) == ["templates: several are for push/none/payment"]


@pytest.mark.numbers
def test_what_leads_nowhere_is_registered_as_ever(conf: dict[str, Any]) -> None:
    (plain,) = wave_days.as_plain(CampaignSettings.model_validate(conf), Month.parse("2026-06"), UTC)
    assert plain["options"][0] == {"channel": "push", "benefit": "none", "only_if": None}
    assert "guide_to" not in plain
    (led,) = wave_days.as_plain(CampaignSettings.model_validate(guiding(conf)), Month.parse("2026-06"), UTC)
    assert (led["guide_to"], led["options"][0]["guide_to"]) == ("wealth", "payment")
    assert "guide_to" not in led["options"][1]


def test_a_plan_that_leads_nowhere_has_the_digest_of_older_releases(spark: SparkSession) -> None:
    """A digest adds up hashes of rows; Spark leaves nulls out of a hash."""
    [row] = spark.sql(
        "select xxhash64(7L, 'push/none') as one, xxhash64(7L, 'push/none', cast(null as string)) as two"
    ).collect()
    assert row.one == row.two

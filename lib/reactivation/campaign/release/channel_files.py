"""What a campaign manager gets: files of contacts per channel, of granted benefits, and of those nobody may contact."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.planning.settings import NO_BENEFIT
from reactivation.campaign.release.ledger import Event
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts import derived
from reactivation.frames import by_value
from reactivation.open_days import Channel
from reactivation.periods import Calendar

COLUMNS = (
    "contact_id",
    "user_id",
    "benefit",
    "send_on",
    "send_order",
    "template_id",
    "template_version",
    "benefit_valid_until",
    "send_from",
    "send_until",
)
"""Columns of a channel file; none of them tells the cell, the score or the tier."""


class Scope(NamedTuple):
    """Whose release it is."""

    region: str
    scenario: str


def to_release(
    plan: DataFrame, planned: Event, *, scope: Scope, settings: CampaignSettings, calendar: Calendar, salt: str
) -> DataFrame:
    """Contacts of a plan's version as rows of `contact_ledger`; the plan's `left_out` is null for those released.

    planned: the version's row of `wave_releases`. send_order counts a channel's contacts by a hash by which neither
    cell nor arm is drawn, so that a list cut off anywhere cuts all cells alike. Calls are spread over the open days of
    sending.
    """
    send_on: date = planned["send_on"]
    days, last = days_of_sending(send_on, settings, calendar), last_days(send_on, settings, calendar)
    valid = {code: send_on + timedelta(days=n - 1) for code, n in settings.release.benefit_days.items()}
    in_order = Window.partitionBy("channel").orderBy(randomization.hashed(salt), "user_id")
    per_day = max(settings.release.call_centre.users_per_day, 1)
    later = F.least(F.floor((F.col("send_order") - 1) / per_day), F.lit(len(days.get("call", [send_on])) - 1))
    day_of_call = by_value(later.cast("int"), dict(enumerate(days.get("call", [send_on]))))
    templates, offer = settings.templates, F.concat_ws("/", "channel", "benefit")
    said = F.concat_ws("/", "channel", "benefit", "guide_to")  # as `templates.offer`
    worst = {f"{channel}/{benefit}": cost for (channel, benefit), cost in settings.worst_costs.items()}
    return derived.CONTACT_LEDGER.select(
        plan.where("contact_id is not null and left_out is null")
        .withColumn("send_order", F.row_number().over(in_order))
        .withColumns(
            {
                "release_id": F.lit(planned["release_id"]),
                "region": F.lit(scope.region),
                "scenario": F.lit(scope.scenario),
                "worst_cost": by_value(offer, worst),
                "send_until": by_value(F.col("channel"), last),
                "benefit_valid_until": by_value(F.col("benefit"), valid),
                "send_from": F.when(F.col("channel") == "call", day_of_call).otherwise(F.col("send_on")),
                "template_id": by_value(said, {t.offer: name for name, t in templates.items()}),
                "template_version": by_value(said, {t.offer: t.version for t in templates.values()}),
                "stopped_on": F.lit(None).cast("date"),
            }
        )
    )


def days_of_sending(send_on: date, settings: CampaignSettings, calendar: Calendar) -> dict[Channel, list[date]]:
    """By channel the open days on which a file of that day is sent, the day itself among them."""
    return {channel: calendar.open_days(send_on, n) for channel, n in settings.release.send_days.items()}


def last_days(send_on: date, settings: CampaignSettings, calendar: Calendar) -> dict[str, date]:
    """By channel the last of its days of sending."""
    return {channel: days[-1] for channel, days in days_of_sending(send_on, settings, calendar).items()}


def contacts(released: DataFrame, days: Mapping[Channel, list[date]], calendar: Calendar) -> DataFrame:
    """The contacts of all channels: channel and `COLUMNS`. released: rows of `contact_ledger`. days: of sending.

    send_from and send_until are instants on the region's clock (ISO 8601), between which the channel's hours lie on the
    first and on the last day.
    """
    windows = {f"{channel} {day}": calendar.send_window(channel, day) for channel in days for day in days[channel]}
    at = {
        name: by_value(F.concat_ws(" ", "channel", name), {of: each[end].isoformat() for of, each in windows.items()})
        for end, name in enumerate(("send_from", "send_until"))
    }
    return released.withColumns(at).select("channel", *COLUMNS)


def calls(contacts: DataFrame, *, attempts_max: int) -> DataFrame:
    """The calls alone, with what the call centre needs beside `COLUMNS`: the script, and how often to dial."""
    known = {"script_id": F.col("template_id"), "attempts_max": F.lit(attempts_max)}
    return contacts.where(F.col("channel") == "call").withColumns(known)


def benefits(released: DataFrame) -> DataFrame:
    """Who was granted what, whichever the channel: `file` names their file. released: rows of `contact_ledger`."""
    granted = released.where(F.col("benefit") != NO_BENEFIT)
    valid = (F.col("send_on").alias("valid_from"), F.col("benefit_valid_until").alias("valid_until"))
    return granted.select(F.lit("benefits").alias("file"), "user_id", "benefit", *valid, "contact_id")


def withdrawn(looked: DataFrame, before: DataFrame | None) -> DataFrame:
    """Who must not be sent to any more: `file` names the file of the channel. looked: of `last_look.looked_at`.

    before: what the files name already, which stays as it is; None where there are none.
    """
    file = F.concat("channel", F.lit(".withdrawn")).alias("file")
    found = looked.where(F.col("left_out").isNotNull())
    now = found.select(file, "contact_id", "user_id", F.col("left_out").alias("reason"))
    return now if before is None else before.unionByName(now.join(before, "contact_id", "left_anti"))


def suppressed(
    arms: DataFrame, *, shields: Literal["alike", "nobody"], month_until: date, long_holdout_until: date
) -> DataFrame:
    """Whom the bank's other senders of marketing leave alone. Grain and key: user_id; `file` names their file.

    shields: `alike` names the touched and the held out of every cell, so that other senders reach both sides of a
    comparison as often; `nobody` names none. until: the first day on which the user may be contacted again; that of the
    long holdout lies months ahead. purpose: marketing; security, repayment and service messages are none of its
    business.
    """
    is_long = F.col("touch") == "long_holdout"
    until = F.when(is_long, F.lit(long_holdout_until)).otherwise(F.lit(month_until))
    return arms.where(F.col("touch").isNotNull() & F.lit(shields == "alike")).select(
        F.lit("suppression").alias("file"), "user_id", until.alias("until"), F.lit("marketing").alias("purpose")
    )

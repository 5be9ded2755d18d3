"""The last look at a wave before it is released: whom it must leave out by what has become known since its plan."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS

LEFT_OUT = ("released_before", "not_signed_up", "refused", "over_contact_limit", "quiet_days")
"""Why a planned contact is not released, the first that holds counts."""


class Channel(NamedTuple):
    """What is released by one channel; user_ids: the sum of the users' numbers, which the receiver can check."""

    contacts: int
    user_ids: int
    cost: Decimal
    worst_cost: Decimal


def looked_at(plan: DataFrame, *, reach: DataFrame, recent: DataFrame, before: DataFrame | None) -> DataFrame:
    """A plan's contacts with `left_out`, null for those to be released. Grain user_id.

    reach: can_sms, can_push, can_call, is_contactable of signed-up users as of the release. recent: of
    `population.recently_contacted`, by contacts of other waves. before: contacts of an earlier release of the wave that
    stand; None where there is none.
    """
    contacts = plan.where(F.col("contact_id").isNotNull())
    known = contacts.join(reach.withColumn("is_signed_up", F.lit(True)), "user_id", "left").join(
        recent.drop("recent_contacts"), "user_id", "left"
    )
    if before is None:
        known = known.withColumn("is_released", F.lit(None).cast("boolean"))
    else:
        known = known.join(
            before.select("user_id").distinct().withColumn("is_released", F.lit(True)), "user_id", "left"
        )
    may_reach = F.col("is_contactable") & _of_own_channel("can_{}")
    is_over = F.col("is_over_contact_limit") | _of_own_channel("is_over_{}_limit")
    reasons = (
        F.col("is_released"),
        F.col("is_signed_up").isNull(),
        ~F.coalesce(may_reach, F.lit(False)),
        is_over,
        F.col("is_in_quiet_days"),
    )
    left_out = F.coalesce(*[F.when(holds, name) for name, holds in zip(LEFT_OUT, reasons, strict=True)])
    return known.select(*contacts.columns, left_out.alias("left_out"))


def _of_own_channel(name: str) -> Column:
    """The flag of the contact's own channel. name: of the column, `{}` in the channel's place."""
    return F.coalesce(*[F.when(F.col("channel") == one, F.col(name.format(one))) for one in CONTACT_CHANNELS])


def counted(looked: DataFrame) -> DataFrame:
    """Contacts of `looked_at` by channel, benefit, guide_to and left_out, with their users' sum and expected cost.

    Rows of the ledger have no guide_to: their template says it.
    """
    by = [name for name in ("channel", "benefit", "guide_to", "left_out") if name in looked.columns]
    sums = (F.sum("user_id").cast("decimal(38,0)").alias("user_ids"), F.sum("cost").alias("cost"))
    return looked.groupBy(*by).agg(F.count("*").alias("contacts"), *sums)


def left_out(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Contacts that are not released, by reason. rows: of `counted`."""
    found = dict.fromkeys(LEFT_OUT, 0)
    for row in rows:
        if row["left_out"] is not None:
            found[row["left_out"]] += row["contacts"]
    return {reason: number for reason, number in found.items() if number}


def by_channel(rows: Iterable[Mapping[str, Any]], worst: Mapping[tuple[str, str], Decimal]) -> dict[str, Channel]:
    """What is released by each channel. rows: of `counted`. worst: cost of a (channel, benefit) that is redeemed."""
    known = [row for row in rows if row["left_out"] is None]
    return {
        channel: Channel(
            sum(row["contacts"] for row in mine),
            int(sum(row["user_ids"] for row in mine)),
            sum((row["cost"] for row in mine), Decimal(0)),
            sum((worst[channel, row["benefit"]] * row["contacts"] for row in mine), Decimal(0)),
        )
        for channel in CONTACT_CHANNELS
        if (mine := [row for row in known if row["channel"] == channel])
    }

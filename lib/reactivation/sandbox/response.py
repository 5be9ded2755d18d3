"""What becomes of contacts: receipts for the bank's tables, and how strongly each delivered one works on its user.

A contact of the channel files is delivered or not by channel; a delivered one may be clicked, responded to, opted out
of or complained about. Its strength is channel × benefit × the user's responsiveness × the user's taste for the
channel.
"""

from collections.abc import Sequence
from itertools import chain

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Window
from reactivation.sandbox import segments as cut
from reactivation.sandbox.almanac import Almanac, number
from reactivation.sandbox.dice import Dice
from reactivation.sandbox.settings import Reach, SandboxSettings

CONTACT_COLUMNS = ("contact_id", "user_id", "cycle", "wave", "channel", "benefit", "send_on")
_NO_TOUCHES = "array<struct<day:int,contact:bigint,strength:double,benefit:string>>"


def contacted(contacts: DataFrame, people: DataFrame, *, settings: SandboxSettings) -> DataFrame:
    """One row per contact of a known user: day (sent), is_delivered, strength; other users' contacts reach nobody.

    contacts: CONTACT_COLUMNS, as the channel files give them.
    """
    dice = Dice(settings.seed)
    effects = settings.effects
    known = people.select("user_id", "has_phone", "has_push", "responsiveness")
    given = contacts.select(*CONTACT_COLUMNS).withColumn("user_id", F.col("user_id").cast("bigint"))
    base = _by_name(effects.channels, "channel", 0.0) * _by_name(effects.benefits, "benefit", effects.other_benefit)
    taste = 0.5 + dice.uniform("taste", "user_id", F.xxhash64("channel"))
    return (
        given.join(known, "user_id", "inner")
        .withColumn("contact", F.xxhash64("contact_id"))
        .withColumn("day", F.datediff(F.col("send_on").cast("date"), F.lit("1970-01-01").cast("date")))
        .withColumn("is_delivered", _is_delivered(dice, settings.reach))
        .withColumn("strength", base * F.col("responsiveness") * taste)
    )


def with_touches(
    people: DataFrame, contacted: DataFrame | None, *, window: Window, settings: SandboxSettings
) -> DataFrame:
    """Add `touches` to each user: delivered contacts that may still work in a window, in the order of their days."""
    if contacted is None:
        return people.withColumn("touches", F.lit(None).cast(_NO_TOUCHES))
    first = number(window.first) - settings.effects.longest_days
    works = F.col("is_delivered") & F.col("day").between(first, number(window.end) - 1)
    touch = F.struct("day", "contact", "strength", "benefit")
    by_user = contacted.where(works).groupBy("user_id").agg(F.sort_array(F.collect_list(touch)).alias("touches"))
    return people.join(by_user, "user_id", "left")


def receipts(
    contacted: DataFrame, *, segments: Sequence[Window], almanac: Almanac, settings: SandboxSettings
) -> DataFrame:
    """Receipts of the contacts sent in the segments, one row per contact and status."""
    dice = Dice(settings.seed)
    sent = F.floor(32_400 + 32_400 * dice.uniform("sent_at", "contact")).cast("bigint")
    return (
        contacted.withColumn("segment_on", cut.name_on(F.col("day"), segments))
        .where("segment_on is not null")
        .withColumn("at", almanac.starts(F.col("day")) + sent)
        .withColumn("status", F.explode(F.array_compact(_statuses(dice, settings.reach))))
        .withColumn("row", F.xxhash64("contact", "status"))
    )


def _is_delivered(dice: Dice, reach: Reach) -> Column:
    channel = F.col("channel")
    draw = dice.uniform("delivered", "contact")
    has_address = F.when(channel == "push", F.col("has_push")).otherwise(F.col("has_phone"))
    arrives = (
        F.when(channel == "call", draw < reach.call_answered)
        .when(channel == "push", draw >= reach.push_fails)
        .otherwise(draw >= reach.sms_fails)
    )
    return has_address & arrives


def _statuses(dice: Dice, reach: Reach) -> Column:
    """An answered call counts as delivered, so it has both receipts."""
    is_delivered, is_call = F.col("is_delivered"), F.col("channel") == "call"
    eager = F.least(F.col("responsiveness"), F.lit(3.0))
    missed = F.when(is_call, F.lit("not_reached")).otherwise(F.lit("failed"))
    return F.array(
        F.when(is_delivered, F.lit("delivered")).otherwise(missed),
        F.when(is_delivered & is_call, F.lit("answered")),
        F.when(is_delivered & ~is_call & dice.happens(eager * reach.clicked, "clicked", "contact"), F.lit("clicked")),
        F.when(is_delivered & dice.happens(eager * reach.responded, "responded", "contact"), F.lit("responded")),
        F.when(is_delivered & dice.happens(reach.opted_out, "opted_out", "contact"), F.lit("opted_out")),
        F.when(is_delivered & dice.happens(reach.complained, "complained", "contact"), F.lit("complained")),
    )


def _by_name(values: dict[str, float], column: str, otherwise: float) -> Column:
    pairs = F.create_map(*chain.from_iterable((F.lit(name), F.lit(float(v))) for name, v in values.items()))
    return F.coalesce(pairs[F.col(column)], F.lit(float(otherwise)))

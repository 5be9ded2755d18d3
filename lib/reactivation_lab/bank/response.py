"""What becomes of contacts: receipts for the bank's tables, and how strongly each delivered one works on its user.

A contact is delivered or not by channel; a delivered one may be clicked, responded to, opted out of, complained about.
Its strength is channel × benefit (as the user is sensitive to price) × the user's response × the user's response to the
channel × freshness to the power of the delivered contacts before it.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import window as W

from reactivation.periods import Window
from reactivation_lab.bank import segments as cut
from reactivation_lab.bank import touches
from reactivation_lab.bank.date_dimension import DateDimension, number
from reactivation_lab.bank.hash_rng import HashRng, by_name
from reactivation_lab.bank.settings import Effects, Reach, SandboxSettings

CONTACT_COLUMNS = ("contact_id", "user_id", "cycle", "wave", "channel", "benefit", "send_on")
_TRAITS = ("has_phone", "has_push", "responsiveness", "price_sensitivity", "freshness", "leaves")
_REPLY_SECONDS = 7200
_RELEASE = r"^.*-([0-9]{4}-[0-9]{2}-[^-]+)-v[0-9]+-([0-9]+)$"
"""A contact id of the programme; chance goes by cycle, wave and user, whatever the version of the plan."""


def contacted(contacts: DataFrame, people: DataFrame, *, settings: SandboxSettings) -> DataFrame:
    """One row per contact of a known user: day (sent), is_delivered, earlier, strength.

    contacts: CONTACT_COLUMNS, as the channel files give them; other users' contacts reach nobody. earlier: delivered
    contacts of the user within memory_days before the day, therefore all contacts of that time must be given.
    """
    given = contacts.select(*CONTACT_COLUMNS).withColumn("user_id", F.col("user_id").cast("bigint"))
    before = W.Window.partitionBy("user_id").orderBy("day").rangeBetween(-settings.effects.memory_days, -1)
    return (
        given.join(people.select("user_id", *_TRAITS), "user_id", "inner")
        .withColumn("contact", F.xxhash64(F.regexp_replace("contact_id", _RELEASE, "$1-$2")))
        .withColumn("day", F.datediff(F.col("send_on").cast("date"), F.lit("1970-01-01").cast("date")))
        .withColumn("is_delivered", has_address() & arrives(settings))
        .withColumn("earlier", F.count_if("is_delivered").over(before).cast("int"))
        .withColumn("strength", strength(settings) * F.pow("freshness", F.col("earlier")))
    )


def strength(settings: SandboxSettings) -> Column:
    """Login rate that a user's first contact adds on its first day; of columns channel, benefit and the traits."""
    effects, rng = settings.effects, HashRng(settings.seed)
    by_channel = effects.channel_spread * rng.normal("taste", "user_id", F.xxhash64("channel"))
    offered = by_name(effects.benefits, "benefit", effects.other_benefit)
    base = by_name(effects.channels, "channel", 0.0) * F.greatest(
        1 + (offered - 1) * F.col("price_sensitivity"), F.lit(0.0)
    )
    return base * F.col("responsiveness") * F.exp(by_channel)


def has_address() -> Column:
    """Whether the channel can reach the user at all."""
    return F.when(F.col("channel") == "push", F.col("has_push")).otherwise(F.col("has_phone"))


def p_arrives(reach: Reach) -> Column:
    """Probability that a contact by the channel is delivered to a user who has an address."""
    fails = {"sms": 1 - reach.sms_fails, "push": 1 - reach.push_fails, "call": reach.call_answered}
    return by_name(fails, "channel", 0.0)


def arrives(settings: SandboxSettings) -> Column:
    """Whether a contact arrives at an address there is."""
    return HashRng(settings.seed).uniform("delivered", "contact") < p_arrives(settings.reach)


def with_touches(people: DataFrame, contacted: DataFrame | None, *, window: Window, effects: Effects) -> DataFrame:
    """Add `touches` to each user: delivered contacts that may still work in a window, in the order of their days."""
    if contacted is None:
        return people.withColumn("touches", F.lit(None).cast(touches.TYPE))
    first = number(window.first) - effects.longest_days
    works = F.col("is_delivered") & F.col("day").between(first, number(window.end) - 1)
    touch = F.struct("day", "contact", "strength", "benefit")
    by_user = contacted.where(works).groupBy("user_id").agg(F.sort_array(F.collect_list(touch)).alias("touches"))
    return people.join(by_user, "user_id", "left")


def receipts(
    contacted: DataFrame, *, segments: Sequence[Window], dates: DateDimension, settings: SandboxSettings
) -> DataFrame:
    """Receipts of the contacts sent in the segments, one row per contact and status."""
    return (
        contacted.transform(_sent, segments, dates, settings)
        .withColumn("status", F.explode(F.array_compact(_statuses(HashRng(settings.seed), settings.reach))))
        .withColumn("row", F.xxhash64("contact", "status"))
    )


def opt_outs(
    contacted: DataFrame, *, segments: Sequence[Window], dates: DateDimension, settings: SandboxSettings
) -> DataFrame:
    """Consents taken back in answer to a contact, some hours after it: rows of `consents`."""
    left = contacted.transform(_sent, segments, dates, settings).where(
        _opts_out(HashRng(settings.seed), settings.reach)
    )
    return left.withColumns(
        {
            "at": F.col("at") + _REPLY_SECONDS,
            "allowed_flag": F.lit("N"),
            "row": F.xxhash64(F.lit("opt_out"), "contact"),
        }
    )


def _sent(
    contacted: DataFrame, segments: Sequence[Window], dates: DateDimension, settings: SandboxSettings
) -> DataFrame:
    second = F.floor(32_400 + 32_400 * HashRng(settings.seed).uniform("sent_at", "contact")).cast("bigint")
    return (
        contacted.withColumn("segment_on", cut.name_on(F.col("day"), segments))
        .where("segment_on is not null")
        .withColumn("at", dates.starts(F.col("day")) + second)
    )


def _opts_out(rng: HashRng, reach: Reach) -> Column:
    return F.col("is_delivered") & rng.happens(_rises(reach.opted_out), "opted_out", "contact")


def _rises(probability: float) -> Column:
    """The first contact's probability, once more for every earlier one within the memory, by the user's kind."""
    return F.lit(probability) * F.col("leaves") * (1 + F.col("earlier"))


def _statuses(rng: HashRng, reach: Reach) -> Column:
    """An answered call counts as delivered, so it has both receipts."""
    is_delivered, is_call = F.col("is_delivered"), F.col("channel") == "call"
    eager = F.greatest(F.least(F.col("responsiveness"), F.lit(3.0)), F.lit(0.0))
    missed = F.when(is_call, F.lit("not_reached")).otherwise(F.lit("failed"))
    return F.array(
        F.when(is_delivered, F.lit("delivered")).otherwise(missed),
        F.when(is_delivered & is_call, F.lit("answered")),
        F.when(is_delivered & ~is_call & rng.happens(eager * reach.clicked, "clicked", "contact"), F.lit("clicked")),
        F.when(is_delivered & rng.happens(eager * reach.responded, "responded", "contact"), F.lit("responded")),
        F.when(_opts_out(rng, reach), F.lit("opted_out")),
        F.when(is_delivered & rng.happens(_rises(reach.complained), "complained", "contact"), F.lit("complained")),
    )

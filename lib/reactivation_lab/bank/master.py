"""What the bank's books say of its users: versions of master data, consents, other senders' contacts."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Window
from reactivation_lab.bank import segments as cut
from reactivation_lab.bank.date_dimension import DAY_SECONDS, DateDimension, number
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import SandboxSettings

CONSENTS = ("sms", "push", "call", "profiling")
_OUTSIDE_RATE = 0.012
_WITHDRAWN_SHARE = 0.03
_AFFLUENT, _PRIVATE = 9.6, 11.0


def versions(
    people: DataFrame,
    *,
    segments: Sequence[Window],
    is_opening: bool,
    dates: DateDimension,
    settings: SandboxSettings,
) -> DataFrame:
    """Versions of master data that come up in the segments: at sign-up, at a change, at closure.

    is_opening: the first segment is the bank's first; it brings the newest version of everybody who signed up before
    it, as the warehouse's first load. A change switches push off or on and moves the user to another branch; it shows
    in this and all later versions.
    """
    rng = HashRng(settings.seed)
    happenings = F.array(
        *[
            F.struct(F.lit(place).alias("place"), F.col(column).alias("day"))
            for place, column in enumerate(("signed_up_day", "changed_day", "closed_day"), start=1)
        ]
    )
    rows = (
        people.withColumn("version", F.explode(happenings))
        .select("*", F.col("version.day").alias("day"), F.col("version.place").alias("place"))
        .transform(_in_segments, segments, is_opening)
    )
    if is_opening:
        first = number(segments[0].first)
        earlier = [F.when(F.col(name) < first, F.col(name)) for name in ("changed_day", "closed_day")]
        is_newest = F.col("day") == F.greatest("signed_up_day", *earlier)
        rows = rows.where((F.col("day") >= first) | is_newest)
    is_changed = F.coalesce(F.col("changed_day") <= F.col("day"), F.lit(False))
    is_closed = F.col("closed_day") <= F.col("day")
    other_branch = rng.one_of([f"B{n:02d}" for n in range(1, 17)], "other_branch", "user_id")
    return rows.transform(_with_times, segments, dates, F.lit(3600) * F.col("place")).withColumns(
        {
            "happened_day": F.col("signed_up_day"),
            "closed_on": F.when(is_closed, F.date_from_unix_date("closed_day")),
            "birth_year": F.lit(settings.counted_on.year) - F.col("age"),
            "sex_cd": F.col("gender"),
            "branch": F.when(is_changed, other_branch).otherwise(F.col("branch")),
            "segment": _customer_segment(),
            "has_push": F.col("has_push") != is_changed,
            "row": rng.hashed("users", "user_id", "place"),
        }
    )


def consents(
    people: DataFrame,
    *,
    segments: Sequence[Window],
    is_opening: bool,
    dates: DateDimension,
    settings: SandboxSettings,
) -> DataFrame:
    """One decision per user and channel at sign-up; a few who allowed it take it back at the time their data change."""
    rng = HashRng(settings.seed)
    channels = F.array(*[F.struct(F.lit(n).alias("number"), F.lit(c).alias("channel")) for n, c in enumerate(CONSENTS)])
    refused = F.lit(0.0)
    for channel, share in settings.refusals.items():
        refused = F.when(F.col("channel") == channel, F.lit(share)).otherwise(refused)
    first = F.struct(F.col("signed_up_day").alias("day"), F.lit(False).alias("is_later"))
    later = F.struct(F.col("changed_day").alias("day"), F.lit(True).alias("is_later"))
    allows = rng.uniform("refuses", "user_id", "number") >= refused
    withdraws = rng.happens(_WITHDRAWN_SHARE, "withdraws", "user_id", "number")
    rows = (
        people.withColumn("consent", F.explode(channels))
        .select("*", "consent.number", "consent.channel")
        .withColumn("decision", F.explode(F.array(first, later)))
        .select("*", "decision.day", "decision.is_later")
        .where(~F.col("is_later") | (allows & withdraws))
        .withColumn("allowed_flag", F.when(allows & ~F.col("is_later"), "Y").otherwise("N"))
        .transform(_in_segments, segments, is_opening)
    )
    second = F.floor(36_000 + 36_000 * rng.uniform("consent_at", "user_id", "number")).cast("bigint")
    return rows.transform(_with_times, segments, dates, second).withColumn(
        "row", rng.hashed("consents", "user_id", "number", F.col("is_later").cast("int"))
    )


def outside_contacts(
    days: DataFrame, *, suppressed: DataFrame | None, dates: DateDimension, settings: SandboxSettings
) -> DataFrame:
    """Campaigns of other senders of the bank, at random, with no effect.

    suppressed: whom they are asked to leave alone: user_id, since and until (days; `until` is the first on which they
    may write again). They obey as often as conf's compliance says; None: nobody has asked them.
    """
    rng = HashRng(settings.seed)
    days = days.where(rng.happens(_OUTSIDE_RATE, "outside", "user_id", "day"))
    if suppressed is not None:
        asked = suppressed.select(
            F.col("user_id").alias("asked_id"),
            *[F.datediff(name, F.lit("1970-01-01").cast("date")).alias(name) for name in ("since", "until")],
        )
        is_asked = (F.col("user_id") == F.col("asked_id")) & (F.col("day") >= F.col("since"))
        obeys = rng.happens(settings.outside.compliance, "obeys", "user_id", "day")
        days = days.join(asked, is_asked & (F.col("day") < F.col("until")) & obeys, "left_anti")
    second = F.floor(32_400 + 32_400 * rng.uniform("outside_at", "user_id", "day")).cast("bigint")
    return days.withColumns(
        {
            "at": dates.starts(F.col("day")) + second,
            "channel": rng.pick({"sms": 0.6, "push": 0.3, "call": 0.1}, "outside_channel", "user_id", "day"),
            "row": rng.hashed("outside_contacts", "user_id", "day"),
        }
    )


def _in_segments(rows: DataFrame, segments: Sequence[Window], is_opening: bool) -> DataFrame:
    """Rows whose day lies in one of the segments; in the opening, also what happened before them."""
    day = F.greatest("day", F.lit(number(segments[0].first))) if is_opening else F.col("day")
    return rows.withColumn("segment_on", cut.name_on(day, segments)).where("segment_on is not null")


def _with_times(rows: DataFrame, segments: Sequence[Window], dates: DateDimension, second: Column) -> DataFrame:
    """Add `at`, and `loaded_at` to what happened before the segments: the warehouse's first load brings it on its first
    day.

        `day` becomes the day of arrival.
    """
    first = F.lit(number(segments[0].first))
    happened = F.col("day")
    return rows.withColumns(
        {
            "at": dates.starts(F.greatest(happened, first))
            + F.least(happened - first, F.lit(0)) * DAY_SECONDS
            + second,
            "loaded_at": F.when(happened < first, dates.starts(first)),
            "day": F.greatest(happened, first),
        }
    )


def _customer_segment() -> Column:
    wealth = F.col("wealth")
    return F.when(wealth >= _PRIVATE, "private").when(wealth >= _AFFLUENT, "affluent").otherwise("mass")

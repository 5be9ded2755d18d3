"""How events reach the warehouse: a little later, sometimes after their month's end, sometimes twice, sometimes
broken.

A broken row stands beside the good one, so that what is set aside takes nothing from what users did. Every choice
hangs on the row's own number `row`, so a row is late, doubled or broken in the same way whenever it is simulated.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation_lab.bank.date_dimension import DAY_SECONDS, DateDimension
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import Arrival

FAULTS = ("unknown_user", "null_key", "impossible_date", "uncastable")
MONEY_FAULTS = (*FAULTS, "negative")
UNKNOWN_USERS_FROM = 900_000_000

_FAR_FUTURE_DAYS, _FAR_PAST_DAYS = 26_800, -16_000
_LOAD_SECONDS = 3 * 3600


def delivered(
    events: DataFrame,
    *,
    table: Table,
    happened: str = "event_at",
    money: str | None = None,
    faults: Sequence[str] = FAULTS,
    are_versions: bool = False,
    dates: DateDimension,
    rng: HashRng,
    arrival: Arrival,
) -> DataFrame:
    """Rows of a raw table as the bank gives them.

    events: user_id, at (seconds since the epoch), day, row, and the table's further columns; `loaded_at` where the
    first load brings the row; `happened_day` where the table dates something else than the row's day.
    happened: the table's column that says when it happened, a text; a column *_on is a day, *_at an instant.
    are_versions: a row that comes twice comes at the same time, or it would bring back what was changed in between.
    money: the column that may be negative or uncastable; without it, the user's number takes the uncastable value.
    """
    copies = F.array_compact(
        F.array(
            F.lit("good"),
            F.when(rng.happens(arrival.duplicate_share, "duplicate", "row"), F.lit("repeat")),
            F.when(rng.happens(arrival.bad_share, "bad", "row"), rng.one_of(list(faults), "fault", "row")),
        )
    )
    again = F.col("first_arrival") if are_versions else _again(dates, rng, arrival)
    rows = (
        events.withColumn("copy", F.explode(copies))
        .withColumn("first_arrival", _first_arrival(events, dates, rng, arrival))
        .withColumn("arrived", F.when(_is("repeat"), again).otherwise(F.col("first_arrival")))
    )
    texts = {happened: _time_text(events, happened, rng), "user_id": _user_text(money is None)}
    if money is not None:
        amount = F.col(money).cast("string")
        texts[money] = (
            F.when(_is("uncastable"), "n/a").when(_is("negative"), F.concat(F.lit("-"), amount)).otherwise(amount)
        )
    return table.select(rows.withColumns({**texts, "arrived_at": F.timestamp_seconds("arrived")}))


def _is(copy: str) -> Column:
    return F.col("copy") == copy


def _first_arrival(events: DataFrame, dates: DateDimension, rng: HashRng, arrival: Arrival) -> Column:
    usual = F.col("at") + 60 + F.floor(arrival.usual_lag_hours * 3600 * F.pow(rng.uniform("lag", "row"), 4))
    late_by = F.when(
        rng.happens(arrival.far_late_share, "far_late", "row"), 6 + 34 * rng.uniform("late_by", "row")
    ).otherwise(0.05 + 4.4 * F.pow(rng.uniform("late_by", "row"), 2))
    late = dates.month_ends(F.col("day")) + F.floor(late_by * DAY_SECONDS)
    arrived = F.when(rng.happens(arrival.late_share, "late", "row"), F.greatest(late, usual)).otherwise(usual)
    if "loaded_at" in events.columns:
        load = F.col("loaded_at") + F.floor(_LOAD_SECONDS * rng.uniform("lag", "row"))
        arrived = F.when(F.col("loaded_at").isNotNull(), load).otherwise(arrived)
    return arrived.cast("bigint")


def _again(dates: DateDimension, rng: HashRng, arrival: Arrival) -> Column:
    """The second arrival of a row that is delivered twice: within a day, or in the month after its own."""
    soon = F.col("first_arrival") + 60 + F.floor(20 * 3600 * rng.uniform("repeat_lag", "row"))
    in_next_month = dates.month_ends(F.col("day")) + F.floor(25 * DAY_SECONDS * rng.uniform("repeat_lag", "row"))
    is_next = rng.happens(arrival.next_cycle_share, "repeat_next", "row")
    return F.when(is_next, F.greatest(in_next_month, F.col("first_arrival") + 60)).otherwise(soon)


def _time_text(events: DataFrame, happened: str, rng: HashRng) -> Column:
    """The time as text; an impossible one lies in the far future, before there were computers, or after the arrival."""
    after_arrival = F.ceil((F.col("arrived") - F.col("at")) / DAY_SECONDS) + 3
    which = rng.one_of([1, 2, 3], "impossible", "row")
    shift = F.when(which == 1, F.lit(_FAR_FUTURE_DAYS)).when(which == 2, F.lit(_FAR_PAST_DAYS)).otherwise(after_arrival)
    days = F.when(_is("impossible_date"), shift).otherwise(F.lit(0)).cast("int")
    if happened.endswith("_on"):
        day = F.col("happened_day" if "happened_day" in events.columns else "day")
        return F.date_from_unix_date(day + days).cast("string")
    seconds = F.col("at") + days.cast("bigint") * DAY_SECONDS
    in_utc = F.lit("1970-01-01").cast("timestamp_ntz") + F.make_dt_interval(secs=seconds)
    return F.concat(in_utc.cast("string"), F.lit("Z"))


def _user_text(may_be_uncastable: bool) -> Column:
    number = F.col("user_id").cast("string")
    text = F.when(_is("unknown_user"), (F.lit(UNKNOWN_USERS_FROM) + F.pmod("row", F.lit(1_000_000))).cast("string"))
    if may_be_uncastable:
        text = text.when(_is("uncastable"), F.concat(F.lit("U-"), number))
    return text.when(_is("null_key"), F.lit(None).cast("string")).otherwise(number)

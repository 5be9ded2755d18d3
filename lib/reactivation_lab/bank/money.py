"""What users do with their money: transactions by channel, balances by product."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation_lab.bank import flows
from reactivation_lab.bank import segments as cut
from reactivation_lab.bank.date_dimension import DAY_SECONDS, DateDimension, number
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import SandboxSettings

MID_MONTH = 15


class Product(NamedTuple):
    """share: of a holder's assets; usual_at: logarithm of the assets at which half of the users hold it."""

    share: float
    usual_at: float


PRODUCTS = {"wealth": Product(0.4, 9.4), "fund": Product(0.15, 10.2)}
"""What some hold beside the deposit, which everybody has."""

_INTEREST_MONTHS = (3, 6, 9, 12)
_MOBILE_TYPES = {"transfer": 0.45, "payment": 0.45, "wealth_purchase": 0.1}
_COUNTER_TYPES = {"withdrawal": 0.6, "deposit": 0.4}


def transactions(days: DataFrame, *, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    """All transactions of user-days: mobile ones only on days with a login, others by habits of their own.

    Of own initiative: mobile, card and counter. Not: a monthly fee of every third user, quarterly interest on the 21st,
    a standing order of every fifth user.
    """
    rng = HashRng(settings.seed)
    draw, probability = F.col("mobile_draw"), F.col("p_mobile")
    mobile = (draw < probability).cast("int") + (draw < probability * 0.35).cast("int")
    month_day, day_of_year_month = dates.day_of_month(F.col("day")), F.pmod(F.col("month"), F.lit(12)) + 1
    bill_day = 1 + F.pmod(rng.hashed("bill_day", "user_id"), F.lit(28))
    is_bill_day = month_day == bill_day
    is_interest = (month_day == 21) & day_of_year_month.isin(*_INTEREST_MONTHS)
    kinds = {
        "mobile": F.when(F.col("is_visit"), mobile).otherwise(0),
        "card": rng.count(F.col("card_rate") * F.col("weight"), "card_day", "user_id", "day"),
        "counter": rng.count(F.col("counter_rate"), "counter_day", "user_id", "day"),
        "fee": (is_bill_day & rng.happens(0.33, "pays_fee", "user_id")).cast("int"),
        "standing_order": (is_bill_day & rng.happens(0.2, "has_order", "user_id")).cast("int"),
        "interest": is_interest.cast("int"),
    }
    all_of_them = F.concat(*[F.array_repeat(F.lit(kind), often) for kind, often in kinds.items()])
    made = days.select("segment_on", "user_id", "day", "wealth", F.posexplode(all_of_them).alias("place", "kind"))
    return made.transform(_with_details, rng, dates)


def asset_snapshots(
    stretches: DataFrame, *, segments: Sequence[Window], dates: DateDimension, settings: SandboxSettings
) -> DataFrame:
    """Balances by product at the end of the 15th and of the last day of each month.

    All products of a user rise and fall together, as `flows` says.
    """
    rng = HashRng(settings.seed)
    by_segment = F.create_map(*[item for s in segments for item in (F.lit(cut.name_of(s)), _marks(s))])
    held = {name: rng.happens(_holds(product), f"holds_{name}", "user_id") for name, product in PRODUCTS.items()}
    shares = {name: F.when(has, PRODUCTS[name].share).otherwise(0.0) for name, has in held.items()}
    rest = 1 - sum(shares.values(), F.lit(0.0))
    products = F.array(
        *[F.struct(F.lit(n).alias("name"), s.alias("share")) for n, s in {"deposit": rest, **shares}.items()]
    )
    rows = (
        stretches.withColumn("snapshot", F.explode(by_segment[F.col("segment_on")]))
        .select("*", F.col("snapshot.day").alias("day"), F.col("snapshot.is_end").alias("is_end"))
        .where(F.col("day").between(F.col("first_day"), F.col("last_day")))
        .withColumn("product", F.explode(F.filter(products, lambda product: product["share"] > 0)))
    )
    month = F.col("month")
    moved = flows.moved(F.col("month_first"), F.col("day"), settings)
    inflow = F.when(flows.comes(month, moved, settings), flows.size(month, settings)).otherwise(0.0)
    level = F.when(F.col("is_end"), flows.level(month, inflow, settings)).otherwise(flows.mid_level(month, settings))
    balance = F.exp("wealth") * level * F.col("product.share")
    return rows.withColumns(
        {
            "at": dates.starts(F.col("day")) + DAY_SECONDS,
            "balance": F.least(balance, F.lit(1e12)).cast("decimal(18,2)"),
            "row": rng.hashed("asset_snapshots", "user_id", "day", F.xxhash64("product.name")),
            "product": F.col("product.name"),
        }
    )


def _with_details(made: DataFrame, rng: HashRng, dates: DateDimension) -> DataFrame:
    ids = ("user_id", "day", "place")
    kind = F.col("kind")
    is_own = kind.isin("mobile", "card", "counter")
    own_type = (
        F.when(kind == "mobile", rng.pick(_MOBILE_TYPES, "mobile_type", *ids))
        .when(kind == "card", F.lit("payment"))
        .when(kind == "counter", rng.pick(_COUNTER_TYPES, "counter_type", *ids))
        .otherwise(kind)
    )
    scale = (
        F.when(kind == "fee", F.lit(0.7)).when(kind == "interest", F.col("wealth") - 6).otherwise(F.col("wealth") / 2)
    )
    amount = F.exp(scale + 0.9 * rng.normal("amount", *ids))
    second = F.floor(25_200 + 57_600 * rng.uniform("transaction_at", *ids)).cast("bigint")
    return made.withColumns(
        {
            "at": dates.starts(F.col("day")) + second,
            "txn_type": own_type,
            "channel": F.when(is_own, kind).otherwise("system"),
            "amount": F.least(amount, F.lit(1e9)).cast("decimal(18,2)"),
            "own_flag": F.when(is_own, "Y").otherwise("N"),
            "row": rng.hashed("transactions", *ids),
        }
    )


def snapshot_days(segment: Window) -> list[date]:
    """Days of a segment at whose end balances are recorded: the 15th and the month's last."""
    last = (Month.of(segment.first) + 1).first - timedelta(days=1)
    return [day for day in (date(last.year, last.month, MID_MONTH), last) if segment.first <= day < segment.end]


def _marks(segment: Window) -> Column:
    marks = [
        F.struct(F.lit(number(d)).alias("day"), F.lit(d.day != MID_MONTH).alias("is_end"))
        for d in snapshot_days(segment)
    ]
    return F.array(*marks) if marks else F.array().cast("array<struct<day:int,is_end:boolean>>")


def _holds(product: Product) -> Column:
    """Probability of holding a product, rising with wealth."""
    return 1 / (1 + F.exp(product.usual_at - F.col("wealth")))

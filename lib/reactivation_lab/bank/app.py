"""What users do in the app: logins, functions used in their sessions, benefits claimed and redeemed."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation_lab.bank.date_dimension import DAY_SECONDS, DateDimension
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import SandboxSettings

FUNCTIONS = {
    "BAL_QUERY": 0.3,
    "TRANSFER": 0.14,
    "BILL_PAY": 0.12,
    "PHONE_TOPUP": 0.08,
    "CARD_REPAY": 0.08,
    "WEALTH_VIEW": 0.09,
    "WEALTH_BUY": 0.02,
    "FUND_VIEW": 0.05,
    "LOAN_VIEW": 0.03,
    "COUPON_CENTER": 0.06,
    "SETTINGS": 0.03,
}
BENEFITS = {"coupon_topup_5": 0.5, "coupon_pay_10": 0.3, "points_1000": 0.2}
_CHANNELS = {"app": 0.86, "mini_program": 0.11, "web": 0.03}


def sessions(visits: DataFrame, *, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    """One row per session of a login day: one to three of them, between 6:00 and 23:00."""
    rng = HashRng(settings.seed)
    draw = rng.uniform("sessions", "user_id", "day")
    often = F.lit(1) + (draw < 0.3).cast("int") + (draw < 0.08).cast("int")
    second = F.floor(21_600 + 61_200 * rng.uniform("session_at", "user_id", "day", "session")).cast("bigint")
    length = F.exp(4.5 + 0.8 * rng.normal("session_length", "user_id", "day", "session"))
    return visits.select(
        "segment_on", "user_id", "day", F.explode(F.sequence(F.lit(1), often)).alias("session")
    ).withColumns({"at": dates.starts(F.col("day")) + second, "session_seconds": F.floor(length).cast("bigint")})


def logins(sessions: DataFrame, *, settings: SandboxSettings) -> DataFrame:
    """One row per login; half of a user's logins come by the user's own usual way."""
    rng = HashRng(settings.seed)
    return sessions.withColumns(
        {
            "channel": _with_a_favourite(rng, _CHANNELS, "login_channel", "session"),
            "row": rng.hashed("logins", "user_id", "day", "session"),
        }
    )


def function_uses(sessions: DataFrame, *, settings: SandboxSettings) -> DataFrame:
    """One row per function used; one or two per session, half of them the user's favourite."""
    rng = HashRng(settings.seed)
    many = 1 + rng.happens(0.4, "uses", "user_id", "day", "session").cast("int")
    used = sessions.withColumn("use", F.explode(F.sequence(F.lit(1), many)))
    place = F.col("session") * 10 + F.col("use")
    return used.withColumn("place", place).withColumns(
        {
            "at": F.col("at") + 15 * F.col("use"),
            "func_cd": _with_a_favourite(rng, FUNCTIONS, "function", "place"),
            "row": rng.hashed("function_uses", "user_id", "day", "place"),
        }
    )


def benefit_events(visits: DataFrame, *, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    """Benefits claimed on login days, and the half of them redeemed within three days.

    A login within the horizon of a delivered contact that offers a benefit claims that benefit more often than users
    claim the bank's standing ones.
    """
    rng = HashRng(settings.seed)
    effects = settings.effects

    def is_offered(touch: Column) -> Column:
        return (F.col("day") - touch["day"]).between(1, effects.horizon_days) & (touch["benefit"] != "none")

    newest = F.get(F.reverse(F.filter("touches", is_offered)), F.lit(0))
    offered = visits.withColumn("offer", newest["benefit"])
    probability = F.when(F.col("offer").isNotNull(), F.lit(effects.claim_share)).otherwise(F.col("benefit_share"))
    is_redeemed = rng.happens(0.5, "redeem", "user_id", "day")
    actions = F.when(is_redeemed, F.array(F.lit("claimed"), F.lit("redeemed"))).otherwise(F.array(F.lit("claimed")))
    claimed = offered.where(rng.uniform("claim", "user_id", "day") < probability).withColumn(
        "action", F.explode(actions)
    )
    is_claim = F.col("action") == "claimed"
    claimed_at = dates.starts(F.col("day")) + F.floor(36_000 + 36_000 * rng.uniform("claim_at", "user_id", "day"))
    waited = F.floor(3 * DAY_SECONDS * F.pow(rng.uniform("redeem_at", "user_id", "day"), 2))
    return claimed.withColumns(
        {
            "at": (claimed_at + F.when(is_claim, F.lit(0)).otherwise(waited + 60)).cast("bigint"),
            "benefit_code": F.coalesce("offer", rng.pick(BENEFITS, "benefit_code", "user_id", "day")),
            "value": F.lit(5) + rng.one_of([0, 5, 15], "benefit_value", "user_id", "day"),
            "row": rng.hashed("benefit_events", "user_id", "day", is_claim.cast("int")),
        }
    )


def _with_a_favourite(rng: HashRng, weights: dict[str, float], purpose: str, place: str) -> Column:
    favourite = rng.pick(weights, f"{purpose}|favourite", "user_id")
    other = rng.pick(weights, purpose, "user_id", "day", place)
    return F.when(rng.happens(0.5, f"{purpose}|usual", "user_id", "day", place), favourite).otherwise(other)

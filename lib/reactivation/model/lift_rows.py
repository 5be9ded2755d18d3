"""Rows from which a user's lift is learnt: who was drawn for which side, with which probability. Two data sets.

Month lift: a whole month open to contact against none. Option lift: one contact of one wave against no contact in it.
They answer different questions and are never mixed: the key of the second has a wave.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.frames import by_value
from reactivation.model.examples import TARGETS
from reactivation.periods import Month

LIFTS: Mapping[str, str] = {"active_uplift": "active"}
"""Name of each model of a month lift: the target (`TARGETS`) that it foretells the change of."""
OPTION_LIFT = "option_uplift"
"""Name of the model of an option lift, whichever the option is."""
OPTION = "option"
"""Tag of its versions: the option, as `W1/sms/login_discount`. Versions of two options are no rivals."""
NAMES = (*TARGETS, *LIFTS, OPTION_LIFT)
"""All models of a region and scenario."""
POLICY = "policy"
"""The cell, a factor of the model of a month lift; users are scored as users of `SERVED_CELL`."""
SERVED_CELL = "model"
IS_TREATED, PROPENSITY = "is_treated", "propensity"
_NONE = "none"


class LiftMonths(NamedTuple):
    """train: oldest first. calibrate, judge: the two newest, in this order, neither of which trains."""

    train: tuple[Month, ...]
    calibrate: Month
    judge: Month

    @classmethod
    def of(cls, months: Sequence[Month]) -> "LiftMonths | None":
        """The roles of some months; None where there are fewer than three.

        >>> LiftMonths.of([Month.parse(f"2026-0{n}") for n in (3, 1, 2)])
        LiftMonths(train=(Month('2026-01'),), calibrate=Month('2026-02'), judge=Month('2026-03'))
        """
        ordered = sorted(months)
        return cls(tuple(ordered[:-2]), ordered[-2], ordered[-1]) if len(ordered) > 2 else None


def month_lift(examples: DataFrame, arms: DataFrame, *, propensities: Mapping[str, float]) -> DataFrame:
    """Examples of users whom their own cell picked, open to contact (`is_treated` 1.0) or held out (0.0) at random.

    Grain and key as in `examples`: cycle, user_id. Adds policy, is_treated, propensity. propensities: by month the
    probability of being open to contact that its plan registered, given that the user is not in the long holdout, which
    is another draw and no row here; a month that is not named, for no draw decided or it has not settled, has no rows.
    """
    is_drawn = F.col("is_selected") & F.col("touch").isin("touched", "holdout") & F.col("cycle").isin(*propensities)
    drawn = arms.where(is_drawn).select(
        "cycle",
        "user_id",
        POLICY,
        (F.col("touch") == "touched").cast("double").alias(IS_TREATED),
        by_value(F.col("cycle"), propensities).cast("double").alias(PROPENSITY),
    )
    return examples.join(drawn, ["cycle", "user_id"], "inner")


def option_lift(plans: DataFrame, known: DataFrame, *, option: str) -> DataFrame:
    """Explorers who drew an option (`is_treated` 1.0), and those who drew none from the same options (0.0).

    Grain and key: cycle, wave, user_id. Adds policy, drawn_from, is_treated, and propensity: P(the option | it or
    none), of the recorded probabilities. plans: rows of `wave_plan`, of one version each. known: cycle, wave (where
    plans are of several), user_id, features as of the wave's day, and label, what the user did from that day on.
    option: `channel/benefit`. Draws from other options are other users; where one side of a draw is missing nobody can
    be compared.
    """
    drew = F.concat_ws("/", "channel", "benefit")
    drawn = plans.where(F.col("is_exploration") & (F.col("propensity") > 0)).select(
        *("cycle", "wave", "user_id", POLICY, "drawn_from"),
        F.when(F.col("channel") == _NONE, 0.0).when(drew == option, 1.0).alias("side"),
        F.col("propensity").alias("own"),
    )
    sides = drawn.where("side is not null")
    of_draw = ["cycle", "wave", "drawn_from"]
    recorded = sides.groupBy(*of_draw).agg(
        F.max(F.when(F.col("side") == 1, F.col("own"))).alias("p_option"),
        F.max(F.when(F.col("side") == 0, F.col("own"))).alias("p_none"),
    )
    compared = (
        sides.join(F.broadcast(recorded), of_draw)
        .withColumnsRenamed({"side": IS_TREATED})
        .withColumn(PROPENSITY, F.col("p_option") / (F.col("p_option") + F.col("p_none")))
        .where(F.col(PROPENSITY).isNotNull())
        .drop("own", "p_option", "p_none")
    )
    return known.join(compared, sorted({"cycle", "wave", "user_id"} & set(known.columns)))


def of_one_draw(rows: DataFrame) -> DataFrame:
    """Rows of `option_lift` of one wave whose users drew from the same options, those that most users had.

    Grain and key: cycle, user_id; without wave and drawn_from. So all rows of a month have one propensity, as the
    judgement of a lift takes for granted. Equal numbers: the first by name.
    """
    draws = rows.groupBy("drawn_from").count().orderBy(F.desc("count"), "drawn_from")
    most = draws.limit(1).select("drawn_from")
    return rows.join(F.broadcast(most), "drawn_from", "left_semi").drop("wave", "drawn_from")

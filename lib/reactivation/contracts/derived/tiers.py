"""Contracts of the tiers: the tier of each score band with its evidence, and the tier of each user."""

from reactivation.contracts.derived.shared import CYCLE, REASON_CODE, REASON_VALUES, TIERS, number, per_user, users
from reactivation.contracts.table import Column, Table

TIER_BANDS = Table(
    "tier_bands",
    "one band of calibrated scores, its tier, and the evidence for it",
    ("cycle", "band"),
    (
        CYCLE,
        Column("band", "int", "1 is the highest", required=True),
        number("score_low", "smallest p_active of the band (included)"),
        number("score_high", "largest p_active of the band (not included, but for 1.0)"),
        users("users", "low-activity users in the band"),
        users("n_untouched", "untouched users observed in the band over past months, each month counted"),
        number("effective_untouched", "effective number of these users, given weights and repetition (Kish)", "users"),
        number(
            "conversion_untouched",
            "share of them that became active, pooled over months and shrunk to the score; null while there are none",
        ),
        number("conversion_untouched_low", "lower end of its interval"),
        number("conversion_untouched_high", "upper end of its interval"),
        users("n_touched", "touched users observed in the band over past months, each month counted"),
        users("n_compared", "held-out users they are compared with, each month counted"),
        number(
            "effective_compared", "effective number of held-out users, given weights and repetition (Kish)", "users"
        ),
        number(
            "lift_touched",
            "share active of the touched less that of the held out, shrunk to the line of all bands; null while too few are known",
        ),
        number("lift_touched_low", "lower end of its interval"),
        number("lift_touched_high", "upper end of its interval"),
        number("expected_gain", "expected rise of P(active) by a month of contacts; null while no lifts are known"),
        Column("tier", "string", "tier of the band", required=True, allowed=TIERS),
        Column(
            "basis",
            "string",
            "observed: the evidence decides; kept: the evidence is not sure, the tier stays; assumed: no evidence, conf decides",
            required=True,
            allowed=("observed", "kept", "assumed"),
        ),
        Column("reason", "string", "why, in words", required=True),
        REASON_CODE,
        REASON_VALUES,
    ),
    ("cycle",),
)

TIERS_TABLE = per_user(
    "tiers",
    "the tier of one low-activity user",
    Column("tier", "string", "how the programme treats the user", required=True, allowed=TIERS),
    Column("band", "int", "band of p_active, 1 is the highest", required=True),
)

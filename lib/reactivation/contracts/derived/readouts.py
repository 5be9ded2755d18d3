"""Contracts of a settled month: outcomes of users, and the answers of the experiment."""

from reactivation.contracts.derived.shared import (
    CHECK_VERDICTS,
    CYCLE,
    HALVES,
    REASON_CODE,
    REASON_VALUES,
    STATUS,
    TIERS,
    WAVE,
    flag,
    number,
    per_user,
    users,
)
from reactivation.contracts.table import MONEY, Column, Table

FAMILIES = (
    *("sequence", "guardrail", "exploratory", "follow_up", "next_month"),
    *("descriptive", "beside", "said_once"),
)

OUTCOMES = per_user(
    "outcomes",
    "what one user of `arms` did in the outcome window, reached or not",
    flag("logged_in", "at least one login in the outcome window; null: the region has no logins", False),
    flag(
        "transacted",
        "transacted in the outcome window, as conf defines it; null: the region has no transactions",
        False,
    ),
    flag("is_active", "active in the outcome window, as conf defines it"),
    flag("has_asset_uplift", "asset uplift over the month; null: no balance known", False),
    Column(
        "asset_change",
        MONEY,
        "assets at the month's end less those at its start; null: no balance known",
        unit="currency",
    ),
    Column("contacts_delivered", "bigint", "contacts of ours delivered in the cycle", required=True),
    Column("outside_contacts", "bigint", "contacts of other senders in the outcome window", required=True),
    Column(
        "spend", MONEY, "allotted: expected cost of the contacts planned for the user", unit="currency", required=True
    ),
    Column(
        "active_days",
        "bigint",
        "days of the outcome window with a login or a mobile transaction of own initiative; null: neither is known",
        unit="days",
        minimum=0,
    ),
    Column(
        "active_weeks",
        "bigint",
        "bit w - 1 is set where one of these days lies in the w-th week of seven days since the first wave",
        minimum=0,
    ),
    flag("opted_out", "took a consent back in the outcome window, contacted or not; null: no consents known", False),
    Column(
        "benefits_redeemed",
        MONEY,
        "face value of benefits that the campaign offers, redeemed in the outcome window; null: some are offered and not known of",
        unit="currency",
    ),
    Column("contact_cost", MONEY, "cost of the contacts planned, benefits left out", unit="currency", required=True),
    flag("active_after", "such a day within the follow-up after the month; null until month + 1 has settled", False),
    flag("retained", "active in month + 1, as conf defines it; null until it has settled", False),
    Column(
        "delivered_cost",
        MONEY,
        "cost of the contacts delivered, benefits left out; null: no receipts are known, or 0.1.0 wrote the row",
        unit="currency",
    ),
    flag(
        "refused",
        "took a consent back in the outcome window, contacted or not, or opted out or complained in a receipt; null: "
        "neither consents nor receipts are known",
        False,
    ),
    flag("complained", "complained in a receipt of a contact of ours; null: no receipts are known", False),
    Column(
        "first_login_day",
        "int",
        "day of the month of the first login in the outcome window; null: there was none, or logins are not known",
        minimum=1,
    ),
)

OUTCOME_SOURCES = {
    "logged_in": ("logins",),
    "transacted": ("transactions",),
    "has_asset_uplift": ("asset_snapshots",),
    "asset_change": ("asset_snapshots",),
    "active_days": ("logins", "transactions"),
    "active_after": ("logins", "transactions"),
    "opted_out": ("consents",),
    "refused": ("consents", "contacts"),
    "complained": ("contacts",),
    "delivered_cost": ("contacts",),
    "benefits_redeemed": ("benefit_events",),
}
"""Outcomes that are null for everybody in a region which has none of these sources."""

READOUT = Table(
    "readout",
    "one contrast on one metric in one segment; treatment is the side named first",
    ("cycle", "contrast", "metric", "segment"),
    (
        CYCLE,
        Column("contrast", "string", "what is compared (touch_model, pick_model_vs_random, …)", required=True),
        Column("metric", "string", "login, transaction, asset_uplift, …", required=True),
        Column("segment", "string", "`all`, or one part of the users", required=True),
        users("n_treatment", "users of the side named first"),
        users("n_control", "users of the other side"),
        number("estimate_treatment", "rate or mean of the side named first"),
        number("estimate_control", "rate or mean of the other side"),
        number("difference", "estimate_treatment less estimate_control"),
        number("difference_low", "lower end of its interval"),
        number("difference_high", "upper end of its interval"),
        number("ratio", "estimate_treatment over estimate_control"),
        number("ratio_low", "lower end of its interval"),
        number("ratio_high", "upper end of its interval"),
        number("p_value", "two-sided"),
        Column("method", "string", "estimator and intervals"),
        STATUS,
        Column("verdict", "string", "what a causal contrast says; null for descriptive ones"),
        Column("reason", "string", "why it is not estimable or withheld, or how to read it"),
        Column(
            "family",
            "string",
            "what the verdict shares its false alarms with: sequence (registered order), guardrail, exploratory, "
            "follow_up or next_month (Benjamini-Hochberg in each); descriptive, beside, said_once: no verdict; "
            "null: no order was registered",
            allowed=FAMILIES,
        ),
        number("alpha", "level of verdict and interval: 0.05 is a 95 % interval; null where nothing is estimated"),
        number("p_adjusted", "p-value after Benjamini-Hochberg over the family; null in the registered order"),
        number(
            "outside_treatment", "share with a contact of another sender; of a gain the difference; null if withheld"
        ),
        number("outside_control", "the same of the other side"),
        REASON_CODE,
        REASON_VALUES,
    ),
    ("cycle",),
)

READOUT_LOOKS = Table(
    "readout_looks",
    "one contrast as a registered look at the running month saw it: the columns of `readout`, and no month's answer",
    ("cycle", "look_on", "contrast", "metric", "segment"),
    (
        CYCLE,
        Column("look_on", "date", "day of the look; what happened or arrived later is not in it", required=True),
        *READOUT.columns[1:],
    ),
    ("cycle", "look_on"),
)

READOUT_CHECKS = Table(
    "readout_checks",
    "one check of the month's experiment: what was found, what was to be expected, and what follows",
    ("cycle", "check", "subject"),
    (
        CYCLE,
        Column("check", "string", "what was checked (sample_ratio_assigned, waves, …)", required=True),
        Column("subject", "string", "of what: a split, a wave and channel, an arm", required=True),
        Column("found", "string", "what was found, in words"),
        Column("expected", "string", "what was to be expected, in words"),
        number("p_value", "probability of something as far off by chance; null where chance has no part"),
        Column("verdict", "string", "what follows", required=True, allowed=CHECK_VERDICTS),
        Column("says", "string", "the check in a sentence", required=True),
        REASON_CODE,
        REASON_VALUES,
    ),
    ("cycle",),
)

TARGETING = Table(
    "targeting",
    "how well one ranking finds users who can be moved, judged among the random cell's picks alone",
    ("cycle", "ranking", "metric", "part"),
    (
        CYCLE,
        Column("ranking", "string", "score or rule that orders the users, or `random ranking`", required=True),
        Column("metric", "string", "login, transaction, …", required=True),
        Column(
            "part",
            "string",
            "tenth 1 (highest) to tenth 10: uplift; auuc, qini; value: users gained per user at the budget; better: "
            "the same, more than at random; curve 1 to 10: gained by touching so many tenths",
            required=True,
        ),
        users("n_treatment", "users open to contact whose outcome is known"),
        users("n_control", "users held out whose outcome is known"),
        number("share_touched", "share of the users that is touched, where the part is about a budget"),
        number("estimate", "the figure, in shares of users"),
        number("low", "lower end of its interval"),
        number("high", "upper end of its interval"),
        number("p_value", "two-sided, against none"),
        STATUS,
        Column("reason", "string", "why it is not estimable or withheld"),
        REASON_CODE,
        REASON_VALUES,
    ),
    ("cycle",),
)

RESPONSE = Table(
    "response",
    "what one option did in one wave for one tier, from the exploration draws of all months up to the cycle",
    ("cycle", "tier", "wave", "channel", "benefit"),
    (
        CYCLE,
        Column("tier", "string", "tier of the users", required=True, allowed=TIERS),
        WAVE,
        Column("channel", "string", "channel of the option", required=True),
        Column("benefit", "string", "benefit of the option", required=True),
        Column("months", "bigint", "settled months whose draws it rests on", unit="months", minimum=0),
        users("n_treatment", "users who drew the option"),
        users("n_control", "users who drew none"),
        number("lift", "share active after the option less share active after none, weighted by 1 / propensity"),
        number("lift_low", "lower end of its interval"),
        number("lift_high", "upper end of its interval"),
        number("standard_error", "of the lift, users clustered over months"),
        number("control_error", "of the share active after none: what all options of a wave have in common"),
        STATUS,
        Column("reason", "string", "why it is not estimable"),
        REASON_CODE,
        REASON_VALUES,
        *(
            number(f"{name}_{half}", f"the same among the {half} half of the users, by hash; null: too few there")
            for half in HALVES
            for name in ("lift", "standard_error", "control_error")
        ),
        number(
            "asset_lift",
            "as lift, of the shares with an asset uplift; null: not estimable, or not asked by an older release",
        ),
        number("asset_standard_error", "of asset_lift"),
        number("asset_control_error", "of the share with an asset uplift after none"),
    ),
    ("cycle",),
)

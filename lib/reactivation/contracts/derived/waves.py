"""Contracts of the waves: planned contacts, the waterfall of reasons, and limits."""

from reactivation.contracts.canonical import CONTACT_CHANNELS, USER_ID
from reactivation.contracts.derived.shared import CYCLE, POLICIES, WAVE, flag, number
from reactivation.contracts.table import MONEY, Column, Table

WAVE_PLAN = Table(
    "wave_plan",
    "one user of one wave with channel, benefit and day; also a user for whom exploration drew no contact",
    ("cycle", "wave", "user_id"),
    (
        CYCLE,
        WAVE,
        USER_ID,
        Column("policy", "string", "cell the user is in", required=True, allowed=POLICIES),
        Column(
            "channel",
            "string",
            "channel, or none (drawn by exploration)",
            required=True,
            allowed=(*CONTACT_CHANNELS, "none"),
        ),
        Column("benefit", "string", "benefit offered, or none", required=True),
        Column("cost", MONEY, "expected cost of the contact and its benefit", unit="currency", required=True),
        number("expected_gain", "expected rise of P(active) by this contact; null while no gains are known"),
        Column("send_on", "date", "day the contact is to be sent", required=True),
        flag("is_exploration", "the option was drawn with known probabilities"),
        number("propensity", "probability with which the option was drawn; null outside exploration"),
        Column(
            "drawn_from",
            "string",
            "options the user could have drawn, channel/benefit, spaced; null outside exploration",
        ),
        Column("contact_id", "string", "number in the channel file; null where nothing is sent"),
    ),
    ("cycle", "wave"),
)

WAVE_WATERFALL = Table(
    "wave_waterfall",
    "count of a wave's low-activity users by outcome: planned, or the first reason why not",
    ("cycle", "wave", "reason"),
    (
        CYCLE,
        WAVE,
        Column("reason", "string", "planned, or the first reason why not", required=True),
        Column(
            "users", "bigint", "low-activity users, each counted exactly once per wave", unit="users", required=True
        ),
    ),
    ("cycle", "wave"),
)

SPEND_FORECAST = Table(
    "spend_forecast",
    "what one cell will send and spend in one wave, forecast before the month was registered",
    ("cycle", "wave", "policy"),
    (
        CYCLE,
        WAVE,
        Column("policy", "string", "the cell", required=True, allowed=POLICIES),
        Column("open_users", "bigint", "users of the cell open to contact, picked or not", unit="users", required=True),
        Column("eligible", "bigint", "picked users who qualify and can be reached", unit="users", required=True),
        number("contacts", "contacts expected", "contacts"),
        number("spend", "their expected cost", "currency"),
        number("budget", "the cell's part of the wave's budget", "currency"),
        Column("uses", "string", "contacts expected of the cell's part of each channel, in words", required=True),
    ),
    ("cycle",),
)

WAVE_LIMITS = Table(
    "wave_limits",
    "one limit of one cell in one wave, with capacity and use",
    ("cycle", "wave", "policy", "limit"),
    (
        CYCLE,
        WAVE,
        Column("policy", "string", "cell the limit is for", required=True, allowed=POLICIES),
        Column("limit", "string", "capacity of a channel (`capacity_sms`) or the `budget`", required=True),
        number("capacity", "capacity of this cell: contacts, or money for the budget"),
        number("used", "use by the plan: contacts, or money for the budget"),
        number("shadow_price", "gain of one unit more; null where a simple rule fills the wave"),
        number("gap", "capacity less use"),
    ),
    ("cycle", "wave"),
)

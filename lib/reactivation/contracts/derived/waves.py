"""Contracts of the waves: planned contacts, the waterfall of reasons, limits, and the ledgers of what was sent."""

from reactivation.contracts.canonical import CONTACT_CHANNELS, USER_ID
from reactivation.contracts.derived.shared import ALL_POLICIES, CYCLE, WAVE, flag, number
from reactivation.contracts.table import MONEY, Column, Table

PLAN_VERSION = Column(
    "plan_version", "int", "version of the wave's plan, from 1; null: planned, and sent, by release 0.1.0", minimum=1
)

WAVE_PLAN = Table(
    "wave_plan",
    "one user of one version of a wave's plan with channel, benefit and day; also a user for whom exploration drew no contact",
    ("cycle", "wave", "plan_version", "user_id"),
    (
        CYCLE,
        WAVE,
        USER_ID,
        Column("policy", "string", "cell the user is in", required=True, allowed=ALL_POLICIES),
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
        Column(
            "registered_on",
            "date",
            "day that the experiment registered for the wave; another than send_on where it was missed and planned late; "
            "null in plans that 0.1.0 wrote",
        ),
        PLAN_VERSION,
        Column("guide_to", "string", "group of functions that the message leads to; null: none"),
        number(
            "expected_asset_gain", "expected rise of P(asset uplift) by this contact; null: not known, or not asked"
        ),
    ),
    ("cycle", "wave"),
)

WAVE_WATERFALL = Table(
    "wave_waterfall",
    "count of the low-activity users of one version of a wave's plan by outcome: planned, or the first reason why not",
    ("cycle", "wave", "plan_version", "reason"),
    (
        CYCLE,
        WAVE,
        Column("reason", "string", "planned, or the first reason why not", required=True),
        Column(
            "users", "bigint", "low-activity users, each counted exactly once per wave", unit="users", required=True
        ),
        PLAN_VERSION,
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
        Column("policy", "string", "the cell", required=True, allowed=ALL_POLICIES),
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
    "one limit of one cell in one version of a wave's plan, with capacity and use",
    ("cycle", "wave", "plan_version", "policy", "limit"),
    (
        CYCLE,
        WAVE,
        Column("policy", "string", "cell the limit is for", required=True, allowed=ALL_POLICIES),
        Column(
            "limit",
            "string",
            "capacity of a channel (`capacity_sms`), the `budget`, what the month has left (`month_budget`, "
            "`stock_<benefit>`), or what is asked for at least (`least_sms`, `least_in_<branch>`)",
            required=True,
        ),
        number("capacity", "capacity of this cell: contacts, or money for a budget; of a least, what is asked for"),
        number("used", "use by the plan: contacts, or money for a budget"),
        number(
            "shadow_price",
            "value that one unit more would add, in the region's currency; below 0 where one less of a least would; null "
            "where a simple rule fills the wave",
        ),
        number("gap", "capacity less use; of a least, 0 or less"),
        PLAN_VERSION,
        number(
            "certified_gap",
            "share of the best plan's total value that the cell's plan may at most be short of, proven by its prices; "
            "null where a simple rule fills the wave",
        ),
    ),
    ("cycle", "wave"),
)

WAVE_STATUSES = ("planned", "released", "stopped", "skipped")

WAVE_RELEASES = Table(
    "wave_releases",
    "what happened to one version of a wave's plan: planned, released, stopped; or that the wave was skipped",
    ("event_id",),
    (
        Column("event_id", "string", "cycle-wave-v<version>-status, or cycle-wave-skipped", required=True),
        CYCLE,
        WAVE,
        Column("plan_version", "int", "version of the wave's plan; null for a skipped wave", minimum=1),
        Column("status", "string", "what happened", required=True, allowed=WAVE_STATUSES),
        Column("happened_at", "timestamp", "when it happened", required=True),
        Column("as_of", "date", "day the job ran as of"),
        Column("principal", "string", "account under which the platform ran the job", required=True),
        Column("reason", "string", "why, where somebody had to say so"),
        Column("send_on", "date", "day the contacts are to be sent"),
        Column("release_id", "string", "region-scenario-cycle-wave-v<version>, with which contact ids begin"),
        Column("contacts", "bigint", "contacts planned, released or stopped", unit="contacts", minimum=0),
        Column("cost", MONEY, "expected cost of these contacts and their benefits", unit="currency"),
        Column("worst_cost", MONEY, "their cost if every benefit is redeemed", unit="currency"),
        Column("plan_digest", "string", "SHA-256 of what was decided; equal plans have equal digests"),
        Column("frozen_json", "string", "rows, hash and version of scores, tiers, bands and arms, as JSON"),
        Column(
            "curve_json",
            "string",
            "value of the model's cell by its budget, as JSON: times, budget, value; null where a simple rule fills the wave",
        ),
        Column("left_out_json", "string", "planned contacts that were not released, by reason, as JSON"),
        Column("files_json", "string", "rows, sums and SHA-256 of each file, as JSON"),
        Column("folder", "string", "folder of the files, below that of the exports"),
        Column("settings_hash", "string", "SHA-256 of the merged settings", required=True),
        Column("plan_hash", "string", "SHA-256 of the registered experiment"),
        Column("run_id", "string", "number of the run", required=True),
    ),
    ("event_id",),
)

CONTACT_LEDGER = Table(
    "contact_ledger",
    "one released contact of any region's scenario that shares the ledger",
    ("contact_id",),
    (
        Column("release_id", "string", "region-scenario-cycle-wave-v<version>", required=True),
        Column("region", "string", "region that released it", required=True),
        Column("scenario", "string", "scenario that released it", required=True),
        CYCLE,
        WAVE,
        Column("plan_version", "int", "version of the wave's plan", required=True, minimum=1),
        Column("contact_id", "string", "number in the channel file", required=True),
        USER_ID,
        Column("channel", "string", "channel it goes out by", required=True, allowed=CONTACT_CHANNELS),
        Column("benefit", "string", "benefit offered, or none", required=True),
        Column("cost", MONEY, "expected cost of the contact and its benefit", unit="currency", required=True),
        Column("worst_cost", MONEY, "its cost if the benefit is redeemed", unit="currency", required=True),
        Column("send_on", "date", "day the contact is to be sent", required=True),
        Column(
            "send_from", "date", "first day it may be sent; calls are spread over the days of sending", required=True
        ),
        Column("send_until", "date", "last day it may be sent", required=True),
        Column("send_order", "bigint", "place in the channel's file, by hash", required=True, minimum=1),
        Column("benefit_valid_until", "date", "last day of the benefit; null: none is offered"),
        Column("template_id", "string", "template of the message, or script of the call", required=True),
        Column("template_version", "int", "version of that template", required=True, minimum=1),
        Column("stopped_on", "date", "day it was stopped before it was sent; null: it was not stopped"),
    ),
    ("cycle", "release_id"),
)

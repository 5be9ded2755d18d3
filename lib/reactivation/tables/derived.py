"""Contracts of the derived tables: what the programme makes of the canonical ones, cycle by cycle."""

from reactivation.tables.canonical import CONTACT_CHANNELS, USER_ID
from reactivation.tables.contract import MONEY, Column, Table

CYCLE = Column("cycle", "string", "cycle of the programme, YYYY-MM", required=True)
WAVE = Column("wave", "string", "name of the wave in conf (W1 to W4)", required=True)

POLICIES = ("model", "rule", "random")
CELLS = (*POLICIES, "none")
TIERS = ("natural_converter", "high_potential", "low_potential")
TOUCHES = ("touched", "holdout", "long_holdout")
STATUSES = ("estimated", "not_estimable", "withheld")
CHECK_VERDICTS = ("holds", "warns", "withholds", "not shown to hold", "broken", "not estimable")


def _per_user(name: str, grain: str, *columns: Column, is_open: bool = False) -> Table:
    return Table(name, grain, ("cycle", "user_id"), (CYCLE, USER_ID, *columns), ("cycle",), is_open)


def _flag(name: str, meaning: str, required: bool = True) -> Column:
    return Column(name, "boolean", meaning, required=required)


def _users(name: str, meaning: str) -> Column:
    return Column(name, "bigint", meaning, unit="users", minimum=0)


def _number(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, "double", meaning, unit)


QUARANTINE = Table(
    "quarantine",
    "one rejected row of a source, kept as it came",
    (),
    (
        Column("source", "string", "canonical table the row was meant for", required=True),
        Column("reason", "string", "rule it broke", required=True),
        Column("row_json", "string", "the row under its canonical names, as JSON", required=True),
        Column("cycle", "string", "month it arrived in, or `undated` where that cannot be said", required=True),
        Column("user_id", "bigint", "the user it names, where that can be read"),
        Column("arrived_at", "timestamp", "when it arrived, where that can be read"),
        Column("detail", "string", "what was found, in words"),
    ),
    partition_by=("cycle",),
)

INGEST_COUNTS = Table(
    "ingest_counts",
    "rows of one source that arrived in one month: in = kept + quarantined + duplicates",
    ("cycle", "source"),
    (
        Column("cycle", "string", "month of arrival, or `undated`", required=True),
        Column("source", "string", "canonical table", required=True),
        Column(
            "rows_in", "bigint", "rows that arrived, those admitted from an earlier quarantine included", required=True
        ),
        Column("rows_kept", "bigint", "rows written to the canonical table", required=True),
        Column("rows_quarantined", "bigint", "rows that broke the contract", required=True),
        Column("rows_duplicate", "bigint", "rows that were there already", required=True),
        Column("rows_readmitted", "bigint", "rows in that had waited in quarantine for their user", required=True),
        Column("arrived_before", "date", "00:00 of this day in the region is where the ingest stopped", required=True),
    ),
    partition_by=("cycle",),
)

ACTIVITY = Table(
    "activity",
    "what one user did in one month, as far as it arrived in one month; measures merge without loss",
    ("arrival_cycle", "event_month", "user_id"),
    (
        Column("arrival_cycle", "string", "month the rows arrived in, YYYY-MM", required=True),
        Column("event_month", "string", "month the events happened in, YYYY-MM", required=True),
        USER_ID,
    ),
    partition_by=("arrival_cycle",),
    is_open=True,
)

FEATURES = _per_user(
    "features",
    "what is known of one signed-up user at the observation date of one cycle",
    _flag("is_low_activity", "the user is one of the sleepers that the programme is about"),
    is_open=True,
)

LABELS = _per_user(
    "labels",
    "what one signed-up user did in one settled month",
    _flag("is_active", "active in the month, as conf defines it"),
    _flag(
        "has_asset_uplift",
        "assets grew over the month by more than the stated share and amount; null: no balance known",
        False,
    ),
    Column("transaction_count", "bigint", "transactions of own initiative in the month", required=True),
    Column(
        "asset_change",
        MONEY,
        "assets at the month's end less those at its start; null: no balance known",
        unit="currency",
    ),
)

SCORES = _per_user(
    "scores",
    "what the champions say of one low-activity user at the observation date",
    _number("p_active", "calibrated probability of being active in the cycle"),
    _number("p_asset_uplift", "calibrated probability of an asset uplift in the cycle"),
    _number("raw_active", "raw score behind p_active (margin, log-odds); ranks"),
    _number("raw_asset_uplift", "raw score behind p_asset_uplift (margin, log-odds); ranks"),
    Column("active_version", "string", "registered version that gave p_active"),
    Column("asset_uplift_version", "string", "registered version that gave p_asset_uplift"),
)

SCORE_EVALUATION = Table(
    "score_evaluation",
    "one quality figure of a cycle's scores, computed when the cycle had settled",
    ("cycle", "model", "population", "metric"),
    (
        CYCLE,
        Column("model", "string", "active or asset_uplift", required=True),
        Column(
            "population",
            "string",
            "low_activity, all, or untouched: the low-active left alone, weighted",
            required=True,
        ),
        Column(
            "metric",
            "string",
            "auc, pr_auc, log_loss, brier, base_rate, users, calibration_slope (of the untouched)",
            required=True,
        ),
        _number("value", "the figure; null where it cannot be computed"),
        Column("reason", "string", "why it cannot be computed"),
    ),
    ("cycle",),
)

TIER_BANDS = Table(
    "tier_bands",
    "one band of calibrated scores, and why it is the tier it is",
    ("cycle", "band"),
    (
        CYCLE,
        Column("band", "int", "1 is the highest", required=True),
        _number("score_low", "smallest p_active of the band (included)"),
        _number("score_high", "largest p_active of the band (not included, but for 1.0)"),
        _users("users", "low-activity users in the band"),
        _users("n_untouched", "untouched users observed in the band over past months, each month counted"),
        _number("effective_untouched", "users that they are worth by weights and repetition (Kish)", "users"),
        _number(
            "conversion_untouched",
            "share of them that became active, pooled and drawn towards what scores say; null while there are none",
        ),
        _number("conversion_untouched_low", "lower end of its interval"),
        _number("conversion_untouched_high", "upper end of its interval"),
        _users("n_touched", "touched users observed in the band over past months, each month counted"),
        _users("n_compared", "held-out users they are compared with, each month counted"),
        _number("effective_compared", "users that the held out are worth by weights and repetition (Kish)", "users"),
        _number(
            "lift_touched",
            "share active of the touched less the held out, drawn towards the mean of bands; null while too few are known",
        ),
        _number("lift_touched_low", "lower end of its interval"),
        _number("lift_touched_high", "upper end of its interval"),
        _number("expected_gain", "rise of P(active) to be expected of a month's touch; null while no lifts are known"),
        Column("tier", "string", "tier of the band", required=True, allowed=TIERS),
        Column(
            "basis",
            "string",
            "observed: evidence says so; kept: evidence is not sure, so it stays; assumed: nothing is known, as in conf",
            required=True,
            allowed=("observed", "kept", "assumed"),
        ),
        Column("reason", "string", "why, in words", required=True),
    ),
    ("cycle",),
)

TIERS_TABLE = _per_user(
    "tiers",
    "the tier of one low-activity user",
    Column("tier", "string", "how the programme treats the user", required=True, allowed=TIERS),
    Column("band", "int", "band of p_active, 1 is the highest", required=True),
)

ARMS = _per_user(
    "arms",
    "where chance put one low-activity user, before the first wave",
    Column("policy", "string", "the cell; none: not contactable at the observation date", required=True, allowed=CELLS),
    _flag("picked_by_model", "the policy `model` would pick the user, whatever the cell"),
    _flag("picked_by_rule", "the policy `rule` would pick the user, whatever the cell"),
    _flag("picked_by_random", "the policy `random` would pick the user, whatever the cell"),
    Column(
        "policy_rank",
        "bigint",
        "place in the order of the own cell's policy, 1 is first; null where it ranks nobody like this",
    ),
    _flag("is_selected", "picked by the own cell's policy"),
    Column(
        "touch", "string", "touched: open to contact this cycle, reached or not; null in the cell none", allowed=TOUCHES
    ),
)

EXPERIMENT_PLAN = Table(
    "experiment_plan",
    "the registered plan of one cycle's experiment",
    ("cycle",),
    (
        CYCLE,
        Column(
            "plan_json", "string", "shares, salts, dates, contrasts, metrics and thresholds, as JSON", required=True
        ),
        Column("plan_hash", "string", "SHA-256 of plan_json", required=True),
        Column(
            "power_json", "string", "smallest detectable difference per contrast and metric, as JSON", required=True
        ),
    ),
    ("cycle",),
)

BALANCE = Table(
    "balance",
    "one comparison before the launch: a covariate, or what users did in the month before, on the two sides",
    ("cycle", "kind", "contrast", "covariate"),
    (
        CYCLE,
        Column(
            "kind",
            "string",
            "covariate: a fact of before the draw; pre_period: the contrast itself on the month before (A/A)",
            required=True,
            allowed=("covariate", "pre_period"),
        ),
        Column(
            "contrast",
            "string",
            "arms_<cell>: touched against holdout of a whole cell; else a causal contrast of the read-out",
            required=True,
        ),
        Column("covariate", "string", "column of `features`, or metric of the A/A analysis", required=True),
        _users("n_treatment", "users of the side named first of whom it is known"),
        _users("n_control", "users of the other side of whom it is known"),
        _number("mean_treatment", "mean or share of the side named first"),
        _number("mean_control", "mean or share of the other side"),
        _number(
            "standardised_difference",
            "difference of the means over the standard deviation of a user; null: nothing varies, or an A/A row",
            "standard deviations",
        ),
        _number("p_value", "two-sided, by Welch's test or as in the read-out"),
        _number("p_adjusted", "Holm's, over all rows of the kind"),
        Column("warning", "string", "the bound of conf that was passed; null: none"),
    ),
    ("cycle",),
)

WAVE_PLAN = Table(
    "wave_plan",
    "one user of one wave: who gets what, when, by which channel; or nobody's contact, where exploration drew none",
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
        _number("expected_gain", "expected rise of P(active) by this contact; null while no gains are known"),
        Column("send_on", "date", "day the contact is to be sent", required=True),
        _flag("is_exploration", "the option was drawn with known probabilities"),
        _number("propensity", "probability with which the option was drawn; null outside exploration"),
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
    "low-activity users of one wave by what became of them: planned, or the first reason why not",
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

WAVE_LIMITS = Table(
    "wave_limits",
    "one limit of one cell in one wave, and how far it was used",
    ("cycle", "wave", "policy", "limit"),
    (
        CYCLE,
        WAVE,
        Column("policy", "string", "cell the limit is for", required=True, allowed=POLICIES),
        Column("limit", "string", "capacity of a channel (`capacity_sms`) or the `budget`", required=True),
        _number("capacity", "how much there is for this cell: contacts, or money for the budget"),
        _number("used", "how much the plan uses: contacts, or money for the budget"),
        _number("shadow_price", "gain of one unit more; null where a simple rule fills the wave"),
        _number("gap", "what is left: capacity less used"),
    ),
    ("cycle", "wave"),
)

OUTCOMES = _per_user(
    "outcomes",
    "what one user of `arms` did in the outcome window, reached or not",
    _flag("logged_in", "at least one login in the outcome window; null: the region has no logins", False),
    _flag(
        "transacted",
        "transacted in the outcome window, as conf defines it; null: the region has no transactions",
        False,
    ),
    _flag("is_active", "active in the outcome window, as conf defines it"),
    _flag("has_asset_uplift", "asset uplift over the month; null: no balance known", False),
    Column(
        "asset_change",
        MONEY,
        "assets at the month's end less those at its start; null: no balance known",
        unit="currency",
    ),
    Column("contacts_delivered", "bigint", "contacts of ours delivered in the cycle", required=True),
    Column("outside_contacts", "bigint", "contacts of other senders in the outcome window", required=True),
    Column("spend", MONEY, "expected cost of the contacts planned for the user", unit="currency", required=True),
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
    _flag("opted_out", "took a consent back in the outcome window, contacted or not; null: no consents known", False),
    Column(
        "benefits_redeemed",
        MONEY,
        "face value of benefits that the campaign offers, redeemed in the outcome window; null: none are known of",
        unit="currency",
    ),
    Column("contact_cost", MONEY, "cost of the contacts planned, benefits left out", unit="currency", required=True),
    _flag("active_after", "such a day within the follow-up after the month; null until month + 1 has settled", False),
    _flag("retained", "active in month + 1, as conf defines it; null until it has settled", False),
)

READOUT = Table(
    "readout",
    "one contrast on one metric in one segment; treatment is the side named first",
    ("cycle", "contrast", "metric", "segment"),
    (
        CYCLE,
        Column("contrast", "string", "what is compared (touch_model, pick_model_vs_random, …)", required=True),
        Column("metric", "string", "login, transaction, asset_uplift, …", required=True),
        Column("segment", "string", "`all`, or one part of the users", required=True),
        _users("n_treatment", "users of the side named first"),
        _users("n_control", "users of the other side"),
        _number("estimate_treatment", "rate or mean of the side named first"),
        _number("estimate_control", "rate or mean of the other side"),
        _number("difference", "estimate_treatment less estimate_control"),
        _number("difference_low", "lower end of its interval"),
        _number("difference_high", "upper end of its interval"),
        _number("ratio", "estimate_treatment over estimate_control"),
        _number("ratio_low", "lower end of its interval"),
        _number("ratio_high", "upper end of its interval"),
        _number("p_value", "two-sided"),
        Column("method", "string", "estimator and intervals"),
        Column("status", "string", "whether the numbers may be read", required=True, allowed=STATUSES),
        Column("verdict", "string", "what a causal contrast says; null for descriptive ones"),
        Column("reason", "string", "why it is not estimable or withheld, or how to read it"),
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
        _number("p_value", "probability of something as far off by chance; null where chance has no part"),
        Column("verdict", "string", "what follows", required=True, allowed=CHECK_VERDICTS),
        Column("says", "string", "the check in a sentence", required=True),
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
            "the same, more than by lot; curve 1 to 10: gained by touching so many tenths",
            required=True,
        ),
        _users("n_treatment", "users open to contact whose outcome is known"),
        _users("n_control", "users held out whose outcome is known"),
        _number("share_touched", "share of the users that is touched, where the part is about a budget"),
        _number("estimate", "the figure, in shares of users"),
        _number("low", "lower end of its interval"),
        _number("high", "upper end of its interval"),
        _number("p_value", "two-sided, against none"),
        Column("status", "string", "whether the numbers may be read", required=True, allowed=STATUSES),
        Column("reason", "string", "why it is not estimable or withheld"),
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
        _users("n_treatment", "users who drew the option"),
        _users("n_control", "users who drew none"),
        _number("lift", "share active after the option less share active after none, weighted by 1 / propensity"),
        _number("lift_low", "lower end of its interval"),
        _number("lift_high", "upper end of its interval"),
        _number("standard_error", "of the lift, users clustered over months"),
        _number("control_error", "of the share active after none: what all options of a wave have in common"),
        Column("status", "string", "whether the numbers may be read", required=True, allowed=STATUSES),
        Column("reason", "string", "why it is not estimable"),
    ),
    ("cycle",),
)

MODEL_LEDGER = Table(
    "model_ledger",
    "one event in the life of a registered model version",
    (),
    (
        Column("at", "timestamp", "when it was written", required=True),
        CYCLE,
        Column("model", "string", "registered model", required=True),
        Column("version", "string", "registered version", required=True),
        Column("event", "string", "what happened", required=True, allowed=("ready_for_review", "refused", "approved")),
        Column("actor", "string", "who or what decided", required=True),
        Column("reason", "string", "why", required=True),
        Column("evidence_json", "string", "figures the decision stands on, as JSON", required=True),
    ),
    is_append_only=True,
)

RUN_LOG = Table(
    "run_log",
    "one table written by one run of a job",
    ("run_id", "table"),
    (
        Column("run_id", "string", "number of the run", required=True),
        Column("job", "string", "job that ran", required=True),
        CYCLE,
        Column("wave", "string", "wave it ran for, where it is a wave's job"),
        Column("as_of", "date", "day it ran as of, where one was given"),
        Column("table", "string", "table written, or `-` for the run as a whole", required=True),
        Column("rows", "bigint", "rows written", unit="rows"),
        Column("delta_version", "bigint", "version of the table that the run wrote"),
        Column("settings_hash", "string", "SHA-256 of the merged settings", required=True),
        Column("code_version", "string", "version of the library", required=True),
        Column("seconds", "double", "time it took", unit="seconds", required=True),
        Column("finished_at", "timestamp", "when it was done", required=True),
    ),
    is_append_only=True,
)

ALL = (
    QUARANTINE,
    INGEST_COUNTS,
    ACTIVITY,
    FEATURES,
    LABELS,
    SCORES,
    SCORE_EVALUATION,
    TIER_BANDS,
    TIERS_TABLE,
    ARMS,
    EXPERIMENT_PLAN,
    BALANCE,
    WAVE_PLAN,
    WAVE_WATERFALL,
    WAVE_LIMITS,
    OUTCOMES,
    READOUT,
    READOUT_LOOKS,
    READOUT_CHECKS,
    TARGETING,
    RESPONSE,
    MODEL_LEDGER,
    RUN_LOG,
)
BY_NAME = {table.name: table for table in ALL}

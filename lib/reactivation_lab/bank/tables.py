"""Contracts of what the simulated bank gives (`raw`) and of what only the simulator knows (`truth`).

The bank's tables are not quite the canonical ones: numbers, amounts and times come as text, as they do from an
export, so that they can hold what cannot be cast; some columns have the bank's own names and codes. Conf maps them.
"""

from reactivation.contracts.table import Column, Table

SEGMENT = Column("segment_on", "string", "first day of the simulated stretch of days that wrote the row", required=True)
USER = Column("user_id", "string", "the bank's number of the user, as text")
ARRIVED_AT = Column("arrived_at", "timestamp", "when the row reached the warehouse", required=True)
EVENT_AT = Column("event_at", "string", "when it happened: UTC, as text ending in Z")


def _raw(name: str, grain: str, *columns: Column) -> Table:
    return Table(name, grain, (), (*columns, SEGMENT), partition_by=("segment_on",), place="raw")


def _text(name: str, meaning: str) -> Column:
    return Column(name, "string", meaning)


USERS = _raw(
    "users",
    "one version of a user's master data as it arrived",
    USER,
    _text("signed_up_on", "day of sign-up, as text"),
    Column("closed_on", "date", "day the mobile account was closed"),
    ARRIVED_AT,
    _text("birth_year", "year of birth, as text"),
    _text("sex_cd", "1 male, 2 female, 0 not stated"),
    _text("branch", "code of the branch"),
    _text("segment", "mass, affluent or private"),
    Column("has_phone", "boolean", "a phone number is on file"),
    Column("has_push", "boolean", "push is switched on"),
)

LOGINS = _raw(
    "logins",
    "one login to the app",
    USER,
    EVENT_AT,
    ARRIVED_AT,
    Column("session_seconds", "bigint", "length of the session", unit="seconds"),
    _text("channel", "app, mini_program or web"),
)

FUNCTION_USES = _raw(
    "function_uses", "one use of a function", USER, EVENT_AT, ARRIVED_AT, _text("func_cd", "code of the function")
)

TRANSACTIONS = _raw(
    "transactions",
    "one transaction",
    USER,
    EVENT_AT,
    ARRIVED_AT,
    _text("txn_type", "kind of transaction"),
    _text("channel", "mobile, card, counter or system"),
    _text("amount", "amount moved, as text"),
    _text("own_flag", "Y: the user did it; N: fee, interest or standing order"),
)

ASSET_SNAPSHOTS = _raw(
    "asset_snapshots",
    "balance of a user and product at the end of a day",
    USER,
    _text("snapshot_on", "day, as text"),
    ARRIVED_AT,
    _text("product", "deposit, wealth or fund"),
    _text("balance", "balance, as text"),
)

BENEFIT_EVENTS = _raw(
    "benefit_events",
    "one benefit claimed or redeemed",
    USER,
    EVENT_AT,
    ARRIVED_AT,
    _text("benefit_code", "code of the benefit"),
    _text("action", "claimed or redeemed"),
    _text("value", "face value, as text"),
)

CONTACTS = _raw(
    "contacts",
    "one receipt of one contact",
    _text("contact_id", "number of the contact as in the channel file"),
    USER,
    _text("sent_at", "when it was sent: UTC, as text ending in Z"),
    ARRIVED_AT,
    _text("cycle", "cycle that planned it"),
    _text("wave", "wave that planned it"),
    _text("channel", "sms, push or call"),
    _text("benefit", "benefit offered with it"),
    _text("status", "what became of it"),
)

OUTSIDE_CONTACTS = _raw(
    "outside_contacts",
    "one contact by another sender of the bank",
    USER,
    _text("sent_at", "when it was sent: UTC, as text ending in Z"),
    ARRIVED_AT,
    _text("channel", "sms, push or call"),
)

CONSENTS = _raw(
    "consents",
    "one decision on being contacted, or on profiling",
    USER,
    EVENT_AT,
    ARRIVED_AT,
    _text("channel", "sms, push, call or profiling"),
    _text("allowed_flag", "Y or N"),
)

RAW = (
    USERS,
    LOGINS,
    FUNCTION_USES,
    TRANSACTIONS,
    ASSET_SNAPSHOTS,
    BENEFIT_EVENTS,
    CONTACTS,
    OUTSIDE_CONTACTS,
    CONSENTS,
)
BY_NAME = {table.name: table for table in RAW}

TRUTH_SEGMENTS = Table(
    "truth_segments",
    "one stretch of days that is simulated; written last, so what stands here is complete",
    ("segment_on",),
    (
        SEGMENT,
        Column("end_on", "date", "first day after the stretch", required=True),
    ),
    partition_by=("segment_on",),
    place="truth",
)

METRICS = ("login", "transaction", "asset_uplift")
WORLDS = ("untouched", "planned")
"""Left alone, and under the contacts that there were."""

_CYCLE = Column("cycle", "string", "cycle, YYYY-MM", required=True)
_USER = Column("user_id", "bigint", "number of the user", required=True)
_VALUE = {"untouched": "left alone", "planned": "under the contacts there were"}


def _truth(name: str, grain: str, key: tuple[str, ...], *columns: Column) -> Table:
    return Table(name, grain, key, columns, partition_by=("cycle",), place="truth")


TRUTH_POTENTIALS = _truth(
    "truth_potentials",
    "one user's probabilities and outcomes in a cycle's outcome window, left alone and under the contacts there were",
    ("cycle", "user_id"),
    _CYCLE,
    _USER,
    Column("kind", "string", "trait: which of the four kinds", required=True),
    Column("habit", "double", "trait: logarithm of the login rate per day, without drift", required=True),
    Column("responsiveness", "double", "trait: factor on what a contact does", required=True),
    Column("contacts", "bigint", "contacts delivered in the window", required=True),
    *[
        Column(f"p_{metric}_{world}", "double", f"probability of {metric} {_VALUE[world]}", required=True)
        for metric in METRICS
        for world in WORLDS
    ],
    *[
        Column(
            f"rise_{metric}",
            "double",
            f"what the plan adds to {metric}: right on average, no probability",
            required=True,
        )
        for metric in METRICS
    ],
    *[
        Column(f"{metric}_{world}", "boolean", f"outcome {_VALUE[world]}, by the same draws", required=True)
        for metric in METRICS
        for world in WORLDS
    ],
)

TRUTH_OPTIONS = _truth(
    "truth_options",
    "one user's probabilities and outcomes under one contact alone, on the first wave's day; a sample of the users",
    ("cycle", "user_id", "channel", "benefit"),
    _CYCLE,
    _USER,
    Column("channel", "string", "channel of the contact", required=True),
    Column("benefit", "string", "benefit offered with it", required=True),
    Column("p_delivered", "double", "probability that it arrives", required=True),
    *[Column(f"p_{metric}", "double", f"probability of {metric}, arrived or not", required=True) for metric in METRICS],
    *[Column(metric, "boolean", "outcome, by the draws of the other worlds", required=True) for metric in METRICS],
    *[
        Column(f"p_{metric}_untouched", "double", f"probability of {metric} {_VALUE['untouched']}", required=True)
        for metric in METRICS
    ],
)

TRUTH_EFFECTS = _truth(
    "truth_effects",
    "one true effect in one cycle",
    ("cycle", "contrast", "metric"),
    _CYCLE,
    Column("contrast", "string", "contrast of `readout`, or whose mean it is", required=True),
    Column("metric", "string", "what is measured", required=True),
    Column("value", "double", "rise of the mean probability; null where there is nobody", required=False),
)

TRUTH_ORACLE = _truth(
    "truth_oracle",
    "how well the true probabilities rank one population's outcomes in one cycle: no model can expect more",
    ("cycle", "population", "metric"),
    _CYCLE,
    Column("population", "string", "all, or low_active", required=True),
    Column("metric", "string", "what is foretold", required=True),
    Column("users", "bigint", "users whose account was open", required=True),
    Column("rate", "double", "mean probability, left alone", required=True),
    Column("auc", "double", "expected area under the ROC curve; null where all or none have the event"),
)

TRUTH_ROLLOUTS = _truth(
    "truth_rollouts",
    "one true effect in one cycle, had one policy had all contactable users, with limits as large per head",
    ("cycle", "contrast", "metric"),
    _CYCLE,
    Column("contrast", "string", "as in truth_effects, or value_best: the best plan of one contact", required=True),
    Column("metric", "string", "what is measured", required=True),
    Column("value", "double", "rise of the mean probability; null where there is nobody"),
    Column("users", "bigint", "users it is the mean of; null for differences"),
    Column("spend", "double", "expected spend on them; null for differences", unit="currency"),
)

TRUTH = (TRUTH_SEGMENTS, TRUTH_POTENTIALS, TRUTH_OPTIONS, TRUTH_EFFECTS, TRUTH_ORACLE, TRUTH_ROLLOUTS)

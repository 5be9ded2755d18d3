"""Contracts of scores, their evaluation, and the ledger of model versions."""

from reactivation.contracts.derived.shared import CYCLE, REASON_CODE, REASON_VALUES, number, per_user
from reactivation.contracts.table import Column, Table

_REASONS = "array<struct<feature:string,contribution:double>>"

SCORES = per_user(
    "scores",
    "scores of one low-activity user at the observation date, by the champion models",
    number("p_active", "calibrated probability of being active in the cycle"),
    number("p_asset_uplift", "calibrated probability of an asset uplift in the cycle"),
    number("raw_active", "raw score behind p_active (margin, log-odds); ranks"),
    number("raw_asset_uplift", "raw score behind p_asset_uplift (margin, log-odds); ranks"),
    Column("active_version", "string", "registered version that gave p_active"),
    Column("asset_uplift_version", "string", "registered version that gave p_asset_uplift"),
    Column(
        "reasons_active",
        _REASONS,
        "features that moved raw_active most, strongest first, five at most; contribution: by how much, signed, "
        "log-odds; null: not asked for (model.reasons)",
    ),
    Column("reasons_asset_uplift", _REASONS, "the same of raw_asset_uplift"),
    number(
        "lift_active",
        "what a month open to contact adds to P(active), as learnt of users like this one in the cell `model`; null: not "
        "learnt (model.lift), no version of it is live, or a later month refuted the one that is",
    ),
    Column("active_uplift_version", "string", "registered version that gave lift_active"),
    Column(
        "reasons_active_uplift",
        _REASONS,
        "the same of lift_active: of what its trees say before calibration, shares of users",
    ),
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
        number("value", "the figure; null where it cannot be computed"),
        Column("reason", "string", "why it cannot be computed"),
        REASON_CODE,
        REASON_VALUES,
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
        Column(
            "event",
            "string",
            "what happened; refuted: a live lift, by a later month than the one that judged it",
            required=True,
            allowed=("ready_for_review", "refused", "approved", "refuted"),
        ),
        Column("actor", "string", "who or what decided", required=True),
        Column("reason", "string", "why", required=True),
        Column("evidence_json", "string", "figures the decision stands on, as JSON", required=True),
    ),
    is_append_only=True,
)

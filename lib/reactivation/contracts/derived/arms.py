"""Contracts of the experiment before its first wave: arms, registered plan, balance of the arms."""

from reactivation.contracts.derived.shared import CELLS, CYCLE, TOUCHES, flag, number, per_user, users
from reactivation.contracts.table import Column, Table

ARMS = per_user(
    "arms",
    "the cell, picks and arm of one low-activity user, drawn before the first wave",
    Column(
        "policy",
        "string",
        "the cell; none: not contactable at the observation date, or refuses profiling",
        required=True,
        allowed=CELLS,
    ),
    flag("picked_by_model", "the policy `model` would pick the user, whatever the cell"),
    flag("picked_by_rule", "the policy `rule` would pick the user, whatever the cell"),
    flag("picked_by_random", "the policy `random` would pick the user, whatever the cell"),
    flag("picked_by_challenger", "the challenger would, whatever the cell; null: the month has no such cell", False),
    Column(
        "policy_rank",
        "bigint",
        "rank in the order of the own cell's policy, 1 is first; null where that policy does not rank the user",
    ),
    flag("is_selected", "picked by the own cell's policy"),
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
            "covariate: a fact known before the draw; pre_period: the contrast itself on the month before (A/A)",
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
        users("n_treatment", "users of the side named first with a known value"),
        users("n_control", "users of the other side with a known value"),
        number("mean_treatment", "mean or share of the side named first"),
        number("mean_control", "mean or share of the other side"),
        number(
            "standardised_difference",
            "difference of the means over the standard deviation of a user; null: nothing varies, or an A/A row",
            "standard deviations",
        ),
        number("p_value", "two-sided, by Welch's test or as in the read-out"),
        number("p_adjusted", "Holm's, over all rows of the kind"),
        Column("warning", "string", "the bound of conf that was passed; null: none"),
    ),
    ("cycle",),
)

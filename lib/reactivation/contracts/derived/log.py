"""Contracts of logs that no cycle replaces: of all runs, of explanations given, of rows removed."""

from reactivation.contracts.canonical import USER_ID
from reactivation.contracts.derived.shared import CYCLE
from reactivation.contracts.table import Column, Table

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
        Column("principal", "string", "account under which the platform ran the job; null in rows of 0.1.0"),
    ),
    is_append_only=True,
)

EXPLANATION_LOG = Table(
    "explanation_log",
    "one explanation of one user's month that somebody asked for",
    (),
    (
        Column("at", "timestamp", "when it was asked for, before anything was shown", required=True),
        CYCLE,
        USER_ID,
        Column("audience", "string", "whom it was written for", required=True, allowed=("staff", "customer")),
        Column("principal", "string", "account under which the platform ran the job", required=True),
        Column("reason", "string", "why it was asked for", required=True),
        Column("run_id", "string", "number of the run", required=True),
    ),
    is_append_only=True,
)

ERASURE_LEDGER = Table(
    "erasure_ledger",
    "rows that were removed from one part of one table, or lines from one file; it names nobody",
    (),
    (
        Column("at", "timestamp", "when it was written, before the rows went", required=True),
        Column(
            "kind",
            "string",
            "forgotten: of a person who asked for it; expired: of a month past its retention",
            required=True,
            allowed=("forgotten", "expired"),
        ),
        Column("request", "string", "the bank's own number of the request, which leads to its proof; null: expired"),
        Column("table", "string", "table, or path of a file below the exports", required=True),
        Column("part", "string", "month or other partition the rows lay in; `-`: the table has none", required=True),
        Column("rows", "bigint", "rows or lines removed", unit="rows", required=True, minimum=0),
    ),
    is_append_only=True,
)

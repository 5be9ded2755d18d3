"""Contracts of the ingest's own tables: rejected rows, and row counts per source and month."""

from reactivation.contracts.table import Column, Table

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
        Column(
            "not_yet_arrived",
            "bigint",
            "rows of the source that arrive on that day or later, told with its `undated` rows, 0 elsewhere; "
            "null in counts that 0.1.0 wrote",
        ),
        Column(
            "delivered_on",
            "date",
            "day on which the newest file of the source came, even if empty, as this ingest saw it; of permissions only",
        ),
    ),
    partition_by=("cycle",),
)

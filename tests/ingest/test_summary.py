"""The page's view of the ingest: sums by source, reasons, freshness."""

import pytest

from conftest import Rows
from reactivation.contracts import derived
from reactivation.ingest import summary

pytestmark = pytest.mark.rules

NAMES = [
    "cycle",
    "source",
    "rows_in",
    "rows_kept",
    "rows_quarantined",
    "rows_duplicate",
    "arrived_before",
    "delivered_on",
]


def counts(rows: Rows):  # type: ignore[no-untyped-def]
    return rows(
        derived.INGEST_COUNTS,
        NAMES,
        [
            ("2026-04", "logins", 100, 90, 6, 4, "2026-05-06", None),
            ("2026-05", "logins", 50, 50, 0, 0, "2026-05-06", None),
            ("undated", "logins", 10, 0, 10, 0, "2026-05-06", None),  # counts, and is no month
            ("2026-04", "consents", 0, 0, 0, 0, "2026-05-06", "2026-05-01"),  # an empty file that came on time
        ],
    )


def test_rows_of_a_source_are_summed_over_all_months_and_those_without_one(rows: Rows) -> None:
    found = {row.source: row for row in summary.by_source(counts(rows)).collect()}
    logins, consents = found["logins"], found["consents"]
    assert (logins.rows_in, logins.rows_kept, logins.rows_quarantined, logins.rows_duplicate) == (160, 140, 16, 4)
    assert logins.share_quarantined == pytest.approx(0.1)
    assert (consents.rows_in, consents.share_quarantined) == (0, None)  # of nothing there is no share


def test_a_line_of_months_has_no_place_for_undated_rows(rows: Rows) -> None:
    found = [(row.cycle, row.source, row.rows_kept) for row in summary.by_month(counts(rows)).collect()]
    assert found == [("2026-04", "consents", 0), ("2026-04", "logins", 90), ("2026-05", "logins", 50)]


def test_freshness_is_the_newest_month_with_rows_and_the_newest_file(rows: Rows) -> None:
    found = {row.source: row for row in summary.freshness(counts(rows)).collect()}
    assert (found["logins"].newest_month, str(found["logins"].read_up_to)) == ("2026-05", "2026-05-06")
    assert (found["consents"].newest_month, str(found["consents"].delivered_on)) == (None, "2026-05-01")


def test_reasons_are_counted_with_one_example_each_the_most_first(rows: Rows) -> None:
    names = ["source", "reason", "row_json", "cycle", "detail"]
    rejected = rows(
        derived.QUARANTINE,
        names,
        [
            ("logins", "bad_type", "{}", "2026-05", "event_at: `31.5.2026`"),
            ("logins", "unknown_user", "{}", "2026-05", None),
            ("logins", "unknown_user", "{}", "2026-04", None),
        ],
    )
    found = [(row.reason, row.rows, row.for_example) for row in summary.reasons(rejected).collect()]
    assert found == [("unknown_user", 2, None), ("bad_type", 1, "event_at: `31.5.2026`")]

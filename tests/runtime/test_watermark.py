"""Up to which day a job may go by the rows: the day it is told, or without one what is ingested."""

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conftest import CONF, Rows
from reactivation import cli
from reactivation.contracts import derived, flow
from reactivation.errors import NotReady
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store
from reactivation.runtime.watermark import knows, require_ingested

pytestmark = pytest.mark.edges

SIXTH, SEVENTH = date(2026, 7, 6), date(2026, 7, 7)


def test_a_run_knows_what_is_ingested_but_nothing_past_the_day_it_is_told(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    columns = ["cycle", "source", "arrived_before"]
    taken = rows(
        derived.INGEST_COUNTS, columns, [("2026-06", "logins", date(2026, 7, 1)), ("2026-07", "logins", SIXTH)]
    )
    Store(spark, str(tmp_path)).replace(derived.INGEST_COUNTS, taken, {"cycle": ["2026-06", "2026-07"]})

    def run(*more: str) -> Run:
        argv = ["--cycle", "2026-05", "--conf-dir", str(CONF), "--set", f"paths.root={tmp_path}", *more]
        return cli.open_run(cli.parser("read_out", "").parse_args(argv), step=flow.READ_OUT)

    assert knows(run(), SIXTH)
    assert not knows(run(), SEVENTH)
    assert knows(run("--as-of", "2026-07-06"), SIXTH)
    assert not knows(run("--as-of", "2026-06-06"), SIXTH)
    with pytest.raises(NotReady, match=r"not ingested up to 2026-07-07"):
        knows(run("--as-of", "2026-08-01"), SEVENTH)
    require_ingested(run(), SIXTH)

"""Report on all months up to a cycle, as `report_loop` does, beside the truth of the simulated bank."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.pipelines import report_loop
from reactivation.runtime.run import Run
from reactivation_lab.bank import tables


def run(r: Run) -> None:
    """Writes the files of `report_loop`; adds true effects and the AUC that the true probabilities reach."""
    is_metric = F.col("metric") == r.settings.experiment.primary_metric
    truth = _known(r, tables.TRUTH_EFFECTS, is_metric)
    oracle = _known(r, tables.TRUTH_ORACLE, is_metric & (F.col("population") == "low_active"))
    report_loop.run(r, truth=truth, oracle=oracle)


def _known(r: Run, table: Table, where: Column) -> report_loop.Rows:
    return records(report_loop.until(r, table, where)) if r.has(table) else []

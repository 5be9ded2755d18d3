"""Report on all months up to a cycle: spend, users moved, what one cost, scores."""

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import experiment, report
from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.frames import records
from reactivation.report import Chapter, loop
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text

Rows = list[dict[str, Any]]


def run(r: Run, truth: Rows | None = None, oracle: Rows | None = None) -> None:
    """Writes `reports/loop.html`, `.txt` and `.svg`, and no table.

    truth, oracle: what a simulated bank knows of the same months; a real bank has neither.
    """
    rows = months(r, truth, oracle)
    metric = r.settings.experiment.primary_metric
    told = loop.sentences(rows, metric=metric)
    chapter = Chapter("Month by month", told, rows, "Incremental: effect of touch_<policy> times picked users touched.")
    page = report.render(f"{r.region}, {r.scenario}, up to {r.cycle}: the loop", [chapter])
    pictures = loop.plot(rows, metric=metric)
    for name, text in (("loop.html", page.html), ("loop.txt", page.text), ("loop.svg", pictures)):
        write_text(r.spark, f"{r.reports}/{name}", text)
    r.show(chapter.title, loop.without_tiers(rows))
    r.say("\n".join(f"  {sentence}" for sentence in told))
    r.say(f"\nReport: {r.reports}/loop.html, pictures: loop.svg")


def months(r: Run, truth: Rows | None = None, oracle: Rows | None = None) -> Rows:
    """One row per month up to the run's and policy: see `report.loop.months`."""
    metric, is_active = r.settings.experiment.primary_metric, F.col("model") == "active"
    return loop.months(
        spent=records(loop.spending(until(r, derived.OUTCOMES), until(r, derived.ARMS), as_planned=_as_planned(r))),
        readout=records(until(r, derived.READOUT, (F.col("segment") == "all") & (F.col("metric") == metric))),
        evaluation=records(until(r, derived.SCORE_EVALUATION, is_active & (F.col("population") == "untouched"))),
        bands=records(until(r, derived.TIER_BANDS)),
        truth=truth or [],
        oracle=oracle or [],
    )


def _as_planned(r: Run) -> list[str]:
    """Cycles whose plan counts what was planned as spent; that of 0.1.0 says nothing of it, and did so."""
    plans = [experiment.registration_check.read(row) for row in records(until(r, derived.EXPERIMENT_PLAN))]
    return [plan["cycle"] for plan in plans if plan["thresholds"].get("spend_counted", "planned") == "planned"]


def until(r: Run, table: Table, where: Column | None = None) -> DataFrame:
    """A table's rows of all cycles up to the run's."""
    is_past = F.col("cycle") <= str(r.cycle)
    return r.read(table, is_past if where is None else is_past & where)

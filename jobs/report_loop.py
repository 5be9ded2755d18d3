"""Report on all months up to a cycle: spend, users moved, what one cost, scores; beside them the sandbox's truth."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import cli, monitoring
from reactivation.frames import records
from reactivation.monitoring import Chapter, loop
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text
from reactivation.sandbox import tables as sandbox
from reactivation.tables import derived
from reactivation.tables.contract import Table


def run(r: Run) -> None:
    """Writes `reports/loop.html`, `.txt` and `.svg`, and no table. Outside the sandbox there is no truth to show."""
    metric, is_active = r.settings.experiment.primary_metric, F.col("model") == "active"
    rows = loop.months(
        spent=records(loop.spending(_until(r, derived.OUTCOMES), _until(r, derived.ARMS))),
        readout=records(_until(r, derived.READOUT, (F.col("segment") == "all") & (F.col("metric") == metric))),
        evaluation=records(_until(r, derived.SCORE_EVALUATION, is_active & (F.col("population") == "untouched"))),
        bands=records(_until(r, derived.TIER_BANDS)),
        truth=_truth(r, sandbox.TRUTH_EFFECTS, F.col("metric") == metric),
        oracle=_truth(r, sandbox.TRUTH_ORACLE, (F.col("metric") == metric) & (F.col("population") == "low_active")),
    )
    told = loop.sentences(rows, metric=metric)
    chapter = Chapter("Month by month", told, rows, "Incremental: effect of touch_<policy> times picked users touched.")
    page = monitoring.render(f"{r.region}, {r.scenario}, up to {r.cycle}: the loop", [chapter])
    pictures = loop.plot(rows, metric=metric)
    for name, text in (("loop.html", page.html), ("loop.txt", page.text), ("loop.svg", pictures)):
        write_text(r.spark, f"{r.reports}/{name}", text)
    r.show(chapter.title, [{name: value for name, value in row.items() if name != "tiers"} for row in rows])
    r.say("\n".join(f"  {sentence}" for sentence in told))
    r.say(f"\nReport: {r.reports}/loop.html, pictures: loop.svg")


def _until(r: Run, table: Table, where: Column | None = None) -> DataFrame:
    is_past = F.col("cycle") <= str(r.cycle)
    return r.read(table, is_past if where is None else is_past & where)


def _truth(r: Run, table: Table, where: Column) -> list[dict[str, object]]:
    return records(_until(r, table, where)) if r.has(table) else []


if __name__ == "__main__":
    cli.main(run)

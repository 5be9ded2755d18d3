"""Compare what stands with challengers, orders and whole policies, in the settled months of a cycle; writes nothing."""

from typing import Any

from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.experiment import challenger
from reactivation.experiment.contrasts import CHALLENGED
from reactivation.experiment.registration_check import read, settings_of
from reactivation.frames import records
from reactivation.pipelines import evidence_months
from reactivation.runtime.run import Run


def run(r: Run) -> None:
    """A row per challenger: how many more users it would have moved per 1 000 picked, and whether that is shown."""
    months = evidence_months.cycles(r)
    propensities = evidence_months.touched_probabilities(r, months)
    judged, left_out = list(propensities), ", ".join(month for month in months if month not in propensities)
    why_not = f"left out, because earlier outcomes moved the odds of their draws: {left_out}"
    if not judged:
        advice = why_not if left_out else "run jobs/read_out.py of a month with a draw first"
        raise NotReady("there is nothing to compare orders by", [Finding("no month", f"before {r.cycle}", advice)])
    settings = r.settings.experiment
    tables = evidence_months.tables(r, judged, derived.ARMS, derived.SCORES, derived.TIERS_TABLE)
    (outcomes,) = evidence_months.tables(r, judged, derived.OUTCOMES)
    metric = settings.metrics[settings.primary_metric]
    how: dict[str, Any] = {"outcome": metric.outcome, "propensities": propensities}
    rows = records(challenger.sums(challenger.picks(*tables), outcomes, **how))
    level: dict[str, Any] = {"alpha": settings.alpha, "challengers": len(rows), "power": settings.power}
    found = [challenger.compared(row, **level) for row in sorted(rows, key=lambda row: row["challenger"])]
    title = f"Orders against the one that picks, {judged[0]} to {judged[-1]}, on {settings.primary_metric}"
    r.show(f"{title}: users moved per user picked", found)
    r.say("  judged among the random cell's picks")
    if left_out:
        r.say(f"  {why_not}")
    _of_whole_policies(r, judged)


def _of_whole_policies(r: Run, months: list[str]) -> None:
    """A row per month that had a challenger's cell: its whole policy against the model's, as that month registered."""
    (readout,) = evidence_months.tables(r, months, derived.READOUT)
    rows = records(readout.where(F.col("contrast") == CHALLENGED.name))
    plans = {row["cycle"]: row for row in records(r.read(derived.EXPERIMENT_PLAN, F.col("cycle").isin(*months)))}
    found = []
    for cycle in sorted({row["cycle"] for row in rows}):
        settings = settings_of(read(plans[cycle]), now=r.settings.experiment)
        found.append({"month": cycle} | challenger.of_month([row for row in rows if row["cycle"] == cycle], settings))
    if found:
        r.show("The challenger's whole policy against the model's, in a cell of its own", found)
    else:
        r.say("  no month had a challenger's cell (campaign.arms.cells.challenger), which judges a whole policy")

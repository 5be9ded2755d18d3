"""No job, but for whoever asks: what a month did with one user, and why."""

from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, report
from reactivation.contracts import canonical, derived, flow
from reactivation.contracts.table import Table
from reactivation.errors import Finding, NotReady
from reactivation.frames import records
from reactivation.pipelines import plan_wave, releases
from reactivation.runtime.run import Run


def example(r: Run) -> int:
    """A user of the cycle about whom there is much to tell: with the most contacts planned, of these the first."""
    plan = r.read(derived.WAVE_PLAN, (F.col("cycle") == str(r.cycle)) & (F.col("channel") != "none"))
    found = records(report.one_user.most_planned(plan))
    if not found:
        raise NotReady(f"nobody was planned in {r.cycle}", [Finding("missing", "wave_plan", "run jobs/plan_wave.py")])
    return int(found[0]["user_id"])


def story(r: Run, user_id: int) -> list[dict[str, str]]:
    """The user's month: see `report.one_user`. NotReady where the user has no place in the cycle.

    Why a wave left the user out is asked again as of its day, by the rules that planned it.
    """
    is_user = F.col("user_id") == user_id
    is_it = is_user & (F.col("cycle") == str(r.cycle))
    arms = records(r.read(derived.ARMS, is_it))
    if not arms:
        advice = "is the user signed up, and low-active at the observation date? features.is_low_activity says so"
        raise NotReady(f"user {user_id} is not in the programme of {r.cycle}", [Finding("missing", "arms", advice)])
    plans, receipts = releases.newest(r, derived.WAVE_PLAN, is_it), _rows(r, canonical.CONTACTS, is_it)
    return report.one_user.story(
        cycle=str(r.cycle),
        score=_row(r, derived.SCORES, is_it),
        tier=_row(r, derived.TIERS_TABLE, is_it),
        arm=arms[0],
        waves=_waves(r, is_user),
        planned=records(plans),
        receipts=receipts,
        outcome=_row(r, derived.OUTCOMES, is_it),
    )


def why_not(r: Run, name: str, arms: DataFrame, *, as_of: date) -> DataFrame:
    """user_id and the first reason that rules a user out of a wave as of its day, null for the eligible.

    arms: of the cycle, or of some users of it.
    """
    planning, is_now = r.at(flow.PLAN, wave=name, as_of=as_of), F.col("cycle") == str(r.cycle)
    cells = campaign.arms.cell_sizes(r.read(derived.ARMS, is_now))
    send_on = as_of + timedelta(days=r.settings.campaign.lead_days)
    return plan_wave.eligible(planning, name, arms, as_of=as_of, send_on=send_on, cells=cells).select(
        "user_id", "reason"
    )


def _waves(r: Run, is_user: Column) -> dict[str, tuple[date, str | None]]:
    days = r.settings.campaign.planned_on(r.cycle, r.calendar)
    arms = r.read(derived.ARMS, (F.col("cycle") == str(r.cycle)) & is_user)
    seen = {row["wave"] for row in releases.ledger(r).events if row["cycle"] == str(r.cycle)}
    asked = {wave: why_not(r, wave, arms, as_of=day) for wave, day in days.items() if wave in seen}
    reasons = {wave: records(rows)[0]["reason"] for wave, rows in asked.items()}
    return {wave: (days[wave], reason) for wave, reason in reasons.items()}


def _rows(r: Run, table: Table, where: Column) -> list[dict[str, Any]]:
    return records(r.read(table, where)) if r.has(table) else []


def _row(r: Run, table: Table, where: Column) -> dict[str, Any] | None:
    return next(iter(_rows(r, table, where)), None)

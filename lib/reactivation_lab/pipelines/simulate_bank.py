"""Simulate the bank up to a day, with the contacts that its users have received so far."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.frames import checkpointed, records
from reactivation.periods import Month, Window
from reactivation.runtime.channel_file_reader import read_sent
from reactivation.runtime.console import DETAIL
from reactivation.runtime.run import Run
from reactivation.runtime.suppression_list import read_suppressed
from reactivation_lab import bank
from reactivation_lab.bank import tables

_PEOPLE: dict[tuple[str, str], DataFrame] = {}
"""The users of the bank that a session simulates, by session and settings: drawn once for all of its segments."""


def run(r: Run) -> None:
    """Simulates what ends by `--as-of` (default: the observation date) and is missing; `--force` redoes the cycle's.

    A month settles after the next one has begun: the bank lives those days as well.
    """
    settings = bank.required(r.settings.sandbox, region=r.region)
    as_of = r.as_of or r.cycle.first
    lived = _lived(r)
    done = [s for s in lived if not (r.force and s.first >= r.cycle.first)]
    segments = bank.due(
        r.cycle, boundaries=_boundaries(r, as_of), history_months=settings.history_months, as_of=as_of, done=done
    )
    if not segments:
        r.say(f"    the bank has lived up to {as_of} already", DETAIL)
        return
    names = [bank.name_of(segment) for segment in segments]
    redone = [bank.name_of(s) for s in lived if s not in done and s.first < segments[-1].end]
    parts = sorted({*names, *redone})
    try:
        everybody = people(r, settings)
        contacts = read_sent(r.spark, r.exports, _cycles(segments))
        raw = bank.simulate(
            everybody,
            segments=segments,
            is_opening=not done,
            contacts=contacts,
            calendar=r.calendar,
            settings=settings,
            # Until a month has settled, its bank lives alike whether the next one has begun or not.
            suppressed=read_suppressed(r.spark, r.exports, _cycles(segments), days_to_take_over=r.calendar.settle_days),
        )
        r.write_together((tables.BY_NAME[name], rows, {"segment_on": parts}) for name, rows in raw.items())
        for month in _ended(r, segments):
            _write_truth(r, everybody, contacts, cycle=month)
    except Exception:
        _PEOPLE.clear()  # an executor may have been lost with them: the next run draws them again
        raise
    ends = [{"segment_on": name, "end_on": segment.end} for name, segment in zip(names, segments, strict=True)]
    r.write(tables.TRUTH_SEGMENTS, r.rows(tables.TRUTH_SEGMENTS, ends), segment_on=parts)


def _boundaries(r: Run, as_of: date) -> set[date]:
    """The days of waves, looks and settling from the cycle's first day up to a day."""
    months = r.cycle.through(Month.of(as_of)) or [r.cycle]
    campaign = r.settings.campaign
    days = [of(month, r.calendar) for month in months for of in (campaign.planned_on, campaign.days_of)]
    waves = {day for of_month in days for day in of_month.values()}
    looks = {day for month in months for day in r.settings.experiment.look_days(month)}
    return waves | looks | {r.calendar.settle_on(month) for month in months}


def _ended(r: Run, segments: list[Window]) -> list[Month]:
    """The months with waves that end with a segment: the cycle's own, and others in which users were drawn."""
    ended = [Month.of(s.first) for s in segments if s.end == Month.of(s.first).window.end]
    others = [str(month) for month in ended if month != r.cycle]
    drawn: set[str] = set()
    if others and r.has(derived.ARMS):
        arms = r.read(derived.ARMS, F.col("cycle").isin(others))
        drawn = {row.cycle for row in arms.select("cycle").distinct().collect()}
    return [m for m in ended if r.settings.campaign.waves and (m == r.cycle or str(m) in drawn)]


def people(r: Run, settings: bank.SandboxSettings) -> DataFrame:
    """All users of the bank with their traits, as `bank.people` draws them."""
    key = r.spark.sparkContext.applicationId, settings.model_dump_json()
    if key not in _PEOPLE:
        _PEOPLE.clear()
        _PEOPLE[key] = checkpointed(bank.people(r.spark, settings=settings))
    return _PEOPLE[key]


def _lived(r: Run) -> list[Window]:
    if not r.has(tables.TRUTH_SEGMENTS):
        return []
    found = r.read(tables.TRUTH_SEGMENTS).select("segment_on", "end_on").collect()
    return [Window(date.fromisoformat(row.segment_on), row.end_on) for row in found]


def _cycles(segments: list[Window]) -> list[str]:
    """Cycles whose contacts may still count in the segments: theirs, and the three before."""
    first, last = Month.of(segments[0].first) - 3, Month.of(segments[-1].first)
    return [str(month) for month in first.through(last)]


def _write_truth(r: Run, people: DataFrame, contacts: DataFrame | None, *, cycle: Month) -> None:
    settings, labels, name = bank.required(r.settings.sandbox, region=r.region), r.settings.labels, str(cycle)
    outcome = Window(min(r.settings.campaign.days_of(cycle, r.calendar).values()), cycle.window.end)
    uplift = bank.Uplift.of(labels.asset_uplift.min_share, labels.asset_uplift.min_amount)
    when: dict[str, Any] = {"cycle": cycle, "outcome": outcome, "calendar": r.calendar}
    offers = r.settings.campaign.offers
    potentials = checkpointed(bank.potentials(people, contacts=contacts, uplift=uplift, settings=settings, **when))
    options = bank.options(people, offers, uplift=uplift, settings=settings, **when)
    arms = r.read(derived.ARMS, F.col("cycle") == name) if r.has(derived.ARMS) else None
    means, bins = records(bank.effects.aggregate(potentials, arms)), records(bank.effects.ranked(potentials, arms))
    effects, oracle = bank.effects.effects(means, cycle=name), bank.effects.oracle(bins, cycle=name)
    part = {"cycle": name}
    r.write_together(
        [
            (tables.TRUTH_POTENTIALS, potentials, part),
            (tables.TRUTH_OPTIONS, options, part),
            (tables.TRUTH_EFFECTS, r.rows(tables.TRUTH_EFFECTS, effects), part),
            (tables.TRUTH_ORACLE, r.rows(tables.TRUTH_ORACLE, oracle), part),
        ]
    )

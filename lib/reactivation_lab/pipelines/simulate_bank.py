"""Simulate the bank up to a day, with the contacts that its users have received so far."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import derived
from reactivation.frames import checkpointed, records
from reactivation.periods import Month, Window
from reactivation.runtime.channel_file_reader import read_sent
from reactivation.runtime.run import Run
from reactivation.runtime.suppression_list import read_suppressed
from reactivation_lab import bank
from reactivation_lab.bank import tables

_PEOPLE: dict[tuple[str, str], DataFrame] = {}
"""The users of the bank that a session simulates, by session and settings: drawn once for all of its segments."""


def run(r: Run) -> None:
    """Simulates what ends by `--as-of` (default: the observation date) and is missing; `--force` redoes the cycle's."""
    settings = bank.required(r.settings.sandbox, region=r.region)
    waves = sorted(r.settings.campaign.days_of(r.cycle).values())
    as_of = r.as_of or r.cycle.first
    done = [s for s in _done(r) if not (r.force and s.first >= r.cycle.first)]
    boundaries = sorted({*waves, *r.settings.experiment.look_days(r.cycle)})
    segments = bank.due(r.cycle, boundaries=boundaries, history_months=settings.history_months, as_of=as_of, done=done)
    if not segments:
        r.say(f"    the bank has lived up to {as_of} already")
        return
    try:
        people = _people(r, settings)
        contacts = read_sent(r.spark, r.exports, _cycles(segments))
        names = [bank.name_of(segment) for segment in segments]
        raw = bank.simulate(
            people,
            segments=segments,
            is_opening=not done,
            contacts=contacts,
            calendar=r.calendar,
            settings=settings,
            suppressed=read_suppressed(r.spark, r.exports, _cycles(segments)),
        )
        r.write_together((tables.BY_NAME[name], rows, {"segment_on": names}) for name, rows in raw.items())
        if waves and segments[-1].end == r.cycle.window.end:
            _write_truth(r, people, contacts, outcome=Window(waves[0], r.cycle.window.end))
    except Exception:
        _PEOPLE.clear()  # an executor may have been lost with them: the next run draws them again
        raise
    ends = [{"segment_on": name, "end_on": segment.end} for name, segment in zip(names, segments, strict=True)]
    r.write(tables.TRUTH_SEGMENTS, r.rows(tables.TRUTH_SEGMENTS, ends), segment_on=names)


def _people(r: Run, settings: bank.SandboxSettings) -> DataFrame:
    key = r.spark.sparkContext.applicationId, settings.model_dump_json()
    if key not in _PEOPLE:
        _PEOPLE.clear()
        _PEOPLE[key] = checkpointed(bank.people(r.spark, settings=settings))
    return _PEOPLE[key]


def _done(r: Run) -> list[Window]:
    if not r.has(tables.TRUTH_SEGMENTS):
        return []
    found = r.read(tables.TRUTH_SEGMENTS).select("segment_on", "end_on").collect()
    return [Window(date.fromisoformat(row.segment_on), row.end_on) for row in found]


def _cycles(segments: list[Window]) -> list[str]:
    """Cycles whose contacts may still count in the segments: theirs, and the three before."""
    first, last = Month.of(segments[0].first) - 3, Month.of(segments[-1].first)
    return [str(first + n) for n in range(last.months_since(first) + 1)]


def _write_truth(r: Run, people: DataFrame, contacts: DataFrame | None, *, outcome: Window) -> None:
    settings, labels, cycle, is_now = (
        bank.required(r.settings.sandbox, region=r.region),
        r.settings.labels,
        str(r.cycle),
        F.col("cycle") == str(r.cycle),
    )
    uplift = bank.Uplift.of(labels.asset_uplift.min_share, labels.asset_uplift.min_amount)
    when: dict[str, Any] = {"cycle": r.cycle, "outcome": outcome, "calendar": r.calendar}
    offers = r.settings.campaign.offers
    potentials = checkpointed(bank.potentials(people, contacts=contacts, uplift=uplift, settings=settings, **when))
    options = bank.options(people, offers, uplift=uplift, settings=settings, **when)
    arms = r.read(derived.ARMS, is_now) if r.has(derived.ARMS) else None
    means, bins = records(bank.effects.aggregate(potentials, arms)), records(bank.effects.ranked(potentials, arms))
    effects, oracle = bank.effects.effects(means, cycle=cycle), bank.effects.oracle(bins, cycle=cycle)
    r.write_together(
        [
            (tables.TRUTH_POTENTIALS, potentials, {}),
            (tables.TRUTH_OPTIONS, options, {}),
            (tables.TRUTH_EFFECTS, r.rows(tables.TRUTH_EFFECTS, effects), {}),
            (tables.TRUTH_ORACLE, r.rows(tables.TRUTH_ORACLE, oracle), {}),
        ]
    )

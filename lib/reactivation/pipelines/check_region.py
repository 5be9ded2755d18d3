"""Look at a region before any month is run: what conf says, what its raw rows are like, which models they can train."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame

from reactivation import features, ingest, labels, model, population
from reactivation.contracts import canonical
from reactivation.errors import Finding, SettingsError, SourceError
from reactivation.frames import checkpointed, records
from reactivation.ingest import survey
from reactivation.ingest.received import each
from reactivation.periods import Month
from reactivation.pipelines import conf_check, configured_sources
from reactivation.runtime.raw import RawTables
from reactivation.runtime.standalone import Bench

USERS_LOOKED_AT = 10_000
MOST_MONTHS = 12
FURTHEST = 24
"""Months after the cycle in which the first one with a model is looked for."""

Counts = Mapping[str, Sequence[Mapping[str, Any]]]


def add_arguments(parser: ArgumentParser) -> None:
    """The month that is to be run first."""
    parser.add_argument("--cycle", required=True, metavar="YYYY-MM", help="calendar month that is to be run first")


def run(b: Bench) -> None:
    """Writes nothing. Conf and the raw tables' columns come first; what is wrong with them is told at once.

    Then rows are looked at, of 10 000 users where there are more: how many by source and month, of whom, how full, how
    many bad or equal, how many users are active, what the models can learn. SettingsError, or SourceError where an
    ingest would stop.
    """
    cycle, settings = Month.parse(b.args.cycle), b.settings.sources
    for finding in b.overruled:
        b.say(f"  overruled  {finding.what}: {finding.advice}")
    raw = RawTables(b.spark, settings, folder=b.resolve(settings.path), region=b.region)
    tables = _opened(b, raw, cycle)
    b.say(f"Conf of region {b.region}: {len(b.settings.expressions)} expressions and all raw tables resolve")
    context = ingest.IngestContext(
        ingest.ArrivalRange(None, cycle - 1, cycle.first),
        b.settings.calendar,
        configured_sources.allowed(b.settings.activity),
        settings.plausible(cycle.first),
        settings.channel_words,
    )
    with raw.reading(tables):
        checked = {
            name: survey.checked(tables[name], canonical.BY_NAME[name], context, source.expressions)
            for name, source in settings.present.items()
        }
        share = _share(raw.rows_by_log()["users"], checked["users"])
        rows = each(checked, lambda name: checkpointed(survey.sampled(checked[name], share=share)))
        asked: dict[str, Callable[[], DataFrame]] = {
            "counts": lambda: survey.months(rows, context),
            "strangers": lambda: survey.strangers(rows),
            "rates": lambda: _base_rates(b, cycle, _settled(b, cycle), rows),
        }
        found = each(asked, lambda name: records(asked[name]()))  # planning is what takes long
    counts: Counts = survey.by_source(found["counts"])
    _tell_rows(b, counts, share)
    _tell_models(b, cycle, found["rates"], counts)
    stops = [one for name, of_one in counts.items() for one in survey.stops(of_one, canonical.BY_NAME[name], settings)]
    waiting = [
        Finding("strangers", row["source"], f"{row['users']} users are in no row of `users`")
        for row in found["strangers"]
    ]
    if stops:
        raise SourceError("an ingest of these rows would stop", [*stops, *waiting])
    for one in waiting:
        b.say(f"  {one.what}: {one.advice}; their rows wait in quarantine")
    b.say("Nothing was written")


def _opened(b: Bench, raw: RawTables, cycle: Month) -> dict[str, DataFrame]:
    """The raw tables; SettingsError lists what is wrong with conf and with them."""
    tables: dict[str, DataFrame] = {}
    with ThreadPoolExecutor(1) as pool:  # Spark's planner takes both at once
        opening = pool.submit(raw.open)
        findings = conf_check.findings(b, cycle)
        try:
            tables = opening.result()
        except SourceError as error:
            findings = [*findings, *error.findings]
    if findings:
        what = f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"
        raise SettingsError(f"region {b.region} is not ready for {cycle}: {what}", findings)
    return tables


def _share(rows: int | None, users: DataFrame) -> float:
    """Share of the users that is looked at: of 10 000 of them. rows: of `users`, where Delta's log says so."""
    most = users.select("user_id").distinct().count() if rows is None else rows
    return min(1.0, USERS_LOOKED_AT / max(most, 1))


def _tell_rows(b: Bench, counts: Counts, share: float) -> None:
    """A table per source: its months, and of each column the share of the rows without a value."""
    of_all = "all users" if share >= 1 else f"{share:.1%} of the users, drawn by hash"
    for name, of_one in counts.items():
        table = canonical.BY_NAME[name]
        newest = survey.told(of_one, table, newest=MOST_MONTHS)
        b.show(f"{name}: rows by month of the event, the newest {MOST_MONTHS}; of {of_all}", newest)
        if of_one and (never := survey.never_given(of_one, table)):
            b.say(f"  in no row: {', '.join(never)}")
    own = counts.get("transactions", ())
    if rows := sum(row["rows"] for row in own):
        b.say(
            f"  {sum(row['own'] or 0 for row in own) / rows:.1%} of the transactions are of the user's own initiative"
        )


def _settled(b: Bench, cycle: Month) -> Sequence[Month]:
    """The months that a training of the cycle would read."""
    return model.months(b.settings.calendar.newest_settled(cycle.first), settings=b.settings.model).all


def _tell_models(b: Bench, cycle: Month, of_months: Sequence[Mapping[str, Any]], counts: Counts) -> None:
    """Base rates of settled months in which rows arrived, and which models these can train."""
    arrivals = [row["first_arrival"] for name in canonical.ACTIVITY_SOURCES for row in counts.get(name, ())]
    first = min((month for month in arrivals if month), default=None)
    if first is None:
        b.say("  No row of any kind of activity can be dated: nothing can be trained")
        return
    first_arrivals = Month.parse(first)
    rates = [dict(row) for row in of_months if row["cycle"] >= first]
    b.show("Users with a label, by settled month", rates)
    usable = _training_months(b, cycle, first_arrivals)
    told = model.feasibility(rates, usable, settings=b.settings.model)
    b.show("What can be trained", told)
    if len(usable) < 2:
        later = (cycle + n for n in range(1, FURTHEST) if len(_training_months(b, cycle + n, first_arrivals)) > 1)
        b.say(f"  First cycle with a model, as these rows begin in {first}: {next(later, 'none in two years')}")


def _base_rates(b: Bench, cycle: Month, months: Sequence[Month], rows: Mapping[str, DataFrame]) -> DataFrame:
    settings, calendar = b.settings, b.settings.calendar
    sources = {name: survey.canonical_rows(frame, canonical.BY_NAME[name]) for name, frame in rows.items()}
    asked = labels.sources_asked(features.measures(settings.activity), settings.labels)
    did = features.partials.in_windows(
        {name: table for name, table in sources.items() if name in asked},
        windows={month.window: calendar.settle_on(month) for month in months},
        calendar=calendar,
        settings=settings.activity,
    )
    of_users = labels.build(
        population.spine(sources["users"], cycles=months, calendar=calendar),
        sources=sources,
        months=did,
        cycles=months,
        usable_on=cycle.first,
        calendar=calendar,
        settings=settings.labels,
    )
    return labels.base_rates(of_users)


def _training_months(b: Bench, cycle: Month, first_arrivals: Month) -> tuple[Month, ...]:
    return features.training_months(
        cycle,
        first_arrivals=first_arrivals,
        calendar=b.settings.calendar,
        train_months=b.settings.model.train_months,
        min_history_months=b.settings.features.min_history_months,
    )

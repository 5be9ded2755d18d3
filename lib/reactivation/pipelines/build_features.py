"""Build what users did (activity), what is known of each before the month (features), what each did in it (labels)."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import features, labels, population
from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.frames import records
from reactivation.periods import Month
from reactivation.pipelines import configured_sources
from reactivation.runtime.console import NOTICE
from reactivation.runtime.input_fingerprint import Basis, to_make
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested

DEFINITIONS = {
    "activity": features.partials.DEFINITION_VERSION,
    "features": features.DEFINITION_VERSION,
    "labels": labels.DEFINITION_VERSION,
}
"""Version of the code that decides each table's values: a month made by another one is made again."""


def run(r: Run) -> None:
    """Write what is missing: activity of all arrival months, features and labels of the months training needs.

    What was made of other settings, sources, counts or code than there are now is missing as well. The newest arrival
    month and the cycle's own features are always made again, with --force all of them.
    """
    require_ingested(r, r.cycle.first)
    sources, kinds = configured_sources.sources(r), r.settings.activity
    definition = features.partials.definition(kinds)
    counts = records(r.read(derived.INGEST_COUNTS))
    basis = Basis.of(r.settings, counts, definitions=DEFINITIONS, partials=definition)
    arrivals = basis.arrivals(sources.keys() & features.measures(kinds).keys(), before=r.cycle)
    if not arrivals:
        advice = f"ingest rows that arrived before {r.cycle.first}, or run a later cycle"
        raise NotReady(f"nothing is known before cycle {r.cycle}", [Finding("no rows", str(r.cycle), advice)])
    settled = features.training_months(
        r.cycle,
        first_arrivals=arrivals[0],
        calendar=r.calendar,
        train_months=r.settings.model.train_months,
        min_history_months=r.settings.features.min_history_months,
    )
    for table, build, wanted, always in (
        (derived.ACTIVITY, build_activity, basis.activity(arrivals), arrivals[-1]),
        (derived.FEATURES, build_features, basis.features([*settled, r.cycle]), r.cycle),
        (derived.LABELS, build_labels, basis.labels(settled), None),
    ):
        months = to_make(wanted, {} if r.force else r.made_of(table), always=always)
        if table.name == derived.ACTIVITY.name:
            months = _of_rows_still_there(r, sources, months)
        if months:
            build(r, sources, months)
            r.note_made_of(table, {str(month): wanted[month] for month in months})


def _of_rows_still_there(r: Run, sources: Mapping[str, DataFrame], months: Sequence[Month]) -> list[Month]:
    """Months of arrival whose rows can be aggregated again: of expired ones the partials stay as they were made."""
    if not months or not r.has(derived.ERASURE_LEDGER):
        return list(months)
    ledger = r.read(derived.ERASURE_LEDGER, (F.col("kind") == "expired") & F.col("table").isin(*sources))
    expired = {row["part"] for row in records(ledger.select("part").distinct())}
    gone = [month for month in months if str(month) in expired]
    if gone:
        r.say(f"    activity of {', '.join(map(str, gone))} stays as it was made: its rows have expired", NOTICE)
    return [month for month in months if month not in gone]


def build_activity(r: Run, sources: Mapping[str, DataFrame], arrivals: Sequence[Month]) -> None:
    """Partials of the rows that arrived in some months, in one pass."""
    kinds = r.settings.activity
    partials = features.partials.by_arrival(sources, arrivals=arrivals, calendar=r.calendar, settings=kinds)
    r.write(features.partials.contract(kinds), partials, arrival_cycle=[str(month) for month in arrivals])


def build_features(r: Run, sources: Mapping[str, DataFrame], cycles: Sequence[Month]) -> None:
    """Features of all users signed up at the observation dates of some cycles, in one pass."""
    kinds, settings = r.settings.activity, r.settings.features
    catalogue = features.catalogue(sources, settings, kinds=kinds)
    table = features.build(
        population.spine(sources["users"], cycles=cycles, calendar=r.calendar),
        features.partials.merge_months(
            r.read(derived.ACTIVITY), cycles=cycles, settings=kinds, months=settings.longest
        ),
        measures=features.measures(kinds),
        features=catalogue,
        calendar=r.calendar,
        settings=settings,
    )
    contract = features.contract(catalogue)
    marked = population.mark_low_activity(table, r.settings.population)
    r.write(contract, contract.select(marked), cycle=[str(cycle) for cycle in cycles])


def build_labels(r: Run, sources: Mapping[str, DataFrame], months: Sequence[Month]) -> None:
    """Labels of settled months, for the users that have features of the month, in one pass."""
    kinds, settings = r.settings.activity, r.settings.labels
    asked = labels.sources_asked(features.measures(kinds), settings)
    did = features.partials.in_windows(
        {name: table for name, table in sources.items() if name in asked},
        windows={month.window: r.calendar.settle_on(month) for month in months},
        calendar=r.calendar,
        settings=kinds,
    )
    cycles = [str(month) for month in months]
    table = labels.build(
        r.read(derived.FEATURES, F.col("cycle").isin(cycles)),
        sources=sources,
        months=did,
        cycles=months,
        usable_on=r.cycle.first,
        calendar=r.calendar,
        settings=settings,
    )
    r.write(derived.LABELS, table, cycle=cycles)

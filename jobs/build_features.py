"""Build what users did (activity), what is known of each before the month (features), what each did in it (labels)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pyspark.sql import DataFrame

from reactivation import activity, cli, features, labels, population
from reactivation.errors import Finding, NotReady
from reactivation.frames import together
from reactivation.periods import Month
from reactivation.runtime.run import Run
from reactivation.tables import canonical, derived
from reactivation.tables.contract import Table


def run(r: Run) -> None:
    """Write what is missing: activity of all arrival months, features and labels of the months training needs."""
    sources = r.read_present(canonical.ALL)
    events = [table for name, table in sources.items() if name in activity.measures(r.settings.activity)]
    arrivals = sorted(month for month in months_in("arrival_cycle", events) if month < r.cycle)
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
    build_activity(r, sources, to_do(r, derived.ACTIVITY, arrivals, always=arrivals[-1]))
    build_features(r, sources, to_do(r, derived.FEATURES, [*settled, r.cycle], always=r.cycle))
    build_labels(r, sources, to_do(r, derived.LABELS, settled))


def build_activity(r: Run, sources: Mapping[str, DataFrame], arrivals: Sequence[Month]) -> None:
    """Partials of the rows that arrived in some months, in one pass."""
    kinds = r.settings.activity
    partials = activity.partials(sources, arrivals=arrivals, calendar=r.calendar, settings=kinds)
    r.write(activity.contract(kinds), partials, arrival_cycle=[str(month) for month in arrivals])


def build_features(r: Run, sources: Mapping[str, DataFrame], cycles: Sequence[Month]) -> None:
    """Features of all users signed up at the observation dates of some cycles, in one pass."""
    kinds, settings = r.settings.activity, r.settings.features
    catalogue = features.catalogue(sources, settings, kinds=kinds)
    table = features.build(
        population.spine(sources["users"], cycles=cycles, calendar=r.calendar),
        activity.merge_months(r.read(derived.ACTIVITY), cycles=cycles, settings=kinds, months=settings.longest),
        measures=activity.measures(kinds),
        features=catalogue,
        calendar=r.calendar,
        settings=settings,
    )
    contract = features.contract(catalogue)
    marked = population.mark_low_activity(table, r.settings.population)
    r.write(contract, contract.select(marked), cycle=[str(cycle) for cycle in cycles])


def build_labels(r: Run, sources: Mapping[str, DataFrame], months: Sequence[Month]) -> None:
    """Labels of settled months, for the users that have features of the month."""
    if not months:
        return
    spines = r.read(derived.FEATURES)
    each = [
        labels.build(
            spines.where(spines.cycle == str(month)),
            sources=sources,
            straight=activity.straight(
                sources,
                window=month.window,
                known_before=r.calendar.settle_on(month),
                calendar=r.calendar,
                settings=r.settings.activity,
            ),
            month=month,
            usable_on=r.cycle.first,
            calendar=r.calendar,
            settings=r.settings.labels,
        )
        for month in months
    ]
    r.write(derived.LABELS, together(each), cycle=[str(month) for month in months])


def to_do(r: Run, table: Table, months: Sequence[Month], *, always: Month | None = None) -> list[Month]:
    """Those of the months that the table does not hold yet; with --force all of them."""
    done = months_in(table.partition_by[0], [r.read(table)]) if r.has(table) and not r.force else set()
    return [month for month in months if month not in done or month == always]


def months_in(column: str, tables: Iterable[DataFrame]) -> set[Month]:
    """The months that a partition column of some tables has; few, however many rows there are."""
    found = reduce(DataFrame.union, [table.select(column) for table in tables]).distinct()
    return {Month.parse(row[0]) for row in found.collect()}


if __name__ == "__main__":
    cli.main(run)

"""No job, but what `check_region` asks of conf alone: does every expression resolve, and can this cycle be planned?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from reactivation import campaign, features, population
from reactivation.contracts import canonical, derived, expression
from reactivation.contracts.measure import with_day_counts
from reactivation.contracts.table import Column
from reactivation.errors import Finding, ReactivationError
from reactivation.expressions import Over, Said
from reactivation.frames import of_records
from reactivation.periods import Month
from reactivation.pipelines import permissions
from reactivation.runtime.standalone import Bench


def findings(b: Bench, cycle: Month) -> list[Finding]:
    """All that conf alone lets one know before a month is run; no row is read."""
    settings = b.settings
    known = {(finding.what) for finding in b.absent}
    asked = [one for one in settings.expressions if one.key not in known]
    found = [*b.absent, *_unresolved(b, asked)]
    if not settings.campaign.waves:
        return found
    kinds = [*permissions.channels_of(settings.campaign), population.PROFILING]
    return [
        *found,
        *permissions.unanswered(settings.population, kinds, env=str(b.args.env)),
        *_of(lambda: settings.campaign.arms.check_long_holdout(cycle)),
        *_of(lambda: campaign.wave_days.require_open(settings.campaign, cycle=cycle, calendar=settings.calendar)),
    ]


def _of(check: Callable[[], None]) -> tuple[Finding, ...]:
    """What a check complains of."""
    try:
        check()
    except ReactivationError as error:
        return error.findings
    return ()


def _unresolved(b: Bench, asked: Iterable[Said]) -> Iterator[Finding]:
    tables, known = _tables(b), list(asked)
    for over in dict.fromkeys(one.over for one in known if one.over in tables):  # `outcomes`: conf's own settings do
        some = [one for one in known if one.over is over]
        why = expression.problems(tables[over], [(one.text, one.is_number) for one in some])
        for one, text in zip(some, why, strict=True):
            if text is not None:
                yield Finding("not resolved", one.key, f"`{one.text}`: {text}")


def _tables(b: Bench) -> dict[Over, DataFrame]:
    """An empty table of each kind, with the columns that this region will have."""

    def empty(columns: Iterable[Column]) -> DataFrame:
        loose = StructType([column.field for column in {column.name: column for column in columns}.values()])
        return of_records(b.spark, [], loose)

    settings, kinds, here = b.settings, b.settings.activity, b.settings.sources.present
    catalogue = features.catalogue(here, settings.features, kinds=kinds)
    known = features.contract(catalogue).columns
    measures = [m.column for name, group in features.measures(kinds).items() if name in here for m in group]
    flows = [m.column for name, group in features.flows(kinds).items() if name in here for m in group]
    day, calendar = date(2000, 1, 1), settings.calendar
    users = empty(canonical.USERS.columns)
    facts = campaign.facts.gather(
        empty(derived.ARMS.columns),
        cells={},
        tiers=empty(derived.TIERS_TABLE.columns),
        scores=empty(derived.SCORES.columns),
        features=empty(known),
        to_date=campaign.facts.month_to_date(empty([canonical.USER_ID, *flows]), [column.name for column in flows]),
        reach=population.contactable(
            population.signed_up(users, day=day, calendar=calendar),
            population.Permissions(day),
            day=day,
            calendar=calendar,
            settings=settings.population,
            keep=campaign.facts.MASTER_DATA,
        ),
        recent=population.recently_contacted(None, None, day=day, calendar=calendar, settings=settings.population),
    )
    flat = of_records(b.spark, [], facts.schema)  # each expression is held against it: a short plan
    return {
        Over.MONTH: with_day_counts(empty(measures)),
        Over.FEATURES: empty(known),
        Over.FACTS_AND_MODEL: flat,
        Over.FACTS: campaign.facts.without_model(flat),
        Over.COVARIATES: empty([*known, *derived.SCORES.columns]),
    }

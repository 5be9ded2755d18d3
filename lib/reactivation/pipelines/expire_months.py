"""Remove months past their retention, by conf. First a dry run, then --apply."""

from argparse import ArgumentParser
from collections.abc import Iterator

from reactivation import campaign
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.errors import Finding, SettingsError
from reactivation.frames import counted_by, records
from reactivation.ingest.arrival_range import UNDATED
from reactivation.periods import Month
from reactivation.runtime import erasure
from reactivation.runtime.run import Run

TABLES = {table.name: table for table in (*canonical.ALL, *derived.ALL)}


def add_arguments(parser: ArgumentParser) -> None:
    """Whether to look or to do."""
    parser.add_argument("--apply", action="store_true", help="remove; without it the job only says what it found")


def run(r: Run) -> None:
    """Of each table that `retention` names, the months more than so many before the cycle; the ledger keeps counts.

    Of a contact ledger that scenarios share only the own contacts go. SettingsError where the cycle lies ahead of the
    ingest, or a table would expire that features, labels or training still need. The files of what is removed go with
    the next `vacuum_tables` after a week.
    """
    _require_near(r)
    _require_enough(r)
    due = [(table, removed, scope) for table, removed, scope in _due(r) if removed]
    r.show(
        f"Months past their retention, as of {r.cycle}", [each._asdict() for _, removed, _ in due for each in removed]
    )
    if not r.args.apply:
        r.say("This was a dry run: nothing was changed. Run it again with --apply")
        return
    for table, removed, scope in due:
        before = str(r.cycle - r.settings.retention.months[table.name])
        store = r.store if scope is None else r.contact_store
        erasure.expire(store, table, removed, before=before, ledger=r.store, scope=scope)
        r.say(f"    {table.name}: {sum(each.rows for each in removed)} rows from before {before} are gone")


def _due(r: Run) -> Iterator[tuple[Table, list[erasure.Removed], erasure.Scope | None]]:
    """Tables with the parts that are past their retention; of the ledger that scenarios share, the own rows alone."""
    for name, months in r.settings.retention.months.items():
        table = TABLES[name]
        if r.has(table):
            scope = (r.region, r.scenario) if table.name == derived.CONTACT_LEDGER.name else None
            rows = r.rows_by(table, table.partition_by[0]) if scope is None else _rows_in(r, table, scope)
            last = str(r.cycle - months)
            yield table, [erasure.Removed(name, month, rows[month]) for month in sorted(rows) if month < last], scope


def _rows_in(r: Run, table: Table, scope: erasure.Scope) -> dict[str, int]:
    """Rows of a region and scenario by month, of a table that scenarios share."""
    own = r.read(table, erasure.is_in(scope))
    return {row["cycle"]: row["rows"] for row in records(counted_by(own.select("cycle")))}


def _require_near(r: Run) -> None:
    """A cycle typed wrongly would take whole years: none is later than the month after the newest that was ingested."""
    months = set(r.rows_by(derived.INGEST_COUNTS, "cycle")) - {UNDATED} if r.has(derived.INGEST_COUNTS) else set()
    if not months or r.cycle > Month.parse(max(months)) + 1:
        advice = f"the newest ingested month is {max(months, default='none')}; the cycle may be the month after it"
        raise SettingsError("nothing was removed", [Finding("too late", f"--cycle {r.cycle}", advice)])


def _require_enough(r: Run) -> None:
    """Training and evidence read months up to the newest that may teach; labels their events; features look back."""
    settings, campaigns = r.settings, r.settings.campaign
    newest = campaign.usable_months.newest_known(r.cycle, calendar=r.calendar, settings=campaigns.learning)
    read = max(settings.model.train_months, campaigns.tiers.evidence_months)
    learnt = r.cycle.months_since(newest) + read + 1
    assets = learnt + settings.labels.asset_uplift.max_age_months
    least = {
        **dict.fromkeys(("logins", "function_uses", "transactions", "benefit_events", "outside_contacts"), learnt),
        **dict.fromkeys(("features", "labels", "scores", "tiers", "arms", "wave_plan", "outcomes"), learnt),
        "asset_snapshots": assets,
        "activity": learnt + settings.features.longest,
        "contact_ledger": learnt,
    }
    short = [
        Finding("too short", f"retention.months.{name}", f"{months} months, at least {least[name]} are needed")
        for name, months in settings.retention.months.items()
        if months < least.get(name, 1)
    ]
    if short:
        raise SettingsError("jobs of this cycle need more months than retention keeps", short)

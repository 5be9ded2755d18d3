"""Move the tables of an older release to this release's contracts: first a dry run, then with --apply."""

from argparse import ArgumentParser

from reactivation.contracts import canonical, derived
from reactivation.contracts.table import CONTRACT_VERSION
from reactivation.errors import ContractError
from reactivation.runtime import migration
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import Store


def add_arguments(parser: ArgumentParser) -> None:
    """Whether to look or to do."""
    parser.add_argument(
        "--apply", action="store_true", help="change the tables; without it the job only says what it would do"
    )


def run(b: Bench) -> None:
    """All tables of the warehouse that are there; a bank's raw tables are not ours to touch.

    ContractError, before anything is changed, where a table cannot be moved. Run it where no other job runs.
    """
    store = Store(b.spark, b.root, writer="migrate_tables")
    found = [migration.needed(store, table) for table in (*canonical.ALL, *derived.ALL) if store.has(table)]
    problems = [problem for each in found for problem in each.problems]
    if problems:
        raise ContractError(f"the tables under {b.root} cannot be moved; nothing was changed", problems)
    due = [each for each in found if not each.is_done]
    shown = [{"table": each.table.name, "contract_version": each.version, "change": each.text} for each in due]
    b.show(
        f"{len(due)} of {len(found)} tables under {b.root} are older than contract version {CONTRACT_VERSION}", shown
    )
    if not b.args.apply:
        b.say("This was a dry run: nothing was changed. Run it again with --apply where no other job runs")
        return
    for each in due:
        migration.move(store, each)
        b.say(f"  {each.table.name}: {each.text}")

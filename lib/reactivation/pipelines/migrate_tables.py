"""Move the tables of an older release to this release's contracts: first a dry run, then with --apply."""

from argparse import ArgumentParser

from reactivation.contracts import canonical, derived
from reactivation.contracts.table import CONTRACT_VERSION
from reactivation.errors import ContractError
from reactivation.runtime import file_sets, migration
from reactivation.runtime.hadoop_files import listed
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
    sets = _sent_by_0_1_0(b) if derived.WAVE_PLAN in [each.table for each in due] else []
    for folder in sets:
        b.say(f"  {folder}: sent before releases were marked; gets _SUCCESS, without which nobody reads it")
    if not b.args.apply:
        b.say("This was a dry run: nothing was changed. Run it again with --apply where no other job runs")
        return
    for folder in sets:
        file_sets.complete(b.spark, folder)
    for each in due:
        migration.move(store, each)
        b.say(f"  {each.table.name}: {each.text}")


def _sent_by_0_1_0(b: Bench) -> list[str]:
    """Folders of waves whose channel files 0.1.0 wrote when it planned, which was their release."""
    try:
        files = listed(b.spark, b.exports)
    except FileNotFoundError:
        return []
    names = [f"{channel}.csv" for channel in canonical.CONTACT_CHANNELS]
    folders = {
        file.path.rsplit("/", 1)[0] for file in files if file.name in names and len(file.inside) == 2
    }  # cycle, wave
    return sorted(folder for folder in folders if not file_sets.is_complete(b.spark, folder))

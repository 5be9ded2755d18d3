"""Remove the files of old Delta versions, a simulated bank's raw tables among them."""

from collections.abc import Sequence

from reactivation.contracts.table import Table
from reactivation.pipelines import vacuum_tables
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import Store
from reactivation_lab.bank import tables


def run(b: Bench) -> None:
    """A real bank's raw tables stay as they are, whichever region was asked for."""
    store = vacuum_tables.store_of(b)
    done = vacuum_tables.tidy(store, keep_hours=b.args.keep_hours, force=b.args.force, more=bank_tables(store))
    vacuum_tables.report(b, done)


def bank_tables(store: Store) -> Sequence[Table]:
    """The simulated bank's own tables; none where no truth lies beside the raw tables, for then the bank is real."""
    return (*tables.RAW, *tables.TRUTH) if store.has(tables.TRUTH_SEGMENTS) else ()

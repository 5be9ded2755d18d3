"""Remove the files of old Delta versions, and say how much room that made."""

from argparse import ArgumentParser

from reactivation import cli
from reactivation.runtime.bench import Bench
from reactivation.runtime.store import Store
from reactivation.runtime.vacuum import SAFE_HOURS, Vacuumed, vacuum
from reactivation.sandbox import tables as simulated
from reactivation.tables import canonical, derived


def add_arguments(parser: ArgumentParser) -> None:
    """How much of the past stays."""
    parser.add_argument("--keep-hours", type=float, default=SAFE_HOURS, help="age up to which old versions stay (168)")
    parser.add_argument("--force", action="store_true", help="go below 168 hours; only where no other job runs")


def run(b: Bench) -> None:
    """All tables that are there and ours: those of the warehouse, and the simulated bank's own."""
    done = tidy(Store(b.spark, b.root, writer="vacuum_tables"), keep_hours=b.args.keep_hours, force=b.args.force)
    b.show(f"Bytes of all versions, under {b.root}", [vacuumed._asdict() for vacuumed in done])
    seen = [(v.bytes_before, v.bytes_after) for v in done if v.bytes_before is not None and v.bytes_after is not None]
    b.say(f"{len(done)} tables; {sum(before - after for before, after in seen):,} bytes removed".replace(",", " "))


def tidy(store: Store, *, keep_hours: float, force: bool) -> list[Vacuumed]:
    """Remove what no version of the last hours needs.

    A real bank's raw tables are not ours to touch, whatever region was asked for: a simulated bank is known by the
    truth that lies beside its raw tables.
    """
    bank = (*simulated.RAW, *simulated.TRUTH) if store.has(simulated.TRUTH_SEGMENTS) else ()
    return vacuum(store, (*canonical.ALL, *derived.ALL, *bank), keep_hours=keep_hours, force=force)


if __name__ == "__main__":
    cli.main_alone(run, arguments=add_arguments)

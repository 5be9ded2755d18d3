"""Remove the files of old Delta versions, and say how much room that made."""

from argparse import ArgumentParser
from collections.abc import Sequence

from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import Store
from reactivation.runtime.vacuum import SAFE_HOURS, Vacuumed, vacuum


def add_arguments(parser: ArgumentParser) -> None:
    """How much of the past stays."""
    parser.add_argument("--keep-hours", type=float, default=SAFE_HOURS, help="age up to which old versions stay (168)")
    parser.add_argument("--force", action="store_true", help="go below 168 hours; only where no other job runs")


def run(b: Bench) -> None:
    """All tables of the warehouse that are there. A bank's raw tables are not ours to touch."""
    report(b, tidy(store_of(b), keep_hours=b.args.keep_hours, force=b.args.force))


def store_of(b: Bench) -> Store:
    """The tables under conf's root."""
    return Store(b.spark, b.root, writer="vacuum_tables")


def report(b: Bench, done: Sequence[Vacuumed]) -> None:
    """Say how much room was made."""
    b.show(f"Bytes of all versions, under {b.root}", [vacuumed._asdict() for vacuumed in done])
    seen = [(v.bytes_before, v.bytes_after) for v in done if v.bytes_before is not None and v.bytes_after is not None]
    b.say(f"{len(done)} tables; {sum(before - after for before, after in seen):,} bytes removed".replace(",", " "))


def tidy(store: Store, *, keep_hours: float, force: bool, more: Sequence[Table] = ()) -> list[Vacuumed]:
    """Remove what no version of the last hours needs. more: tables beside those of the warehouse."""
    return vacuum(store, (*canonical.ALL, *derived.ALL, *more), keep_hours=keep_hours, force=force)

"""Spark's plan of a frame."""

from typing import Any

from pyspark.sql import DataFrame


def scans(frame: DataFrame, place: str) -> int:
    """Count how often the optimised plan of a frame reads the table in a folder."""
    leaves: Any = frame._jdf.queryExecution().optimizedPlan().collectLeaves()
    found = 0
    for number in range(leaves.size()):
        relation = getattr(leaves.apply(number), "relation", None)
        roots = relation().location().rootPaths().mkString(" ") if relation is not None else ""
        found += any(f"{place.rstrip('/')}/" in f"{root}/" for root in roots.split(" "))  # the folder, or files in it
    return found


def require_one_scan(frame: DataFrame, place: str) -> None:
    """Refuse a frame that would read a table more than once, or not at all."""
    found = scans(frame, place)
    if found != 1:
        raise AssertionError(f"{place} would be read {found} times, must be once")

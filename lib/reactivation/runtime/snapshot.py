"""The newest version of a Delta table by the files of its log: what it is and where its rows lie, without a query.

The Delta protocol lets a writer leave a checksum file beside each commit (`<version>.crc`) with the table's schema,
properties and, where they are not too many, all its data files with their rows. Where there is none, or the log lies
elsewhere than on this machine, Delta itself is asked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql.types import StructType

_COMMIT = re.compile(r"\d{20}\.json")

Parts = Mapping[str, str | Sequence[str]]
"""Values of partition columns: one, or several of which each row has one."""


@dataclass(frozen=True)
class DataFile:
    """One file of rows. path: as the log has it. rows: None where the log does not say."""

    path: str
    partition: Mapping[str, str | None]
    rows: int | None

    def lies_in(self, parts: Parts) -> bool:
        """True where its rows lie in some parts."""
        return lies_in(self.partition, parts)


@dataclass(frozen=True)
class Snapshot:
    """One version of a table. is_plain: its rows are all rows of its files, which lie in the table's folder."""

    version: int
    schema: StructType
    properties: Mapping[str, str]
    files: tuple[DataFile, ...]
    is_plain: bool

    def rows_by(self, column: str) -> dict[str, int] | None:
        """Rows by value of a partition column; None where the log does not say."""
        counts: dict[str, int] = {}
        for file in self.files:
            value = file.partition.get(column)
            if not self.is_plain or file.rows is None or value is None:
                return None
            counts[value] = counts.get(value, 0) + file.rows
        return counts


def versions(log: Path) -> list[int]:
    """Versions whose commits lie in a log, newest first; none where there is no table."""
    if not log.is_dir():
        return []
    return sorted((int(file.stem) for file in log.iterdir() if _COMMIT.fullmatch(file.name)), reverse=True)


def of_version(log: Path, version: int) -> Snapshot | None:
    """One version by its checksum file; None where that is not there, or does not name the data files."""
    path = log / f"{version:020}.crc"
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if said.get("allFiles") is None:
        return None
    files = said["allFiles"]
    is_plain = said["protocol"]["minReaderVersion"] == 1 and not any(
        file.get("deletionVector") or "%" in file["path"] or ":" in file["path"] or file["path"].startswith("/")
        for file in files
    )
    return Snapshot(
        version=version,
        schema=StructType.fromJson(json.loads(said["metadata"]["schemaString"])),
        properties=said["metadata"]["configuration"],
        files=tuple(DataFile(file["path"], file["partitionValues"], _rows(file)) for file in files),
        is_plain=is_plain,
    )


def newest(place: str) -> Snapshot | None:
    """The newest version of a table, where its log is a folder of this machine and tells it; else None."""
    log = Path(place) / "_delta_log"
    version = next(iter(versions(log)), None)
    return None if version is None else of_version(log, version)


def rows_in(place: str) -> int | None:
    """Rows of a table by its log, where that says so; else None."""
    found = newest(place)
    if found is None or not found.is_plain or any(file.rows is None for file in found.files):
        return None
    return sum(file.rows or 0 for file in found.files)


def partitions_changed(log: Path, made: Iterable[int]) -> Iterator[Mapping[str, str | None]]:
    """Partition values of the files that some commits added or removed."""
    for version in made:
        for line in (log / f"{version:020}.json").read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if file := action.get("add") or action.get("remove"):
                yield file.get("partitionValues") or {}


def lies_in(partition: Mapping[str, str | None], parts: Parts) -> bool:
    """True where a file's partition is one of some parts; a file that does not say may be in any."""
    return all(
        partition.get(name) in (None, *([values] if isinstance(values, str) else values))
        for name, values in parts.items()
    )


def condition(parts: Parts) -> str:
    """Some parts as a condition in SQL."""
    return " and ".join(
        f"{name} in ({', '.join(repr(str(v)) for v in ([value] if isinstance(value, str) else value))})"
        for name, value in parts.items()
    )


def _rows(file: Mapping[str, Any]) -> int | None:
    rows = json.loads(file.get("stats") or "{}").get("numRecords")
    return None if rows is None else int(rows)

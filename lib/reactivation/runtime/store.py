"""Delta tables by contract: read, replace a part as a whole, append; nothing is half-written."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import delta.exceptions
from delta import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.flow import writer_of
from reactivation.contracts.table import Table
from reactivation.errors import Busy, ContractError, Finding, NotReady
from reactivation.runtime.commits import Commit, newest, of_history, of_log
from reactivation.runtime.contract_rules import broken_rules, refusal

with suppress(ImportError):  # once imported, Delta's conflicts arrive as what they are; else as errors of Java
    import_module("delta.exceptions.captured")
_CONFLICTS = tuple(getattr(delta.exceptions, name) for name in delta.exceptions.__all__)  # they have no base in common

_CATALOG_SCHEMA = re.compile(r"\w+\.\w+")
_INDEXED_COLUMNS = 8
_TRIES = 4

Parts = Mapping[str, str | Sequence[str]]


class Written(NamedTuple):
    """What a write left behind: rows written, and the Delta version it made."""

    rows: int
    version: int


def is_catalog_schema(root: str) -> bool:
    """True where a root names a catalog and schema rather than a folder.

    >>> is_catalog_schema("main.reactivation"), is_catalog_schema("build/demo")
    (True, False)
    """
    return bool(_CATALOG_SCHEMA.fullmatch(root))


def resolved(path: str, *, project: Path, root: str = "") -> str:
    """A path of conf as Spark takes it: `{root}` filled in, a relative one started at the project's folder."""
    if "{root}" in path:
        return path.replace("{root}", root)
    is_elsewhere = "://" in path or path.startswith(("/", "dbfs:")) or is_catalog_schema(path)
    return path if is_elsewhere else str(project / path)


class Store:
    """The tables under one root: a folder (any file system Spark knows), or `catalog.schema`."""

    def __init__(self, spark: SparkSession, root: str, writer: str = "unknown") -> None:
        self._spark = spark
        self._root = root.rstrip("/")
        self._writer = writer

    @property
    def spark(self) -> SparkSession:
        return self._spark

    @cached_property
    def is_catalog(self) -> bool:
        """True where the root names a catalog and schema rather than a folder."""
        return is_catalog_schema(self._root)

    def place(self, table: Table) -> str:
        """Path of a table, or its full name in the catalog."""
        if self.is_catalog:
            prefix = "" if table.place == "warehouse" else f"{table.place}_"
            return f"{self._root}.{prefix}{table.name}"
        return f"{self._root}/{table.place}/{table.name}"

    def has(self, table: Table) -> bool:
        """True where the table has been created."""
        if self.is_catalog:
            return self._spark.catalog.tableExists(self.place(table))
        return bool(DeltaTable.isDeltaTable(self._spark, self.place(table)))

    def read(self, table: Table) -> DataFrame:
        """Open a table and check its columns and types; NotReady names the job that writes it."""
        if not self.has(table):
            job = writer_of(table.name)
            advice = f"run jobs/{job}.py first" if job else "nothing has written it yet"
            raise NotReady(f"`{table.name}` is not there", [Finding("missing", self.place(table), advice)])
        frame = self._load(table)
        differences = table.differences(frame.schema)
        if differences:
            raise ContractError(f"`{table.name}` breaks its contract", differences)
        return frame

    def version(self, table: Table) -> int:
        """Number of the table's newest Delta version."""
        return self._newest(table).version

    def delta(self, table: Table) -> DeltaTable:
        """Delta's own handle of a table that is there."""
        place = self.place(table)
        return DeltaTable.forName(self._spark, place) if self.is_catalog else DeltaTable.forPath(self._spark, place)

    def replace(self, table: Table, frame: DataFrame, parts: Parts, *, once: str | None = None) -> Written:
        """Replace the parts of a table whose partition columns have the given values, and only those.

        The rows must lie in those parts and keep the contract: columns, types, required values, allowed values, unique
        keys. Where they do not, the table is as it was before and ContractError lists what was found. Tables
        partitioned by arrival are spared the second look: the ingest has checked and counted their rows one by one.
        once: names the write. Of several by one name the first alone is made, whichever job comes first; the others
        write nothing.
        """
        self._check_columns(table, frame)
        where, is_here = _predicate(parts), frame.isLocal()
        if is_here and not table.is_by_arrival:  # a few records of the driver: looked at before they are written
            self._check_values(table, frame)
        self._create(table)
        options = {"replaceWhere": where, "mergeSchema": str(table.is_open).lower()}
        written = self._save(table, frame, "overwrite", options, once=once)
        if written.rows and not (is_here or table.is_by_arrival):
            rows = self.read(table).where(where)
            try:
                self._check_values(table, rows)
            except ContractError:
                self._take_back(table, where, written.version)
                raise
        return written

    def append(self, table: Table, frame: DataFrame, *, once: str | None = None) -> Written:
        """Add rows to a table that is append-only or partitioned by arrival: what arrives later is added.

        once: as in `replace`.
        """
        if not (table.is_append_only or table.is_by_arrival):
            raise ContractError(f"`{table.name}` is not append-only: replace its part instead")
        self._check_columns(table, frame)
        self._create(table)
        return self._save(table, frame, "append", {}, once=once)

    def clone(self, table: Table, source: "Store", *, at_millis: int) -> bool:
        """Make a table as another store had it at an instant (milliseconds since 1970), without copying its files.

        False where that store had none of it yet. The files must still be there: not vacuumed since.
        """
        if not source.has(table):
            return False
        is_then = F.unix_millis("timestamp") <= at_millis
        then = source.delta(table).history().where(is_then).agg(F.max("version").alias("version")).collect()[0].version
        if then is None:
            return False
        ours, theirs = self._named(table), source._named(table)
        self._spark.sql(f"create or replace table {ours} shallow clone {theirs} version as of {then}")
        return True

    def note(self, table: Table, key: str, text: str) -> None:
        """Keep a text with a table, as a property; it makes a version of its own."""
        self._commit(
            table, lambda: self._spark.sql(f"alter table {self._named(table)} set tblproperties ('{key}' = '{text}')")
        )

    def _named(self, table: Table) -> str:
        """The table in SQL."""
        return self.place(table) if self.is_catalog else f"delta.`{self.place(table)}`"

    def _newest(self, table: Table, mark: str | None = None) -> Commit:
        is_here = not self.is_catalog and (log := Path(self.place(table)) / "_delta_log").is_dir()
        return newest(of_log(log) if is_here else of_history(self.delta(table)), mark)

    def _load(self, table: Table, version: int | None = None) -> DataFrame:
        reader = self._spark.read if version is None else self._spark.read.option("versionAsOf", version)
        return reader.table(self.place(table)) if self.is_catalog else reader.format("delta").load(self.place(table))

    def _create(self, table: Table) -> None:
        if self.has(table):
            return
        builder = DeltaTable.createIfNotExists(self._spark)
        named = builder.tableName(self.place(table)) if self.is_catalog else builder.location(self.place(table))
        indexed = min(len(table.columns), _INDEXED_COLUMNS)
        settled = named.addColumns(table.schema).property("delta.dataSkippingNumIndexedCols", str(indexed))
        if table.partition_by:
            settled = settled.partitionedBy(*table.partition_by)
        self._commit(table, settled.execute)

    def _save(
        self, table: Table, frame: DataFrame, mode: str, options: Mapping[str, str], *, once: str | None = None
    ) -> Written:
        """Write in one commit; where there was nothing to replace and nothing to write, there is none."""
        mark = f"{self._writer}, write {uuid.uuid4().hex[:8]}"
        named = {} if once is None else {"txnAppId": once, "txnVersion": "1"}  # Delta's own idempotent writes
        writer = frame.write.format("delta").mode(mode).options(userMetadata=mark, **options, **named)
        place = self.place(table)
        self._commit(table, lambda: writer.saveAsTable(place) if self.is_catalog else writer.save(place))
        last = self._newest(table, mark)
        return Written(last.rows if last.mark == mark else 0, last.version)

    def _commit(self, table: Table, write: Callable[[], Any]) -> None:
        """Write; where another job was quicker, try again a few times, then say which job holds the table."""
        for attempt in range(1, _TRIES + 1):
            try:
                write()
                return
            except _CONFLICTS:
                if attempt == _TRIES:
                    advice = f"last written by {self._newest(table).mark}; wait until it is done, then run again"
                    raise Busy(
                        f"`{table.name}` is being written by another job", [Finding("busy", table.name, advice)]
                    ) from None
                time.sleep(attempt)
            except PySparkException as error:
                broken = refusal(str(error))
                if broken is None:
                    raise
                raise ContractError(f"`{table.name}` was not written: rows break its contract", [broken]) from None

    def _check_columns(self, table: Table, frame: DataFrame) -> None:
        differences = table.differences(frame.schema)
        if differences:
            raise ContractError(f"`{table.name}` was not written: the rows do not have its columns", differences)

    def _check_values(self, table: Table, rows: DataFrame) -> None:
        findings = broken_rules(table, rows)
        if findings:
            raise ContractError(f"`{table.name}` is as it was: the new rows break its contract", findings)

    def _take_back(self, table: Table, where: str, version: int) -> None:
        """Undo a write; where another job has written since, put back its part alone."""
        if self.version(table) == version:
            self.delta(table).restoreToVersion(version - 1)
            return
        before = self._load(table, version - 1).where(where)
        self._save(table, before, "overwrite", {"replaceWhere": where})


def _predicate(parts: Parts) -> str:
    if not parts:
        raise ContractError("a write must say which part of the table it replaces")
    conditions = [
        f"{name} in ({', '.join(repr(str(v)) for v in ([value] if isinstance(value, str) else value))})"
        for name, value in parts.items()
    ]
    return " and ".join(conditions)

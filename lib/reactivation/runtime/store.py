"""Delta tables by contract: read, replace a part as a whole, append; nothing is half-written."""

import fcntl
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from delta import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.flow import writer_of
from reactivation.contracts.table import Table
from reactivation.errors import ContractError, Finding, NotReady
from reactivation.runtime import schema_evolution
from reactivation.runtime.commits import busy
from reactivation.runtime.contract_rules import broken_rules, refusal, repeated_keys
from reactivation.runtime.snapshot import Parts, condition
from reactivation.runtime.stored_table import StoredTable

_CATALOG_SCHEMA = re.compile(r"\w+\.\w+")


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
        self._opened: dict[str, StoredTable] = {}

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
        return self.stored(table).exists()

    def read(self, table: Table) -> DataFrame:
        """Open a table and check its columns and types; NotReady names the job that writes it.

        A column that a table of an older release does not have is null, or has the contract's value for old rows.
        """
        opened = self.stored(table)
        if not opened.exists():
            job = writer_of(table.name)
            advice = f"run jobs/{job}.py first" if job else "nothing has written it yet"
            raise NotReady(f"`{table.name}` is not there", [Finding("missing", self.place(table), advice)])
        frame = opened.load()
        schema_evolution.require_same(table, frame.schema, opened.properties)
        return schema_evolution.as_today(frame, table, properties=opened.properties, say=opened.say_once)

    def rows_by(self, table: Table, column: str) -> dict[str, int]:
        """Rows by value of a partition column: from the log where it says, else by a query."""
        snapshot = self.stored(table).snapshot()
        counted = None if snapshot is None else snapshot.rows_by(column)
        if counted is not None:
            return counted
        return {row[column]: row["count"] for row in self.read(table).groupBy(column).count().collect()}

    def properties(self, table: Table) -> Mapping[str, str]:
        """The properties of a table that is there."""
        return self.stored(table).properties()

    def version(self, table: Table) -> int:
        """Number of the table's newest Delta version."""
        return self.stored(table).newest().version

    def delta(self, table: Table) -> DeltaTable:
        """Delta's own handle of a table that is there."""
        return self.stored(table).delta()

    def replace(self, table: Table, frame: DataFrame, parts: Parts, *, once: str | None = None) -> Written:
        """Replace the parts of a table whose partition columns have the given values, and only those.

        The rows must lie in those parts and keep the contract: columns, types, required values, allowed values, unique
        keys. Where they do not, the table is as it was before and ContractError lists what was found. Delta refuses
        wrong values by the table's constraints. Keys are looked at once the rows are written, those of a few records
        of the driver before. Tables partitioned by arrival are spared that: the ingest has checked their rows one by
        one. once: names the write. Of several by one name the first alone is made, whichever job comes first. Busy
        where the name is taken, or where another job wrote to the parts meanwhile.
        """
        if not parts:
            raise ContractError("a write must say which part of the table it replaces")
        self._check_columns(table, frame)
        opened, is_here = self.stored(table), frame.isLocal()
        look = repeated_keys if opened.is_guarded() else broken_rules
        if is_here and not table.is_by_arrival and look(table, frame):
            raise self._refused(table, frame, parts)
        written = self._save(table, frame, parts, once=once)
        if written.rows and not (is_here or table.is_by_arrival):
            findings = look(table, self.read(table).where(condition(parts)))
            if findings:
                opened.take_back(parts, written.version, mark=self._mark())
                raise ContractError(f"`{table.name}` is as it was: the new rows break its contract", findings)
        return written

    def append(self, table: Table, frame: DataFrame, *, once: str | None = None) -> Written:
        """Add rows to a table that is append-only or partitioned by arrival: what arrives later is added.

        once: as in `replace`.
        """
        if not (table.is_append_only or table.is_by_arrival):
            raise ContractError(f"`{table.name}` is not append-only: replace its part instead")
        self._check_columns(table, frame)
        return self._save(table, frame, None, once=once)

    @contextmanager
    def held(self, table: Table, *, upon: int | None) -> Iterator[bool]:
        """Hold a table on whose version a job's writes rest: Busy where another job holds it, or has written since.

        upon: the version that was read; None where the table was not there. Yields False, and holds nothing, where its
        log does not lie on this machine. The system lets go of it when the process ends, however it ends.
        """
        log = Path(self.place(table)) / "_delta_log"
        if upon is None or self.is_catalog or not log.is_dir():
            yield False
            return
        with (log / ".held").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise busy(table.name, self.stored(table).newest()) from None
            if self.version(table) != upon:
                raise busy(table.name, self.stored(table).newest())
            yield True

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
        ours, theirs = self.stored(table).in_sql, source.stored(table).in_sql
        self._spark.sql(f"create or replace table {ours} shallow clone {theirs} version as of {then}")
        return True

    def note(self, table: Table, key: str, text: str) -> None:
        """Keep a text with a table, as a property; it makes a version of its own."""
        opened = self.stored(table)
        opened.committed(partial(opened.alter, f"set tblproperties ('{key}' = '{text}')"))

    def stored(self, table: Table) -> StoredTable:
        """The table in its place, whether it is there or not.

        Contracts of one table may differ in the columns that conf gives them.
        """
        known = self._opened.get(table.name)
        if known is None or known.contract != table:
            known = StoredTable(self._spark, self.place(table), table, is_catalog=self.is_catalog)
            self._opened[table.name] = known
        return known

    def _mark(self) -> str:
        return f"{self._writer}, write {uuid.uuid4().hex[:8]}"

    def _save(self, table: Table, frame: DataFrame, parts: Parts | None, *, once: str | None) -> Written:
        """Write in one commit. parts: those to replace; None adds the rows."""
        mark, rows = self._mark(), frame.coalesce(1) if frame.isLocal() else frame
        try:
            commit = self.stored(table).write(rows, parts, mark=mark, once=once)
        except PySparkException as error:
            broken = refusal(str(error))
            if broken is None:
                raise
            raise self._refused(table, frame, parts, broken) from None
        if once is not None and commit.mark != mark:
            raise busy(table.name, commit)
        return Written(commit.rows if commit.mark == mark else 0, commit.version)

    def _check_columns(self, table: Table, frame: DataFrame) -> None:
        differences = table.differences(frame.schema)
        if differences:
            raise ContractError(f"`{table.name}` was not written: the rows do not have its columns", differences)

    def _refused(
        self, table: Table, frame: DataFrame, parts: Parts | None, broken: Finding | None = None
    ) -> ContractError:
        """The error that lists all that is wrong with some rows. broken: what Delta found first."""
        findings = broken_rules(table, frame, part=condition(parts) if parts else None)
        first = [broken] if broken and not findings else []
        return ContractError(f"`{table.name}` was not written: rows break its contract", [*findings, *first])

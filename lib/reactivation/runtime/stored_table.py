"""One Delta table in its place: its newest version, the rows of it, and a write in one commit."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from delta import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession

from reactivation.contracts.table import CONTRACT_VERSION, Table
from reactivation.runtime import console, schema_evolution
from reactivation.runtime import snapshot as snapshots
from reactivation.runtime.commits import Commit, busy, committed, newest, of_history, of_log
from reactivation.runtime.contract_rules import CONSTRAINT, in_part, is_held, required
from reactivation.runtime.listed_files import is_read_by_list, of_files
from reactivation.runtime.session import ALLOW_PROPERTIES
from reactivation.runtime.snapshot import Parts, Snapshot

_INDEXED_COLUMNS = 1
"""Columns of which Delta keeps the smallest and largest value per file: the first, mostly the user."""

Made = TypeVar("Made")


class StoredTable:
    """A table of one contract; it need not be there yet. place: a path, or a full name in the catalog."""

    def __init__(self, spark: SparkSession, place: str, contract: Table, *, is_catalog: bool) -> None:
        self._spark = spark
        self._place = place
        self.contract = contract
        self._is_catalog = is_catalog
        self._known: Snapshot | None = None
        self._said: set[str] = set()
        self._is_guarded: bool | None = None

    @property
    def in_sql(self) -> str:
        """The table's name in SQL."""
        return self._place if self._is_catalog else f"delta.`{self._place}`"

    def exists(self) -> bool:
        """True where the table has been created."""
        if self._is_catalog:
            return self._spark.catalog.tableExists(self._place)
        log = self._log()
        return bool(snapshots.versions(log)) if log else bool(DeltaTable.isDeltaTable(self._spark, self._place))

    def delta(self) -> DeltaTable:
        """Delta's own handle of the table."""
        by = DeltaTable.forName if self._is_catalog else DeltaTable.forPath
        return by(self._spark, self._place)

    def newest(self, mark: str | None = None) -> Commit:
        """The newest commit, or the newest that bears a mark: see `commits.newest`."""
        log = self._log()
        return newest(of_log(log) if log else of_history(self.delta()), mark)

    def snapshot(self) -> Snapshot | None:
        """The newest version as its log tells it; None where it does not."""
        log = self._log()
        version = next(iter(snapshots.versions(log)), None) if log else None
        if log is None or version is None:
            return None
        if self._known is None or self._known.version != version:
            self._known = snapshots.of_version(log, version)
        return self._known

    def load(self, version: int | None = None) -> DataFrame:
        """The rows of a version, by default the newest; where the log names its files, without Delta's own queries."""
        known = self.snapshot() if version is None else None
        if known is not None and is_read_by_list(known):
            return of_files(self._spark, self._place, known)
        reader = self._spark.read if version is None else self._spark.read.option("versionAsOf", version)
        return reader.table(self._place) if self._is_catalog else reader.format("delta").load(self._place)

    def properties(self) -> Mapping[str, str]:
        """The table's properties."""
        known = self.snapshot()
        if known is not None:
            return known.properties
        found: dict[str, str] = self.delta().detail().select("properties").collect()[0].properties
        return found

    def is_guarded(self) -> bool:
        """True where Delta refuses what the contract does not allow: not yet of a table of an older release."""
        if self._is_guarded is None:
            held = self.properties() if self.exists() else self._guards()
            self._is_guarded = all(is_held(held, name, rule) for name, rule in self.contract.rules.items())
        return self._is_guarded

    def alter(self, change: str) -> None:
        """Change the table by SQL."""
        self._spark.sql(f"alter table {self.in_sql} {change}")

    def drop_outdated_guards(self) -> None:
        """Take away constraints of another release, which may refuse what the contract allows now."""
        held = self.properties()
        for name in [key.removeprefix(CONSTRAINT) for key in held if key.startswith(CONSTRAINT)]:
            if not is_held(held, name, self.contract.rules.get(name)):
                self.alter(f"drop constraint if exists `{name}`")

    def make_again(self, rows: DataFrame) -> None:
        """Replace the whole table, its columns too, in one commit."""
        self.committed(partial(self._commit, rows, "overwrite", {"overwriteSchema": "true"}))

    def remove(self, rows: Column, *, named_in: DataFrame | None = None) -> None:
        """Remove some rows, from the files as well where Delta only marks them as removed.

        named_in: one row of values that `rows` takes from its columns: Delta's log writes out every other value.
        """
        self.committed(partial(self._delete, rows, named_in))
        self.purge()

    def purge(self) -> None:
        """Write files anew without the rows that Delta only marks as removed."""
        if self.properties().get("delta.enableDeletionVectors") == "true":
            self._spark.sql(f"reorg table {self.in_sql} apply (purge)")

    def committed(self, write: Callable[[], Made]) -> Made:
        """See `commits.committed`."""
        return committed(write, table=self.contract.name, last=self.newest)

    def say_once(self, text: str) -> None:
        """Say something about the table, once."""
        if text not in self._said:
            self._said.add(text)
            console.say(f"    {self.contract.name} {text}", console.NOTICE)

    def write(self, rows: DataFrame, parts: Parts | None, *, mark: str, once: str | None = None) -> Commit:
        """Write in one commit, and return it; where nothing was to be written, the newest one, without the mark.

        parts: those to replace; None adds the rows. once: names the write: see `Store.replace`. Delta lets appends pass
        each other by. So rows that were added to empty parts are taken back where another job has written to the
        parts since the version in which they were seen empty: Busy.
        """
        before = self.committed(partial(self._attempt, rows, parts, mark=mark, once=once))
        commit = self.newest(mark)
        if parts and before is not None and commit.mark == mark and self._is_met(parts, before + 1, commit.version):
            self.take_back(parts, commit.version, mark=mark)
            raise busy(self.contract.name, self.newest())
        return commit

    def take_back(self, parts: Parts, version: int, *, mark: str) -> None:
        """Undo a write; where another job has written since, put back its parts alone."""
        if version == 0:  # nothing was there before
            self.delta().delete(snapshots.condition(parts))
        elif self.newest().version == version:
            self.delta().restoreToVersion(version - 1)
        else:
            where = snapshots.condition(parts)
            before = self.load(version - 1).where(where)
            options = {"replaceWhere": where, "userMetadata": mark}
            self.committed(partial(self._commit, before, "overwrite", options))

    def _delete(self, rows: Column, named_in: DataFrame | None) -> None:
        if named_in is None:
            self.delta().delete(rows)
        else:
            self.delta().merge(named_in, rows).whenMatchedDelete().execute()

    def _log(self) -> Path | None:
        """The table's log, where that is a folder of this machine."""
        log = Path(self._place) / "_delta_log"
        return log if not self._is_catalog and log.is_dir() else None

    def _guards(self) -> dict[str, str]:
        return {f"{CONSTRAINT}{name}": rule for name, rule in self.contract.rules.items()}

    def _attempt(self, rows: DataFrame, parts: Parts | None, *, mark: str, once: str | None) -> int | None:
        """Write; returns the version in which the parts were seen empty where rows were added to them, else None."""
        options = {"userMetadata": mark, **({} if once is None else {"txnAppId": once, "txnVersion": "1"})}
        checked = in_part(rows, next(iter(parts)), snapshots.condition(parts)) if parts else rows
        if not self.exists():
            if not self._is_catalog:
                self._commit(checked, "append", {**options, **self._at_first()})
                self._note_version()
                return -1
            self._declare()
        if not self.is_guarded():
            self.drop_outdated_guards()
            rows, checked = (required(each, self.contract, held=self.properties()) for each in (rows, checked))
        known = self.snapshot()
        stored = self.load().schema if known is None else known.schema
        adapted, told = schema_evolution.options(rows.schema, self.contract, stored, properties=self.properties)
        if told:
            self.say_once(told)
        if "overwriteSchema" in adapted:
            self._commit(checked, "overwrite", {**options, **adapted})
            self._note_version()
            return None
        if parts is None:
            self._commit(rows, "append", {**options, **adapted})
            return None
        if known is not None and not any(file.lies_in(parts) for file in known.files):
            self._commit(checked, "append", {**options, **adapted})
            return known.version
        self._commit(rows, "overwrite", {**options, **adapted, "replaceWhere": snapshots.condition(parts)})
        return None

    def _declare(self) -> None:
        """Create the table without rows, as a catalog wants it."""
        columns = ", ".join(f"`{c.name}` {c.type}{' not null' * c.required}" for c in self.contract.columns)
        by = f" partitioned by ({', '.join(self.contract.partition_by)})" if self.contract.partition_by else ""
        properties = ", ".join(f"'{name}' = {_quoted(value)}" for name, value in self._at_first().items())
        self._spark.sql(
            f"create table if not exists {self.in_sql} ({columns}) using delta{by} tblproperties ({properties})"
        )

    def _at_first(self) -> dict[str, str]:
        """Properties of a new table; Delta's writer takes our own only where the session allows it."""
        name = schema_evolution.VERSION if self._is_catalog else schema_evolution.VERSION_OF_FOLDER
        is_allowed = self._is_catalog or self._spark.conf.get(ALLOW_PROPERTIES, "false") == "true"
        version = {name: str(CONTRACT_VERSION)} if is_allowed else {}
        return {"delta.dataSkippingNumIndexedCols": str(_INDEXED_COLUMNS), **version, **self._guards()}

    def _note_version(self) -> None:
        """Say the contract's version of a table that is all of it, where the table does not say so yet."""
        if schema_evolution.version_of(self.properties()) != CONTRACT_VERSION:
            self.alter(f"set tblproperties ('{schema_evolution.VERSION}' = '{CONTRACT_VERSION}')")

    def _commit(self, rows: DataFrame, mode: str, options: Mapping[str, str]) -> None:
        writer = rows.write.format("delta").mode(mode).options(**options)
        if self._is_catalog:
            writer.saveAsTable(self._place)
        else:
            writer.partitionBy(*self.contract.partition_by).save(self._place)

    def _is_met(self, parts: Parts, first: int, end: int) -> bool:
        """True where a commit from `first` up to but not including `end` changed some parts, or may have."""
        log = self._log()
        made = range(first, end)
        if log is None:
            return bool(made)
        return any(snapshots.lies_in(partition, parts) for partition in snapshots.partitions_changed(log, made))


def _quoted(text: str) -> str:
    """A text in SQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

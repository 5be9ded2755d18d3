"""Opens a region's raw tables, and tells all that is wrong with any of them at once, before anything is written."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts import canonical
from reactivation.errors import Finding, SourceError, nearest
from reactivation.frames import BAD_ROW, counted_by, has_bad_rows, of_records, own_columns, records, union_all
from reactivation.ingest import mapping, raw_columns
from reactivation.ingest.settings import SourceSettings, SourcesSettings, ViewQuery
from reactivation.runtime import read_errors, snapshot, tabular_files
from reactivation.runtime.hadoop_files import listed
from reactivation.runtime.listed_files import rows_at

_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_CATALOG = re.compile(r"(?P<schema>\w+\.\w+)(?:/(?P<prefix>\w+))?")
_ABSENT = ("PATH_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND", "DELTA_MISSING", "DELTA_TABLE_NOT_FOUND", "DELTA_PATH_DOES_NOT")


class RawTables:
    """The raw tables of one region: a folder of files or Delta tables, or tables of a catalog's schema.

    folder: `sources.path` as Spark takes it. region: names the conf file that error messages point to.
    """

    def __init__(self, spark: SparkSession, settings: SourcesSettings, *, folder: str, region: str) -> None:
        self._spark = spark
        self._settings, self._folder = settings, folder.rstrip("/")
        self._region = region
        self._conf = f"conf/regions/{region}.yml"
        self._findings: list[Finding] = []
        self._files: dict[str, tabular_files.Opened] = {}  # by place

    def open(self) -> dict[str, DataFrame]:
        """The region's sources by canonical name, with their own columns; SourceError lists all that is wrong."""
        views = self._views()
        opened = {name: self._source(name, source, views) for name, source in self._settings.present.items()}
        frames = {name: frame for name, frame in opened.items() if frame is not None}
        for name, frame in frames.items():
            columns, raw = self._settings.present[name].expressions, self._raw_name(name)
            place = {"raw": raw, "conf": self._conf}
            files = self._files.get(raw)
            self._findings += raw_columns.problems(frame, canonical.BY_NAME[name], columns, **place, files=files)
        if not self._findings:
            with self.reading(frames):
                for name, frame in frames.items():
                    columns, raw = self._settings.present[name].expressions, self._raw_name(name)
                    self._findings += raw_columns.rounded_ids(frame, canonical.BY_NAME[name], columns, raw=raw)
        if self._findings:
            self._note_empty(frames)
        self._raise(self._findings)
        return frames

    def rows_by_log(self) -> dict[str, int | None]:
        """Rows of each source by its table's log; None where that does not say, or where not all rows are meant."""
        is_delta, present = self._settings.format == "delta", self._settings.present
        whole = {name: source.from_ for name, source in present.items() if is_delta and not source.where}
        return {name: snapshot.rows_in(self._place(raw)) if (raw := whole.get(name)) else None for name in present}

    def require_rows(self, frames: Mapping[str, DataFrame]) -> None:
        """SourceError where one of these sources has no row at all, or cannot be read."""
        self._note_empty(frames)
        self._raise(self._findings)

    @contextmanager
    def reading(self, frames: Mapping[str, DataFrame]) -> Iterator[None]:
        """Tell what turns out to be unreadable only when the rows are read: files, and values under an expression."""
        try:
            yield
        except _SPARK_ERRORS as error:
            self._note_empty(frames)
            self._findings += [f for name in frames if not self._findings for f in self._failing(name, frames[name])]
            if not self._findings and read_errors.is_of_file(error):
                self._findings.append(read_errors.unreadable(error, what="raw tables"))
            self._raise(self._findings)
            raise

    def _views(self) -> dict[str, DataFrame | None]:
        found: dict[str, DataFrame | None] = {}
        for name, view in (self._settings.views or {}).items():
            if isinstance(view, ViewQuery):
                found[name] = self._over(found, f"view {name}", f"sources.views.{name}.query", view.query)
            else:
                frame = self._load(f"view {name}", view, f"sources.views.{name}")
                found[name] = frame if frame is None else self._whole(name, frame)
        return found

    def _whole(self, view: str, frame: DataFrame) -> DataFrame:
        """A view without `BAD_ROW`: a query would take what is left of a broken row for a whole one."""
        if not has_bad_rows(frame):
            return frame
        broken = frame.where(F.col(BAD_ROW).isNotNull()).select(F.col(BAD_ROW).detail.alias("detail"))
        try:
            found = [f"{row['rows']} rows: {row['detail']}" for row in records(counted_by(broken).limit(20))]
        except _SPARK_ERRORS as error:
            found = [" ".join(read_errors.unreadable(error, what=view)[1:])]
        self._findings += [Finding("bad rows", f"view {view}", what) for what in found]
        return frame.drop(BAD_ROW)

    def _source(self, name: str, source: SourceSettings, views: Mapping[str, DataFrame | None]) -> DataFrame | None:
        if source.query is not None:
            return self._query(name, source.query, views)
        raw = source.from_ or ""
        if source.may_be_empty and not self._is_there(raw):
            return of_records(self._spark, [], canonical.BY_NAME[name].schema).drop(*canonical.ADDED)
        frame = self._load(name, raw, f"sources.{name}.from")
        if frame is None or source.where is None:
            return frame
        return self._attempt(name, f"sources.{name}.where", source.where, frame, lambda: _where(frame, source.where))

    def _query(self, name: str, query: str, views: Mapping[str, DataFrame | None]) -> DataFrame | None:
        frame = self._over(views, name, f"sources.{name}.query", query)
        return None if frame is None else self._known(name, frame)

    def _over(self, views: Mapping[str, DataFrame | None], what: str, key: str, query: str) -> DataFrame | None:
        """What a query over some views gives; None where it, or one of the views, cannot be read."""
        if any(frame is None for frame in views.values()):
            return None
        for view, frame in views.items():
            if frame is not None:
                frame.createOrReplaceTempView(view)
        try:
            return self._attempt(what, key, "query", None, lambda: self._spark.sql(query))
        finally:
            for view in views:
                self._spark.catalog.dropTempView(view)

    def _known(self, name: str, frame: DataFrame) -> DataFrame:
        """The frame of a query; what it calls otherwise than the contract does would be lost."""
        known = [column.name for column in mapping.columns_of(canonical.BY_NAME[name])]
        attributes = " ".join(self._settings.present[name].expressions.values()).lower()
        for column in frame.columns:
            if column.lower() not in known and not re.search(rf"\b{re.escape(column.lower())}\b", attributes):
                advice = f"`{name}` has no such column: {nearest(column, known)} Change sources.{name}.query"
                self._findings.append(Finding("unknown column", f"{name}.{column}", f"{advice} in {self._conf}"))
        return frame

    def _attempt(
        self, name: str, key: str, text: str, frame: DataFrame | None, make: Callable[[], DataFrame]
    ) -> DataFrame | None:
        try:
            return make()
        except _SPARK_ERRORS as error:
            column = raw_columns.unresolved_column(error)
            known = own_columns(frame) if frame is not None else raw_columns.proposals(error)
            said = f"there is no `{column}`: {nearest(column, known)}" if column else raw_columns.first_line(error)
            barred = {key: why for opened in self._files.values() for key, why in opened.unusable.items()}
            said = barred.get((column or "").rsplit(".", 1)[-1].lower(), said)
            self._findings.append(Finding("expression", name, f"`{text}`: {said} Change {key} in {self._conf}"))
            return None

    def _load(self, what: str, file: str, key: str) -> DataFrame | None:
        place = self._place(file)
        hint = f"(read as {self._settings.format}: sources.format in {self._conf})"
        try:
            if _CATALOG.fullmatch(self._folder):
                return self._spark.table(place)
            if self._settings.format == "delta":
                return rows_at(self._spark, place, self._settings.options)
            self._files[place] = self._opened(place)
            return self._files[place].frame
        except SourceError as error:
            self._findings += [Finding(f.kind, what, f"{f.what}: {f.advice} {hint}") for f in error.findings]
        except (FileNotFoundError, *_SPARK_ERRORS) as error:
            is_absent = any(mark in str(raw_columns.condition(error) or error) for mark in _ABSENT)
            if is_absent or not self._is_there(file):
                advice = f"nothing is there: {nearest(file, self._neighbours())} Change {key} in {self._conf}"
                self._findings.append(Finding("missing table", what, f"{place}: {advice}"))
            else:
                self._findings.append(Finding("unreadable", what, f"{place}: {raw_columns.first_line(error)} {hint}"))
        return None

    def _opened(self, place: str) -> tabular_files.Opened:
        if self._settings.format == "parquet":
            return tabular_files.open_parquet(self._spark, place)
        options = self._settings.options
        return tabular_files.open_csv(self._spark, place, encoding=self._settings.encoding, options=options)

    def _note_empty(self, frames: Mapping[str, DataFrame]) -> None:
        """Find sources without a row, in one job; where that fails, those that cannot be read as well."""
        asked = {name: frame for name, frame in frames.items() if not self._settings.present[name].may_be_empty}
        firsts = [frame.limit(1).select(F.lit(name).alias("name")) for name, frame in asked.items()]
        if not firsts:
            return
        try:
            there = {row.name for row in union_all(firsts).collect()}
        except _SPARK_ERRORS:
            bad = {name: found for name, frame in frames.items() if (found := [*self._failing(name, frame)])}
            self._findings += [finding for findings in bad.values() for finding in findings]
            there = {name for name, frame in asked.items() if name in bad or not frame.isEmpty()}
        for name in asked:
            if name not in there:
                has_filter = self._settings.present[name].where is not None
                cure = f"mind sources.{name}.where" if has_filter else f"if that is right, remove sources.{name}"
                advice = f"{self._raw_name(name)} has no rows; {cure} in {self._conf}"
                self._findings.append(Finding("empty", name, advice))

    def _failing(self, name: str, frame: DataFrame) -> Iterator[Finding]:
        """A file of a source that cannot be read, or else its conf's expressions that fail upon a value."""
        for key, error in raw_columns.failing(frame, self._settings.present[name]):
            if read_errors.is_of_file(error):
                kind, what, advice = read_errors.unreadable(error, what=self._raw_name(name))
                yield Finding(kind, name, f"{what}: {advice} (read as {self._settings.format})")
            else:
                yield raw_columns.fails(f"sources.{name}.{key}", error, conf=self._conf)

    def _place(self, file: str) -> str:
        catalog = _CATALOG.fullmatch(self._folder)
        if catalog:
            prefix = f"{catalog['prefix']}_" if catalog["prefix"] else ""
            return f"{catalog['schema']}.{prefix}{file}"
        return f"{self._folder}/{file}"

    def _is_there(self, file: str) -> bool:
        place = self._place(file)
        if _CATALOG.fullmatch(self._folder):
            return self._spark.catalog.tableExists(place)
        try:
            return bool(listed(self._spark, place))
        except (FileNotFoundError, SourceError, *_SPARK_ERRORS) as error:
            return isinstance(error, SourceError)

    def _neighbours(self) -> list[str]:
        folder = Path(self._folder)
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def _raw_name(self, name: str) -> str:
        source = self._settings.present[name]
        return self._place(source.from_) if source.from_ else f"sources.{name}.query"

    def _raise(self, findings: list[Finding]) -> None:
        if findings:
            count = f"{len(findings)} problem{'s' if len(findings) > 1 else ''}"
            raise SourceError(f"the raw tables of region {self._region}: {count}; nothing was written", findings)


def _where(frame: DataFrame, condition: str | None) -> DataFrame:
    """The rows of a source, and all broken ones: what is left of them may not meet a condition that the whole would."""
    is_asked = F.expr(condition or "true")
    if has_bad_rows(frame):
        is_asked = F.when(F.col(BAD_ROW).isNotNull(), True).otherwise(is_asked)
    return frame.where(is_asked)

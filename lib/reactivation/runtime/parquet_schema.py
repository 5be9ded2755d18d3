"""The schema of Parquet files, read from their footers: what Spark takes, what differs by file, what nobody can use."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type
from pyspark.sql.types import DataType, StringType, StructType

from reactivation.errors import Finding, SourceError
from reactivation.runtime.hadoop_files import File

READERS = 8

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_REAL = ("float", "double")
_PLAIN = {"BOOLEAN": "boolean", "INT32": "int", "INT64": "bigint", "INT96": "timestamp", "FLOAT": "float"}
_PLAIN |= {"DOUBLE": "double", "BYTE_ARRAY": "binary"}
_INTEGERS = {(8, True): "tinyint", (16, True): "smallint", (32, True): "int", (64, True): "bigint"}
_INTEGERS |= {(8, False): "smallint", (16, False): "int", (32, False): "bigint", (64, False): "decimal(20,0)"}
_NO_TYPE = "no type"
_COUNTED = {
    "milliseconds with a zone": (10**3, True),
    "milliseconds without a zone": (10**3, False),
    "nanoseconds with a zone": (10**9, True),
    "nanoseconds without a zone": (10**9, False),
}
"""Times read as numbers, for Spark fails upon some of them: how many are a second, and whether it is an instant."""
_TIMES = {"timestamp": "milliseconds with a zone", "timestamp_ntz": "milliseconds without a zone"}
_MICROS = 10**6

Shape = tuple[tuple[str, str], ...]
"""A file's columns in their order: name, type in Spark's words; `!` before what Spark cannot take."""


class Schema(NamedTuple):
    """explicit: what Spark is to be told, or None where it finds out itself. counted: column: its kind of `_COUNTED`.

    unusable: by lower-case name, why a column cannot be used. lacking: the same of columns that some files lack.
    untyped: path of a file: its columns that hold nothing and have no type, as pandas writes them, in lower case.
    """

    explicit: StructType | None
    counted: Mapping[str, str]
    unusable: Mapping[str, str]
    lacking: Mapping[str, str]
    untyped: Mapping[str, frozenset[str]]

    def by_untyped(self, files: Sequence[File]) -> dict[frozenset[str], list[File]]:
        """Files with such columns, by their names."""
        groups: dict[frozenset[str], list[File]] = {}
        for file in files:
            if file.path in self.untyped:
                groups.setdefault(self.untyped[file.path], []).append(file)
        return groups


def of_files(files: Sequence[File]) -> Schema:
    """The columns of all files together, case aside; SourceError names each file that is no whole Parquet file.

    The footer of every file is read by this machine, for one file may differ: some 2 ms of a local file, less than it
    takes to list it; 10 000 files take half a minute, and in a store their latency by `READERS`. What the names of
    folders give is text.
    """
    with ThreadPoolExecutor(READERS) as pool:
        footers = list(pool.map(_footer, files))
    if broken := [footer for footer in footers if isinstance(footer, Finding)]:
        raise SourceError("the files cannot be read", broken)
    known = [(file, footer) for file, footer in zip(files, footers, strict=True) if not isinstance(footer, Finding)]
    shapes: dict[Shape, str] = {}  # the first file of each
    for file, shape in known:
        shapes.setdefault(shape, file.name)
    folders = {unquote(name).lower(): unquote(name) for file in files for name in file.partition_names}
    explicit, counted, unusable = _together(shapes, folders)
    untyped = {shape: frozenset(name.lower() for name, kind in shape if kind == _NO_TYPE) for shape in shapes}
    is_nested = any("<" in kind for shape in shapes for _, kind in shape)
    is_plain = len(shapes) == 1 and is_nested and not any((folders, counted, unusable, *untyped.values()))
    by_file = {file.path: untyped[shape] for file, shape in known if untyped[shape]}
    return Schema(None if is_plain else explicit, counted, unusable, _lacking(shapes), by_file)


def as_time(value: Column, kind: str) -> Column:
    """A number of `_COUNTED` as an instant or a wall clock, cut to microseconds; one beyond them becomes their last."""
    per_second, has_zone = _COUNTED[kind]
    if per_second > _MICROS:
        step = F.lit(per_second // _MICROS)
        whole = F.call_function("div", value, step)
        micros = F.when(value < 0, F.call_function("div", value + 1, step) - 1).otherwise(whole)
    else:
        times = _MICROS // per_second
        most = (2**63 - 1) // times
        nearest = F.greatest(F.least(value, F.lit(most)), F.lit(-most))
        micros = F.when(value.isNotNull(), nearest * times)  # of a null and a number, the number is the least
    instant = F.timestamp_micros(micros)
    return instant if has_zone else instant.cast("timestamp_ntz")  # the session's zone is UTC: see runtime.session


def _together(
    shapes: Mapping[Shape, str], folders: Mapping[str, str]
) -> tuple[StructType, dict[str, str], dict[str, str]]:
    """Of `Schema`, explicit, counted and unusable. shapes: each with a file. folders: names by lower-case name."""
    columns: dict[str, dict[str, str]] = {}  # lower-case name: type: the first file that has it
    spelt: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for shape, file in shapes.items():
        own = [name.lower() for name, _ in shape]
        for name, said in shape:
            key = name.lower()
            columns.setdefault(key, {}).setdefault(said, file)
            spelt.setdefault(key, name)
            if own.count(key) > 1:
                unusable[key] = f"`{key}` stands twice in {file}"
            elif key in folders:
                unusable[key] = f"`{key}` is a column of {file} and a name of its folder: rename one of them"
    explicit, counted = StructType(), {}
    for key, kinds in columns.items():
        kind, name = _common(list(kinds)), spelt[key]
        if key in unusable:
            continue
        if kind in _COUNTED:
            counted[name] = kind
            explicit.add(name, DataType.fromDDL("bigint"))
        elif kind is not None and not kind.startswith("!"):
            explicit.add(name, DataType.fromDDL(kind))
        else:
            found = ", ".join(f"{said.strip('!')} in {file}" for said, file in kinds.items())
            cure = "Spark cannot read that" if kind is not None else "write it with one type in all files"
            unusable[key] = f"`{name}` is {found}: {cure}"
    for key, name in folders.items():
        if key not in columns:
            explicit.add(name, StringType())
    return explicit, counted, unusable


def _lacking(shapes: Mapping[Shape, str]) -> dict[str, str]:
    """Columns that a file lacks and another has, by lower-case name, with both files."""
    own = {shape: {name.lower() for name, _ in shape} for shape in shapes}
    having = {name: shapes[shape] for shape, names in reversed(own.items()) for name in names}
    return {
        name: f"{shapes[shape]} lacks the column, {having[name]} has it"
        for shape, names in own.items()
        for name in having
        if name not in names
    }


def _footer(file: File) -> Shape | Finding:
    try:
        with file.opened() as stream, pq.ParquetFile(pa.PythonFile(stream, mode="r")) as parquet:
            return tuple(_types(parquet))
    except (pa.ArrowException, OSError, PySparkException, Py4JJavaError) as error:
        said = str(error).splitlines()[0]
        return Finding("unreadable", file.path, f"no whole Parquet file: bring it again, whole ({said[:160]})")


def _types(parquet: pq.ParquetFile) -> Iterator[tuple[str, str]]:
    leaves = {column.path: column for column in (parquet.schema.column(i) for i in range(len(parquet.schema.names)))}
    for field in parquet.schema_arrow:
        leaf = leaves.get(field.name)
        if leaf is not None:
            yield field.name, _of_leaf(leaf)
            continue
        try:
            said = from_arrow_type(field.type, prefer_timestamp_ntz=True).simpleString()
            DataType.fromDDL(said)  # some names inside it are none there
            yield field.name, said
        except PySparkException:
            yield field.name, f"!{field.type}"


def _of_leaf(leaf: Any) -> str:
    logical = json.loads(leaf.logical_type.to_json())
    kind = logical["Type"]
    if kind == "Timestamp":
        is_instant = logical["isAdjustedToUTC"]
        counted = f"{logical['timeUnit']} {'with' if is_instant else 'without'} a zone"
        if counted in _COUNTED:
            return counted
        return "timestamp" if is_instant else "timestamp_ntz"
    if kind == "Decimal":
        return f"decimal({logical['precision']},{logical['scale']})"
    if kind == "Int":
        return _INTEGERS[logical["bitWidth"], logical["isSigned"]]
    known = {"Date": "date", "String": "string", "Enum": "string", "JSON": "string", "BSON": "binary", "None": ""}
    known |= {"Null": _NO_TYPE, "Unknown": _NO_TYPE}
    found = known.get(kind, f"!{kind}")
    return found or _PLAIN.get(leaf.physical_type, f"!{leaf.physical_type}")


def _common(kinds: Sequence[str]) -> str | None:
    """The type that holds the values of all; None where there is none. What no file gives a type is text."""
    kinds = [kind for kind in kinds if kind != _NO_TYPE] or ["string"]
    if len(kinds) == 1:
        return kinds[0]
    for time, counted in _TIMES.items():
        if set(kinds) == {time, counted}:
            return time
    for ladder in (_WHOLE, _REAL):
        if set(kinds) <= set(ladder):
            return max(kinds, key=ladder.index)
    return None

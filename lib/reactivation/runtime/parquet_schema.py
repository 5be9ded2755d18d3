"""The schema of Parquet files, read from their footers: what Spark takes, what differs by file, what nobody can use."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_type
from pyspark.sql.types import DataType, StructType

from reactivation.errors import Finding, SourceError
from reactivation.runtime.hadoop_files import File

MOST_FOOTERS = 200
"""Of more files so many are looked at, evenly spread; Spark tells of the others as it reads them."""
READERS = 8

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_REAL = ("float", "double")
_PLAIN = {"BOOLEAN": "boolean", "INT32": "int", "INT64": "bigint", "INT96": "timestamp", "FLOAT": "float"}
_PLAIN |= {"DOUBLE": "double", "BYTE_ARRAY": "binary"}
_INTEGERS = {(8, True): "tinyint", (16, True): "smallint", (32, True): "int", (64, True): "bigint"}
_INTEGERS |= {(8, False): "smallint", (16, False): "int", (32, False): "bigint", (64, False): "decimal(20,0)"}
_NO_TYPE = "no type"
_NANOSECONDS = ("nanoseconds with a zone", "nanoseconds without a zone")


class Schema(NamedTuple):
    """explicit: what Spark is to be told, or None where it finds out itself. nanoseconds: column: it is an instant.

    unusable: by lower-case name, why a column cannot be used. lacking: the same of columns that some files lack.
    untyped: path of a file: its columns that hold nothing and have no type, as pandas writes them.
    """

    explicit: StructType | None
    nanoseconds: Mapping[str, bool]
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
    """The columns of all files together; SourceError names each file that is no whole Parquet file."""
    step = max(1, -(-len(files) // MOST_FOOTERS))
    seen = files[::step]
    with ThreadPoolExecutor(READERS) as pool:
        footers = list(pool.map(_footer, seen))
    if broken := [footer for footer in footers if isinstance(footer, Finding)]:
        raise SourceError("the files cannot be read", broken)
    known = [(file, footer) for file, footer in zip(seen, footers, strict=True) if not isinstance(footer, Finding)]
    types: dict[str, dict[str, str]] = {}  # column: type: the first file that has it
    for file, footer in known:
        for name, said in footer.items():
            types.setdefault(name, {}).setdefault(said, file.name)
    untyped = {file.path: frozenset(name for name in footer if footer[name] == _NO_TYPE) for file, footer in known}
    untyped = {path: names for path, names in untyped.items() if names}
    lacking = {
        name.lower(): f"{file.name} lacks the column, {next(iter(types[name].values()))} has it"
        for file, footer in known
        for name in types
        if name.lower() not in {own.lower() for own in footer}
    }
    is_plain = len({tuple(footer.items()) for _, footer in known}) == 1 and not untyped
    explicit = StructType()
    nanoseconds: dict[str, bool] = {}
    unusable: dict[str, str] = {}
    for name, kinds in types.items():
        kind = _common(list(kinds))
        if kind in _NANOSECONDS:
            nanoseconds[name] = kind == _NANOSECONDS[0]
            explicit.add(name, DataType.fromDDL("bigint"))
        elif kind is not None and not kind.startswith("!"):
            explicit.add(name, DataType.fromDDL(kind))
        else:
            found = ", ".join(f"{said.strip('!')} in {file}" for said, file in kinds.items())
            cure = "Spark cannot read that" if kind is not None else "write it with one type in all files"
            unusable[name.lower()] = f"`{name}` is {found}: {cure}"
    is_nested = any("<" in kind for kinds in types.values() for kind in kinds)
    is_plain = is_plain and is_nested and not nanoseconds and not unusable  # else Spark need not look itself
    return Schema(None if is_plain else explicit, nanoseconds, unusable, lacking, untyped)


def as_microseconds(value: Column, *, has_zone: bool) -> Column:
    """Nanoseconds since 1970 as an instant or a wall clock, cut to microseconds."""
    instant = F.timestamp_micros(((value - F.pmod(value, F.lit(1000))) / F.lit(1000)).cast("bigint"))
    return instant if has_zone else instant.cast("timestamp_ntz")  # the session's zone is UTC: see runtime.session


def _footer(file: File) -> dict[str, str] | Finding:
    """The types of a file's columns, in Spark's words; `!` before what Spark cannot take."""
    try:
        with file.opened() as stream, pq.ParquetFile(pa.PythonFile(stream, mode="r")) as parquet:
            return dict(_types(parquet))
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
            yield field.name, from_arrow_type(field.type, prefer_timestamp_ntz=True).simpleString()
        except PySparkException:
            yield field.name, f"!{field.type}"


def _of_leaf(leaf: Any) -> str:
    logical = json.loads(leaf.logical_type.to_json())
    kind = logical["Type"]
    if kind == "Timestamp":
        is_instant = logical["isAdjustedToUTC"]
        if logical["timeUnit"] == "nanoseconds":
            return _NANOSECONDS[0 if is_instant else 1]
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
    for ladder in (_WHOLE, _REAL):
        if set(kinds) <= set(ladder):
            return max(kinds, key=ladder.index)
    return None

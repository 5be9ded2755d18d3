"""A region's raw columns against a contract, before a row is taken: what is missing, misspelt or of no use."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from unicodedata import category

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import table
from reactivation.contracts.canonical import ATTRIBUTES
from reactivation.contracts.table import Table
from reactivation.errors import Finding, nearest
from reactivation.frames import BAD_ROW, own_columns
from reactivation.ingest import casting
from reactivation.ingest.mapping import chosen, columns_of, given, must_be_given
from reactivation.ingest.settings import SourceSettings


class OpenedFiles(Protocol):
    """Files opened as one table: see `runtime.tabular_files`."""

    @property
    def unusable(self) -> Mapping[str, str]: ...
    @property
    def lacking(self) -> Mapping[str, str]: ...


def problems(
    frame: DataFrame,
    table: Table,
    expressions: Mapping[str, str],
    *,
    raw: str,
    conf: str,
    files: OpenedFiles | None = None,
) -> list[Finding]:
    """Every column that is missing, does not resolve, or can never become the contract's type; empty where all is well.

    So is one that nobody gives where a raw column is spelt nearly so: it would be null without a word. raw: what the
    frame was read from. conf: file whose `sources.<table>.columns` would mend it. files: what was opened, where it was
    files.
    """
    texts = {c.name: expressions.get(c.name, c.name) for c in columns_of(table)}
    barred = [
        Finding("unusable column", f"{table.name}.{column}", f"{raw}: {why}")
        for name, why in (_unusable(files, frame, table, expressions) if files else {}).items()
        for column, text in texts.items()
        if _names(text, name)
    ]
    if barred:
        return barred
    known = chosen(frame, table, expressions)
    try:
        columns = given(frame, table, expressions)
        _castable(columns, table)
        kinds = [(columns.schema[c.name].dataType, c.type) for c in columns_of(table)]
        is_castable = not any(casting.is_epoch(*kind) or casting.is_nested(*kind) for kind in kinds)
    except PySparkException:
        is_castable = False
    if is_castable:
        missing = [c for c in columns_of(table) if c.name not in known]
        if not any(must_be_given(table, c) for c in missing):
            return [*_misspelt(frame, table, missing, raw=raw, conf=conf)]
    found = [_problem(frame, table, column, expressions, raw=raw, conf=conf) for column in columns_of(table)]
    told = [finding for finding in found if finding is not None]
    optional = [c for c in columns_of(table) if c.name not in known and not must_be_given(table, c)]
    return [*told, *_misspelt(frame, table, optional, raw=raw, conf=conf)]


def rounded_ids(frame: DataFrame, table: Table, expressions: Mapping[str, str], *, raw: str) -> Iterator[Finding]:
    """Ids that came as floating numbers and are too large for them: their last digits are lost. raw: see `problems`."""
    columns = given(frame, table, expressions)
    kinds = {c.name: columns.schema[c.name].dataType for c in columns_of(table) if c.name.endswith("_id")}
    for name, kind in kinds.items():
        if casting.is_floating(kind) and not columns.where(casting.has_lost_digits(F.col(name), kind)).isEmpty():
            advice = (
                "ids beyond 2^53 as floating numbers have lost their last digits; write them as integers or as text"
            )
            yield Finding("rounded ids", f"{table.name}.{name}", f"{raw}: {advice}")


def failing(frame: DataFrame, source: SourceSettings) -> Iterator[tuple[str, Exception]]:
    """What cannot be read to the end: the rows themselves, or else expressions: by key of the source, its error."""
    whole = {"where" if source.query is None else "query": "struct(*)"}
    for texts in (whole, source.expressions):
        failed = False
        for name, text in texts.items():
            try:
                frame.select(F.expr(text)).write.format("noop").mode("overwrite").save()
            except (PySparkException, Py4JJavaError) as error:
                failed = True
                yield name if texts is whole or name in ATTRIBUTES else f"columns.{name}", error
        if failed:
            return


def fails(key: str, error: Exception, *, conf: str) -> Finding:
    """An expression of conf that no value may break: a bad row is counted, an error stops all."""
    cure = "try_cast, try_to_date, try_to_timestamp or try_divide makes it a bad row"
    return Finding("expression", key, f"fails upon a value: {first_line(error)} Change it in {conf}: {cure}")


def first_line(error: Exception) -> str:
    """What Spark says in its first sentence, without its error class; of a chain of errors, the last cause's."""
    said = re.search(r"\[[A-Z_0-9.]+\] (?P<text>[^\n]*)", str(error))
    text = said["text"] if said else next(iter(str(error).strip().splitlines()), type(error).__name__)
    return text.split(" SQLSTATE")[0].strip()


def condition(error: Exception) -> str:
    """Spark's error class, where it gives one."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""


def parameters(error: Exception) -> dict[str, str]:
    """What Spark's error names: columns, proposals."""
    return dict(error.getMessageParameters() or {}) if isinstance(error, PySparkException) else {}


def proposals(error: Exception) -> list[str]:
    """Columns that Spark's error proposes in place of the one it does not find."""
    named = [part.strip().replace("`", "") for part in parameters(error).get("proposal", "").split(",")]
    return [name for name in named if name and name != BAD_ROW]


def unresolved_column(error: Exception) -> str | None:
    """The column that an expression names and the table does not have."""
    if condition(error).startswith("UNRESOLVED_COLUMN"):
        return str(parameters(error).get("objectName", "")).replace("`", "")
    return None


def _castable(given: DataFrame, table: Table) -> None:
    """Raise Spark's error where a column can never become the contract's type."""
    given.select(*[F.col(c.name).try_cast(c.type) for c in columns_of(table)])


def _unusable(files: OpenedFiles, frame: DataFrame, table: Table, expressions: Mapping[str, str]) -> dict[str, str]:
    """Why columns cannot be used, by lower-case name: those of `files`, and some that only a part of the files has.

    These are null for all rows of a file that lacks them. That is refused where the contract requires a value, or where
    another column is spelt nearly so: it may be the same one. Other columns may have begun with a later file.
    """
    texts = chosen(frame, table, expressions)
    asked = " ".join(texts.get(c.name, "") for c in columns_of(table) if must_be_given(table, c))
    spellings = [_plain(name) for name in frame.columns]
    barred = {
        name: why for name, why in files.lacking.items() if _names(asked, name) or spellings.count(_plain(name)) > 1
    }
    return {**files.unusable, **barred}


def _names(text: str, column: str) -> bool:
    """True where an expression may name a column: outside quotes, case aside."""
    return bool(re.search(rf"(?<!\w){re.escape(column)}(?!\w)", re.sub(r"'[^']*'", "''", text.lower())))


def _plain(name: str) -> str:
    """A column's name without what people spell in several ways, or do not see: case, spaces, `_`, `-`, no width."""
    return "".join(mark for mark in re.sub(r"[\s_-]", "", name) if category(mark) != "Cf").lower()


def _misspelt(
    frame: DataFrame, table: Table, missing: Sequence[table.Column], *, raw: str, conf: str
) -> Iterator[Finding]:
    """Columns that nobody gives, where the raw table has one that is spelt nearly so. missing: columns not given."""
    for column in missing:
        if near := next((name for name in frame.columns if _plain(name) == _plain(column.name)), None):
            key = f"sources.{table.name}.columns.{column.name} in {conf}"
            advice = f'{raw} has `{near}`, which is not taken: map it with {key}, or say "null" there'
            yield Finding("misspelt column", f"{table.name}.{column.name}", advice)


def _hint(name: str, known: Sequence[str]) -> str:
    hint = nearest(name, known)
    return hint if not hint or hint.endswith("?") else f"{hint}."


def _problem(
    frame: DataFrame,
    table: Table,
    column: table.Column,
    expressions: Mapping[str, str],
    *,
    raw: str,
    conf: str,
) -> Finding | None:
    what = f"{table.name}.{column.name}"
    place = column.name if column.name in ATTRIBUTES else f"columns.{column.name}"
    key = f"sources.{table.name}.{place} in {conf}"
    expression = chosen(frame, table, expressions).get(column.name)
    if expression is None:
        if not must_be_given(table, column):
            return None
        hint = _hint(column.name, own_columns(frame))
        return Finding("missing column", what, f"{raw} has no `{column.name}`: {hint} Map it with {key}")
    try:
        given = frame.select(F.expr(expression).alias("x"))
        found = given.schema["x"].dataType.simpleString()
    except PySparkException as error:
        name = unresolved_column(error)
        if name is not None:
            hint = _hint(name, own_columns(frame))
            return Finding("missing column", what, f"{raw} has no `{name}`: {hint} Change {key}")
        return Finding("expression", what, f"`{expression}`: {first_line(error)} Change {key}")
    return _wrong_type(given, column, what, f"`{expression.strip('`')}` in {raw} is {found}", key)


def _wrong_type(given: DataFrame, column: table.Column, what: str, said: str, key: str) -> Finding | None:
    """given: the column as `x`. said: what it is, and where."""
    if casting.is_epoch(given.schema["x"].dataType, column.type):
        cure = "for example timestamp_millis(…) or timestamp_seconds(…)"
        advice = f"{said}: a number is no time until its unit is told, {cure}. Change {key}"
        return Finding("number as time", what, advice)
    wrong = Finding("wrong type", what, f"{said}, never {column.type}. Change {key}")
    try:
        given.select(F.col("x").try_cast(column.type))
    except PySparkException:
        return wrong
    return wrong if casting.is_nested(given.schema["x"].dataType, column.type) else None

"""Expressions of conf: Spark SQL over the columns of a table, tried before they are used."""

from collections.abc import Sequence

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, SettingsError

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "boolean")


def condition(table: DataFrame, expression: str, *, key: str) -> Column:
    """The expression as a column that is true or false; what it does not know (null) counts as false.

    key: path of the expression in conf, named by the SettingsError where it does not resolve or is no condition.
    """
    found = _type_of(table, expression, key=key)
    if found != "boolean":
        raise SettingsError(
            f"conf `{key}` is no condition", [Finding("type", expression, f"found: {found}; write a comparison")]
        )
    return F.coalesce(F.expr(expression), F.lit(False))


def number(table: DataFrame, expression: str, *, key: str) -> Column:
    """The expression as a DOUBLE, true being 1.

    key: path of the expression in conf, named by the SettingsError where it does not resolve or is no number.
    """
    found = _type_of(table, expression, key=key)
    if not (found in _NUMBERS or found.startswith("decimal")):
        advice = f"found: {found}; write a number, such as a count or days: `datediff(…, …)`"
        raise SettingsError(f"conf `{key}` is no number", [Finding("type", expression, advice)])
    return F.expr(expression).cast("double")


def problems(table: DataFrame, asked: Sequence[tuple[str, bool]]) -> list[str | None]:
    """Why each expression is no number, or no condition, over the table, in words; None where it is one.

    asked: expressions, and whether a number is wanted. One plan for all of them, and one for each where some do not
    resolve.
    """
    try:
        fields = table.select(*[F.expr(text) for text, _ in asked]).schema.fields
    except AnalysisException as error:
        return [_first_line(error)] if len(asked) == 1 else [one for each in asked for one in problems(table, [each])]
    found = [field.dataType.simpleString() for field in fields]
    return [_wrong_type(kind, is_number=is_number) for kind, (_, is_number) in zip(found, asked, strict=True)]


def _wrong_type(found: str, *, is_number: bool) -> str | None:
    is_fine = (found in _NUMBERS or found.startswith("decimal")) if is_number else found == "boolean"
    return None if is_fine else f"is {found}, must be a {'number' if is_number else 'condition'}"


def _type_of(table: DataFrame, expression: str, *, key: str) -> str:
    try:
        return table.select(F.expr(expression)).schema[0].dataType.simpleString()
    except AnalysisException as error:
        advice = f"{_first_line(error)} It may use: {', '.join(table.columns)}"
        raise SettingsError(
            f"conf `{key}` is no expression over its table", [Finding("not resolved", expression, advice)]
        ) from None


def _first_line(error: AnalysisException) -> str:
    return (error.getMessage() or str(error)).strip().splitlines()[0]

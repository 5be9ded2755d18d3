"""Expressions of conf: Spark SQL over the columns of a table, tried before they are used."""

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


def problem(table: DataFrame, expression: str, *, is_number: bool) -> str | None:
    """Why the expression is no number, or no condition, over the table, in words; None where it is one."""
    try:
        found = table.select(F.expr(expression)).schema[0].dataType.simpleString()
    except AnalysisException as error:
        return _first_line(error)
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

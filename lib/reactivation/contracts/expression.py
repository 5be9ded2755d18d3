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


def _type_of(table: DataFrame, expression: str, *, key: str) -> str:
    try:
        return table.select(F.expr(expression)).schema[0].dataType.simpleString()
    except AnalysisException as error:
        lines = (error.getMessage() or str(error)).strip().splitlines()
        raise SettingsError(
            f"conf `{key}` is no expression over its table",
            [Finding("not resolved", expression, f"{lines[0]} It may use: {', '.join(table.columns)}")],
        ) from None

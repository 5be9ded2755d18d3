"""Expressions of conf: Spark SQL over the columns of a table, tried before they are used."""

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.errors import Finding, SettingsError


def condition(table: DataFrame, expression: str, *, key: str) -> Column:
    """The expression as a column that is true or false; what it does not know (null) counts as false.

    key: path of the expression in conf, named by the SettingsError where it does not resolve or is no condition.
    """
    try:
        found = table.select(F.expr(expression)).schema[0].dataType.simpleString()
    except AnalysisException as error:
        lines = (error.getMessage() or str(error)).strip().splitlines()
        raise SettingsError(
            f"conf `{key}` is no expression over its table",
            [Finding("not resolved", expression, f"{lines[0]} It may use: {', '.join(table.columns)}")],
        ) from None
    if found != "boolean":
        raise SettingsError(
            f"conf `{key}` is no condition", [Finding("type", expression, f"found: {found}; write a comparison")]
        )
    return F.coalesce(F.expr(expression), F.lit(False))

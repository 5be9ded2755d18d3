"""Tables that another contract made: what their rows say today, and what a write may change in their columns."""

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from reactivation.contracts.table import CONTRACT_VERSION, Column, Table
from reactivation.errors import ContractError, Finding
from reactivation.runtime.contract_rules import is_held

VERSION = "reactivation.contract_version"
"""Property of a table: the version of the contracts that made it. A table of 0.1.0 has none, which means 1."""
VERSION_OF_FOLDER = f"delta.{VERSION}"
"""The same in a folder: a write that makes a table gives it properties of this beginning alone."""


def version_of(properties: Mapping[str, str]) -> int:
    """The contract version of a table's properties."""
    return max(int(properties.get(name, "1")) for name in (VERSION, VERSION_OF_FOLDER))


def require_same(contract: Table, stored: StructType, properties: Callable[[], Mapping[str, str]]) -> None:
    """ContractError where a stored table has columns or types that the contract does not have."""
    findings = contract.differences(stored, is_stored=True)
    if findings:
        version = version_of(properties())
        newer = f"it knows {CONTRACT_VERSION}: take the release that wrote it"
        later = [Finding("version", str(version), newer)] if version > CONTRACT_VERSION else []
        raise ContractError(f"`{contract.name}` was made by another contract than this release's", later or findings)


def as_today(
    rows: DataFrame, contract: Table, *, properties: Callable[[], Mapping[str, str]], say: Callable[[str], None]
) -> DataFrame:
    """The rows of a stored table with all columns of today's contract.

    A column that the table does not have is null, or has the value that the contract names for old rows; so it does in
    rows that were written before the table had it. say: tells what the table lacks.
    """
    gained = contract.gained(rows.schema)
    if gained:
        say(f"has no {', '.join(map(_told, gained))} yet: the next write adds what is missing")
        rows = rows.select("*", *[F.lit(c.for_old_rows).cast(c.type).alias(c.name) for c in gained])
    names = {field.name for field in rows.schema if field.nullable}
    filled = [c for c in contract.columns if c.for_old_rows is not None and c.name in names and c not in gained]
    if not filled:
        return rows
    held = properties()
    older = [c for c in filled if not is_held(held, c.name, c.rule)]
    return rows.withColumns({c.name: F.coalesce(c.name, F.lit(c.for_old_rows).cast(c.type)) for c in older})


def options(
    new: StructType, contract: Table, stored: StructType, *, properties: Callable[[], Mapping[str, str]]
) -> tuple[dict[str, str], str]:
    """Options of a write to a table that another contract may have made, and what to tell of it; often nothing.

    Columns that the table lacks are added. An open table with other types is made again. All else is refused.
    """
    types = {field.name: field.dataType for field in stored}
    retyped = [field.name for field in new if types.get(field.name, field.dataType) != field.dataType]
    if retyped and contract.is_open:
        return {"overwriteSchema": "true"}, f"is made again: another release gave {', '.join(retyped)} other types"
    require_same(contract, stored, properties)
    added = [field.name for field in new if field.name not in types]
    gained = {column.name: column for column in contract.columns}
    told = ", ".join(_told(gained[name]) if name in gained else name for name in added)
    return ({"mergeSchema": "true"}, f"gets {told} in old rows") if added else ({}, "")


def _told(column: Column) -> str:
    return f"{column.name} ({'null' if column.for_old_rows is None else column.for_old_rows})"

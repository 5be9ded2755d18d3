"""Table and Column: the two words in which every contract is written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from reactivation.errors import Finding

MONEY = "decimal(18,2)"
CONTRACT_VERSION = 2
"""Version of all contracts. 1 is release 0.1.0; a table says which one made it, 1 where it says none."""


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    type: Spark SQL type. unit: what one unit of a number is (`CNY`, `days`, `users`).
    required: never null. allowed: the only values there may be. minimum: the smallest value there may be.
    for_old_rows: of a column that the contract gained: its value in rows that were written before. A required column
    that is gained needs one; without it, old rows are null. was: types of older contracts, which a migration casts.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    for_old_rows: str | int | bool | None = None
    was: tuple[str, ...] = ()

    @cached_property
    def data_type(self) -> DataType:
        return DataType.fromDDL(self.type)

    @property
    def field(self) -> StructField:
        return StructField(self.name, self.data_type, nullable=not self.required)

    @property
    def rule(self) -> str | None:
        """SQL that is true where the contract allows the value, never null; None where it allows every value.

        >>> Column("tier", "string", "", required=True, allowed=("high", "low")).rule
        "`tier` is not null and `tier` in ('high', 'low')"
        >>> Column("amount", "bigint", "", minimum=0).rule
        '`amount` is null or (`amount` >= 0)'
        """
        name = f"`{self.name}`"
        bounds = [f"{name} in ({', '.join(repr(value) for value in self.allowed)})"] if self.allowed else []
        bounds += [] if self.minimum is None else [f"{name} >= {self.minimum}"]
        if self.required:
            return " and ".join([f"{name} is not null", *bounds])
        return f"{name} is null or ({' and '.join(bounds)})" if bounds else None

    @property
    def is_allowed(self) -> SparkColumn:
        """True where the column's value is one the contract allows; null counts as allowed unless `required`."""
        return F.lit(True) if self.rule is None else F.expr(self.rule)


@dataclass(frozen=True)
class Table:
    """One table's contract.

    place: `warehouse` for canonical and derived tables. grain: what one row is, in words.
    key: columns that identify a row. partition_by: columns whose values a re-run replaces as a whole.
    is_open: further columns may follow those declared (features and activity get theirs from conf).
    removed: columns of older contracts, which a migration drops.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    is_open: bool = False
    is_append_only: bool = False
    place: str = "warehouse"
    removed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in (*self.key, *self.partition_by) if name not in self.column_names]
        if unknown:
            raise ValueError(f"`{self.name}` has no columns {unknown} that its key or partition names")

    @property
    def is_by_arrival(self) -> bool:
        """True where a part is a month of arrival."""
        return self.partition_by == ("arrival_cycle",)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> StructType:
        return StructType([column.field for column in self.columns])

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def extended(self, columns: Iterable[Column]) -> "Table":
        """The same contract with further columns at its end."""
        return replace(self, columns=(*self.columns, *columns))

    def select(self, table: DataFrame) -> DataFrame:
        """Close a step: exactly the contract's columns, in order and type."""
        return table.select(*[F.col(column.name).cast(column.type) for column in self.columns])

    @property
    def rules(self) -> dict[str, str]:
        """The rule of each column that has one, by its name."""
        return {column.name: column.rule for column in self.columns if column.rule is not None}

    def gained(self, found: StructType) -> list[Column]:
        """Columns that a table made by an older contract does not have, and whose value in its rows is known."""
        has_value = [column for column in self.columns if column.for_old_rows is not None or not column.required]
        return [column for column in has_value if column.name not in found.names]

    def differences(self, found: StructType, *, is_stored: bool = False) -> list[Finding]:
        """What a schema lacks or has otherwise than the contract says; empty where it keeps the contract.

        is_stored: the schema of a stored table, which may be older than the contract: see `gained`. What an older
        contract had and this one does not is for `migrate_tables`.
        """
        have = {field.name: field.dataType for field in found}
        gained = self.gained(found) if is_stored else []
        missing = [
            Finding("missing", f"{c.name}: {c.type}", f"found: {', '.join(have) or 'no columns at all'}")
            for c in self.columns
            if c.name not in have and c not in gained
        ]
        retyped = [
            Finding("type", f"{c.name}: {c.type}", f"found: {kind}{self._migration(kind in c.was) * is_stored}")
            for c in self.columns
            if c.name in have and have[c.name] != c.data_type
            for kind in [have[c.name].simpleString()]
        ]
        unknown = "`{}` has no such column: drop it or declare it"
        extra = [
            Finding("not known", name, unknown.format(self.name) if not is_stored else self._left_over(name))
            for name in have
            if name not in self.column_names and not self.is_open
        ]
        return [*missing, *retyped, *extra]

    def _left_over(self, name: str) -> str:
        return f"`{self.name}` has no such column{self._migration(name in self.removed)}"

    @staticmethod
    def _migration(is_known: bool) -> str:
        """What to do about a stored column of another contract, as the end of a sentence."""
        if is_known:
            return ": an older release made it so; run jobs/migrate_tables.py"
        return ": jobs/migrate_tables.py knows no way from there; take the release that wrote it"

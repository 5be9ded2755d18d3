"""A run that sees the rows of one user alone: what a job decides of everybody, asked of one."""

from dataclasses import dataclass, fields
from typing import Any, Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.table import Table
from reactivation.runtime.run import Run


@dataclass(frozen=True)
class OneUser(Run):
    """Reads of each table with users only those of `user_id`, where the files are read; writes nothing of its own."""

    user_id: int = 0

    @classmethod
    def of(cls, r: Run, user_id: int, **changes: Any) -> Self:
        """The same run for one user. changes: other values of its fields."""
        same = {field.name: getattr(r, field.name) for field in fields(Run)}
        return cls(**{**same, "_written": [], **changes}, user_id=user_id)

    def read(self, table: Table, where: Column | None = None) -> DataFrame:
        """As `Run.read`, of the user."""
        rows = super().read(table, where)
        return rows.where(F.col("user_id") == self.user_id) if "user_id" in rows.columns else rows

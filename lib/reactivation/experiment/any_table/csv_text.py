"""Rows of a contract as CSV text."""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from reactivation.contracts.table import Table


def as_csv(table: Table, rows: Iterable[Mapping[str, Any]]) -> str:
    """A header and the rows, in the contract's order of columns; what is not known is an empty field."""
    text = StringIO()
    writer = csv.DictWriter(text, table.column_names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

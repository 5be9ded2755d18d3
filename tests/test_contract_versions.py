"""What older contracts made stays readable: columns may be gained, and one that goes or changes names its migration."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reactivation.contracts import canonical, derived
from reactivation.contracts.table import CONTRACT_VERSION, Column, Table

pytestmark = pytest.mark.numbers

TODAY = {table.name: table for table in (*canonical.ALL, *derived.ALL)}
OLDER = {
    version: json.loads((Path(__file__).parent / "data" / "contracts" / f"version_{version}.json").read_text("utf-8"))
    for version in range(1, CONTRACT_VERSION)
}
"""Column types by table, as the release of that version had them."""

TABLE = Table("t", "one row", (), (Column("kept", "string", ""), Column("size", "bigint", "", required=True)))
OLD = {"kept": "string", "size": "bigint"}


def problems(table: Table, old: Mapping[str, str]) -> list[str]:
    """What of an older contract's table today's cannot open, nor a migration move."""
    now = {column.name: column for column in table.columns}
    return [
        *[
            f"{table.name}.{name} is required and new: say its value in rows that are there with `for_old_rows`"
            for name, column in now.items()
            if name not in old and column.required and column.for_old_rows is None
        ],
        *[
            f"{table.name}.{name} was {kind}: name that type in `was`"
            for name, kind in old.items()
            if name in now and kind not in (now[name].type, *now[name].was)
        ],
        *[
            f"{table.name}.{name} is gone: name it in `removed`"
            for name in old
            if name not in now and name not in table.removed
        ],
    ]


@pytest.mark.parametrize("version", OLDER)
def test_tables_of_older_contracts_open_or_have_a_migration(version: int) -> None:
    found = [p for name, old in OLDER[version].items() if name in TODAY for p in problems(TODAY[name], old)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (TABLE, []),
        (TABLE.extended([Column("new", "string", "")]), []),
        (TABLE.extended([Column("new", "int", "", required=True)]), ["t.new is required and new"]),
        (TABLE.extended([Column("new", "int", "", required=True, for_old_rows=1)]), []),
        (replace(TABLE, columns=TABLE.columns[1:]), ["t.kept is gone"]),
        (replace(TABLE, columns=TABLE.columns[1:], removed=("kept",)), []),
        (replace(TABLE, columns=(TABLE.columns[0], Column("size", "int", ""))), ["t.size was bigint"]),
        (replace(TABLE, columns=(TABLE.columns[0], Column("size", "int", "", was=("bigint",)))), []),
    ],
)
def test_the_rule_sees_what_an_older_table_cannot_follow(table: Table, found: list[str]) -> None:
    said = problems(table, OLD)
    assert len(said) == len(found)
    assert all(text.startswith(start) for text, start in zip(said, found, strict=True))

"""What `build_features` still has to do."""

from types import SimpleNamespace
from typing import Any

import pytest
from jobs.build_features import to_do

from conftest import Rows
from reactivation.periods import Month
from reactivation.tables import derived

pytestmark = pytest.mark.rules

MONTHS = [Month.parse("2026-03"), Month.parse("2026-04"), Month.parse("2026-05")]


@pytest.mark.parametrize(
    ("held", "force", "always", "expected"),
    [
        (None, False, None, ["2026-03", "2026-04", "2026-05"]),  # the table does not exist yet
        (["2026-03", "2026-04"], False, None, ["2026-05"]),
        (["2026-03", "2026-05"], False, "2026-05", ["2026-04", "2026-05"]),  # the newest is always made again
        (["2026-03", "2026-04", "2026-05"], False, None, []),
        (["2026-03", "2026-04", "2026-05"], True, None, ["2026-03", "2026-04", "2026-05"]),
    ],
)
def test_what_is_there_is_not_made_again_unless_forced(
    rows: Rows, held: list[str] | None, force: bool, always: str | None, expected: list[str]
) -> None:
    def read(_: Any) -> Any:
        return rows(derived.LABELS, ["cycle", "user_id"], [(month, user) for month in held or [] for user in (1, 2)])

    run: Any = SimpleNamespace(force=force, has=lambda _: held is not None, read=read)
    newest = Month.parse(always) if always else None
    assert [str(month) for month in to_do(run, derived.LABELS, MONTHS, always=newest)] == expected

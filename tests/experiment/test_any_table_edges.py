"""What cannot be said of a table, or only in part: the right words, and no number that poses as a finding."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiment.drawn import SETTINGS, drawn, read, spec
from reactivation.experiment.any_table import analyze

pytestmark = pytest.mark.numbers


def edge(changes: Mapping[str, Any], *, users: int = 600) -> pd.DataFrame:
    """A table in which one column was made what `changes` says, for all users or for some."""
    table = drawn(users).astype({"came": object, "spend": float, "arm": object})
    for name, (where, value) in changes.items():
        table.loc[where(table), name] = value
    return table


EDGES: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "zero events",
        {"came": (lambda t: t["arm"] != "", False)},
        "came",
        "not_estimable",
        "too few: 0.0 expected events",
    ),
    ("all events", {"came": (lambda t: t["arm"] != "", True)}, "came", "not_estimable", "0.0 expected non-events"),
    ("nothing varies", {"spend": (lambda t: t["arm"] != "", 3.0)}, "spend", "not_estimable", "nothing varies"),
    (
        "all null",
        {"spend": (lambda t: t["arm"] != "", np.nan)},
        "spend",
        "not_estimable",
        "known of nobody in `yes` and",
    ),
    ("arm null", {"spend": (lambda t: t["arm"] == "no", np.nan)}, "spend", "not_estimable", "known of nobody in `no`"),
    (
        "infinite",
        {"spend": (lambda t: t.index == 4, np.inf)},
        "spend",
        "not_estimable",
        "infinite or no numbers: 1 in `yes`",
    ),
    ("no rate", {"came": (lambda t: t.index == 5, 2)}, "came", "not_estimable", "neither 0 nor 1: 1 in `no`"),
    ("large", {"spend": (lambda t: t.index == 4, 1e120)}, "spend", "estimated", "no smallest effect of interest"),
    ("huge", {"spend": (lambda t: t.index == 4, 1e200)}, "spend", "not_estimable", "squares cannot be summed"),
    (
        "some null",
        {"spend": (lambda t: t.index < 10, np.nan)},
        "spend",
        "estimated",
        "10 rows whose outcome is not known",
    ),
    (
        "half an arm null",
        {"came": (lambda t: (t["arm"] == "no") & (t.index < 300), None)},
        "came",
        "withheld",
        "lost unequal",
    ),
    (
        "other arm",
        {"arm": (lambda t: t.index == 7, "maybe")},
        "came",
        "withheld",
        "in 1 of 600 rows: `shares` does not name `maybe`",
    ),
    ("no arm", {"arm": (lambda t: t.index == 7, None)}, "came", "withheld", "in 1 of 600 rows: `arm` is null"),
    ("empty arm", {"arm": (lambda t: t["arm"] == "no", "yes")}, "spend", "not_estimable", "known of nobody in `no`"),
]


@pytest.mark.parametrize(("name", "changes", "metric", "status", "words"), EDGES, ids=[case[0] for case in EDGES])
def test_edges_have_words_and_no_number_that_poses_as_a_finding(
    name: str, changes: dict[str, Any], metric: str, status: str, words: str
) -> None:
    row = read(edge(changes), spec(covariates=["before"], strata=["town"]))["yes_vs_no", metric, "all"]
    assert row["status"] == status
    assert words in row["reason"]
    if status != "estimated":
        assert [row[n] for n in ("difference", "difference_low", "ratio", "p_value")] == [None] * 4
        assert row["verdict"] == status.replace("_", " ")


def test_one_user_in_an_arm_and_nobody_at_all_have_words() -> None:
    table = drawn(600)
    alone = pd.concat([table[table["arm"] == "yes"], table[table["arm"] == "no"].head(1)])
    found = read(alone, spec(shares={"yes": 300, "no": 1}))
    assert "one user alone in `no`" in found["yes_vs_no", "spend", "all"]["reason"]
    assert found["yes_vs_no", "came", "all"]["status"] == "not_estimable"
    for looks in (1, {"tuning": 4_000}):
        nobody = analyze((), spec(covariates=["before"], strata=["town"], looks=looks), settings=SETTINGS)
        assert {row["status"] for row in nobody.rows} == {"not_estimable"}

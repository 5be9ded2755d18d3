"""Who counts as untouched, and for how many each of them speaks."""

from typing import Any

import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation.campaign.tiers import untouched
from reactivation.contracts import derived

pytestmark = pytest.mark.rules

ARMS = ["user_id", "cycle", "policy", "picked_by_model", "picked_by_rule", "picked_by_random", "is_selected", "touch"]


def marked(rows: Rows, people: list[tuple[Any, ...]], tiers: dict[int, str]) -> DataFrame:
    tier = [(p[0], p[1], tiers.get(p[0], "high_potential")) for p in people]
    table = rows(derived.TIERS_TABLE, ["user_id", "cycle", "tier"], tier)
    return untouched.marked(rows(derived.ARMS, ARMS, people), table)


def test_untouched_is_who_was_barred_by_the_draw_and_never_who_was_passed_over(rows: Rows) -> None:
    month = "2026-04"
    people = [
        (1, month, "model", True, False, False, True, "touched"),  # picked and open to contact, reached or not
        (2, month, "model", True, False, False, True, "holdout"),
        (3, month, "rule", True, False, False, False, "touched"),  # not picked by the own cell: barred
        (4, month, "model", False, False, False, False, "touched"),  # low potential: may be guided
        (5, month, "model", False, False, False, False, "long_holdout"),
        (6, month, "random", False, False, False, False, "touched"),  # low potential, but this cell guides nobody
        (7, month, "model", False, True, False, False, "touched"),  # high potential, not picked: may be guided too
        (8, month, "none", False, False, False, False, None),  # not contactable: nobody could have touched him
        (9, month, "model", False, False, False, False, "touched"),  # a natural converter, not picked: barred
    ]
    tiers = {**dict.fromkeys((4, 5, 6), "low_potential"), 9: "natural_converter"}
    found = {row.user_id: row for row in marked(rows, people, tiers).collect()}
    assert [user for user in sorted(found) if found[user].is_untouched] == [2, 3, 5, 6, 8, 9]
    weights = {user: row.weight_untouched for user, row in found.items()}
    # 1, 2, 3 are picked alike, two of three untouched; so are 4, 5, 6; 7, 8 and 9 are alone with their like
    assert weights == {1: None, 2: 1.5, 3: 1.5, 4: None, 5: 1.5, 6: 1.5, 7: None, 8: 1.0, 9: 1.0}


def test_the_weights_give_back_everybody(rows: Rows) -> None:
    """Half of the users are picked by the model, in one of two cells; the others it takes for natural converters.

    Weighted, half of the untouched are picked.
    """
    people = []
    for user in range(400):
        is_picked, policy = user % 2 == 0, ("model", "rule")[user // 2 % 2]
        touch = "holdout" if user % 20 < 4 else "touched"
        people.append((user, "2026-04", policy, is_picked, False, False, is_picked and policy == "model", touch))
    natural = dict.fromkeys(range(1, 400, 2), "natural_converter")
    table = marked(rows, people, natural).where("is_untouched")
    row = table.selectExpr("sum(weight_untouched) as whole", "sum(if(picked_by_model, weight_untouched, 0)) as picked")
    found = row.head()
    assert found is not None
    assert (found.whole, found.picked) == (pytest.approx(400), pytest.approx(200))
    plain = table.selectExpr("avg(cast(picked_by_model as int)) as picked").head()
    assert plain is not None
    assert plain.picked < 0.4  # without weights the picked would be too few

"""The money of a settled month: what is known of it, and until when."""

from types import SimpleNamespace
from typing import Any

import pytest

from reactivation import campaign
from reactivation.experiment.groups import Totals
from reactivation.periods import Calendar, Month
from reactivation.pipelines import month_report, releases

pytestmark = pytest.mark.numbers


@pytest.mark.parametrize(("unknown", "spent"), [(0, 7), (1, None)])
def test_what_was_spent_is_not_told_where_it_is_not_known_of_a_user(
    utc: Calendar, monkeypatch: pytest.MonkeyPatch, unknown: int, spent: int | None
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(releases, "account", lambda *_, **how: asked.append(how) or campaign.money.Money())
    budget, metric = SimpleNamespace(approved_cny=None, frozen_on=None), SimpleNamespace(primary_metric="active")
    of_campaign = SimpleNamespace(release=SimpleNamespace(budget=budget))
    may = Month.parse("2026-05")
    r: Any = SimpleNamespace(settings=SimpleNamespace(campaign=of_campaign, experiment=metric), cycle=may, calendar=utc)
    found = month_report._money(r, campaign.Ledger(), Totals({"cost": 7, "cost_unknown": unknown}))
    assert found["spent"] == spent
    assert asked == [{"cycle": may, "day": utc.settle_on(may), "is_settled": True}]

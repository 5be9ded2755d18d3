"""Money, stock, templates: what a release needs beside a plan."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import capacity
from reactivation.campaign.release import money, templates
from reactivation.campaign.release.ledger import Ledger
from reactivation.campaign.release.settings import BudgetSettings
from reactivation.campaign.release.templates import Template
from reactivation.contracts import canonical, derived

JUNE, DAY = "2026-06", date(2026, 6, 12)


def event(wave: str, status: str, cost: str, worst: str) -> dict[str, Any]:
    return {
        "cycle": JUNE,
        "wave": wave,
        "plan_version": 1,
        "status": status,
        "cost": Decimal(cost),
        "worst_cost": Decimal(worst),
    }


LEDGER = Ledger.of(
    [
        event("W1", "planned", "70", "0"),
        event("W1", "released", "60.00", "300.00"),
        event("W1", "stopped", "20.00", "100.00"),
        event("W2", "planned", "999", "0"),  # planned money is not committed
    ]
)


@pytest.mark.numbers
def test_what_a_month_has_committed_is_what_was_released_less_what_was_stopped() -> None:
    assert money.committed(LEDGER, cycle=JUNE) == (Decimal("40.00"), Decimal("200.00"))
    assert money.committed(LEDGER, cycle="2026-07") == (0, 0)


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("approved", "frozen_on", "cost", "kinds"),
    [
        ("100", None, "60", []),  # 40 + 60: to the last
        ("100", None, "60.01", ["over budget"]),
        (None, None, "0", ["not approved"]),
        ("100", "2026-06-13", "1", []),
        ("100", "2026-06-12", "1", ["frozen"]),
        ("10", "2026-06-01", "1", ["over budget", "frozen"]),
    ],
)
def test_release_keeps_to_the_approved_budget_until_it_is_frozen(
    approved: str | None, frozen_on: str | None, cost: str, kinds: list[str]
) -> None:
    budget = BudgetSettings.model_validate({"approved_cny": approved, "frozen_on": frozen_on})
    before = money.committed(LEDGER, cycle=JUNE)
    assert [f.kind for f in money.over_budget(budget, before, cost=Decimal(cost), day=DAY)] == kinds


@pytest.mark.rules
def test_a_benefit_is_out_of_stock_while_it_is_valid_or_once_it_is_redeemed(rows: Rows) -> None:
    granted = rows(
        derived.CONTACT_LEDGER,
        ["user_id", "benefit", "benefit_valid_until"],
        [
            (1, "gift", "2026-06-12"),  # valid to the end of the day
            (2, "gift", "2026-06-11"),  # expired: free again
            (3, "gift", "2026-06-11"),  # expired, but redeemed before
            (4, "coupon", "2026-07-01"),
            (5, "none", None),
        ],
    )
    redeemed = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "event_at"],
        [(3, "gift", "2026-06-10"), (3, "gift", "2026-06-10"), (2, "coupon", "2026-06-10"), (9, "gift", "2026-06-10")],
    )
    found = {row.benefit: row.granted for row in money.granted(granted, redeemed, day=DAY).collect()}
    assert found == {"gift": 2, "coupon": 1}
    alone = {row.benefit: row.granted for row in money.granted(granted, None, day=DAY).collect()}
    assert alone == {"gift": 1, "coupon": 1}


@pytest.mark.rules
def test_spent_is_what_reached_somebody_and_what_was_redeemed(rows: Rows) -> None:
    released = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "channel", "benefit"],
        [("a", 1, "sms", "gift"), ("b", 2, "call", "none"), ("c", 3, "call", "gift"), ("d", 4, "sms", "gift")],
    )
    receipts = rows(
        canonical.CONTACTS,
        ["contact_id", "status"],
        [
            ("a", "clicked"),  # implies a delivery
            ("a", "delivered"),  # the same contact
            ("b", "answered"),
            ("c", "rejected"),  # cost nothing
            ("x", "delivered"),  # none of these
        ],
    )
    redeemed = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "event_at"],
        [(1, "gift", "2026-06-10"), (1, "gift", "2026-06-11"), (2, "gift", "2026-06-10")],  # 2 was granted none
    )
    prices: dict[str, Any] = {
        "channel_cost": {"sms": Decimal("0.05"), "call": Decimal("2.50")},
        "benefit_value": {"gift": Decimal(10), "none": Decimal(0)},
    }
    assert money.spent(released, receipts, redeemed, **prices).collect()[0].spent == Decimal("12.55")
    assert money.spent(released, receipts, None, **prices).collect()[0].spent == Decimal("2.55")
    assert money.spent(released, None, None, **prices).collect()[0].spent == 0


@pytest.mark.numbers
def test_no_more_benefits_are_granted_than_are_in_stock() -> None:
    stock: dict[str, int | None] = {"gift": 10, "coupon": None}
    assert not list(money.over_stock(stock, {"gift": 7}, {"gift": 3, "coupon": 10_000}))
    [finding] = money.over_stock(stock, {"gift": 7}, {"gift": 4})
    assert (finding.kind, finding.what) == ("out of stock", "gift")
    assert "10 a month, 7 are reserved or redeemed, this release wants 4" in finding.advice


def template(**changes: Any) -> Template:
    plain = {
        "channel": "sms",
        "benefit": "gift",
        "version": 1,
        "text": "come back",
        "signature": "the bank",
        "opt_out": "R",
        "approver": "somebody",
        "valid_until": "2026-06-14",
    }
    return Template.model_validate({**plain, **changes})


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, None),
        ({"approver": None}, "not approved"),
        ({"approver": ""}, "not approved"),
        ({"opt_out": ""}, "not whole"),
        ({"signature": ""}, "not whole"),
        ({"valid_until": "2026-06-13"}, "out of date"),  # sending may last until the 14th
        ({"benefit": "none"}, "no template"),
    ],
)
def test_release_refuses_a_template_that_is_not_approved(change: dict[str, Any], kind: str | None) -> None:
    found = templates.not_approved({"gift_sms": template(**change)}, [("sms", "gift")], last_day=date(2026, 6, 14))
    assert [finding.kind for finding in found] == ([kind] if kind else [])


@pytest.mark.numbers
def test_two_templates_for_one_offer_are_refused_by_conf() -> None:
    assert list(templates.twice({"a": template(), "b": template(channel="push")})) == []
    assert list(templates.twice({"a": template(), "b": template()})) == ["templates: several are for sms/gift"]


@pytest.mark.numbers
def test_a_wave_plans_no_more_calls_than_the_call_centre_can_make(settings: CampaignSettings) -> None:
    """10 seats x 8 hours x 12 dials / 3 dials a user = 320 users a day, for 3 days."""
    assert settings.release.most_contacts == {"call": 960}
    wave = settings.waves["W1"].model_copy(
        update={"capacity_per_1000_users": {"call": Decimal(500), "sms": Decimal(9)}}
    )
    cells = {"model": 5000, "rule": 2500, "random": 2500}
    parts = capacity.of_cells(wave, cells, settings.arms, most=settings.release.most_contacts)
    assert sum(part.contacts["call"] for part in parts.values()) == 960  # not the 5 000 that conf asks for
    assert sum(part.contacts["sms"] for part in parts.values()) == 90

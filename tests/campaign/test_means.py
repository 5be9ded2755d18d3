"""Money, stock, templates: what a release needs beside a plan."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import capacity
from reactivation.campaign.release import money, templates
from reactivation.campaign.release.settings import BudgetSettings
from reactivation.campaign.release.templates import Template
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar

DAY = date(2026, 6, 12)


BEFORE = money.Money(committed=Decimal("40.00"), worst=Decimal("200.00"))
PRICES = {"sms": Decimal("0.05"), "call": Decimal("2.50")}


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
    assert [f.kind for f in money.over_budget(budget, BEFORE, cost=Decimal(cost), day=DAY)] == kinds


@pytest.mark.rules
def test_a_benefit_is_out_of_stock_while_it_is_valid_or_once_it_is_redeemed(rows: Rows, utc: Calendar) -> None:
    granted = rows(
        derived.CONTACT_LEDGER,
        ["contact_id", "user_id", "benefit", "send_from", "benefit_valid_until"],
        [
            ("a", 1, "gift", "2026-06-01", "2026-06-12"),  # valid to the end of the day
            ("b", 2, "gift", "2026-06-01", "2026-06-11"),  # expired: free again
            ("c", 3, "gift", "2026-06-01", "2026-06-11"),  # expired, but redeemed before
            ("d", 4, "coupon", "2026-06-01", "2026-07-01"),
            ("e", 5, "none", "2026-06-01", None),
            ("f", 6, "gift", "2026-06-01", "2026-06-11"),  # expired; what was redeemed then is another grant's
        ],
    )
    redeemed = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "action", "event_at"],
        [
            *[(3, "gift", "redeemed", "2026-06-10"), (3, "gift", "redeemed", "2026-06-10")],
            *[(2, "coupon", "redeemed", "2026-06-10"), (9, "gift", "redeemed", "2026-06-10")],
            *[(6, "gift", "redeemed", "2026-06-12"), (2, "gift", "claimed", "2026-06-10")],
        ],
    )
    redeemed = money.redemptions(redeemed, utc)
    found = {row.benefit: row.granted for row in money.granted(granted, redeemed, day=DAY).collect()}
    assert found == {"gift": 2, "coupon": 1}
    alone = {row.benefit: row.granted for row in money.granted(granted, None, day=DAY).collect()}
    assert alone == {"gift": 1, "coupon": 1}


def gifts(rows: Rows, *contacts: tuple[str, int, str, str | None]) -> DataFrame:
    """Released contacts with the last day of their gift, which costs 10.00 redeemed, 1.50 expected; None: no gift."""
    columns = ["contact_id", "user_id", "channel", "benefit", "cost", "worst_cost", "benefit_valid_until", "send_from"]
    nothing, gift = (Decimal(0), Decimal(0)), (Decimal("1.50"), Decimal("10.00"))
    priced = []
    for contact, user, channel, until in contacts:
        expected, value = gift if until else nothing
        price, benefit = PRICES[channel], "gift" if until else "none"
        priced.append((contact, user, channel, benefit, price + expected, price + value, until, "2026-06-01"))
    return rows(derived.CONTACT_LEDGER, columns, priced)


@pytest.mark.rules
def test_committed_falls_by_what_was_never_tried_and_by_benefits_that_expired_unredeemed(
    rows: Rows, utc: Calendar
) -> None:
    released = gifts(
        rows,
        ("a", 1, "sms", "2026-06-12"),  # no receipt, valid to the end of the day: 0.05 + 1.50, at worst 10.05
        ("b", 2, "sms", "2026-06-12"),  # withdrawn
        ("c", 3, "call", "2026-06-12"),  # rejected
        ("d", 4, "call", "2026-06-12"),  # not attempted, says one; answered, says another: 2.50 + 1.50, at worst 12.50
        ("e", 5, "sms", "2026-06-12"),  # stopped by the channel
        ("f", 6, "sms", "2026-06-12"),  # failed: it was tried, and is owed: 0.05 + 1.50, at worst 10.05
        ("g", 7, "sms", "2026-06-11"),  # expired: 0.05
        ("h", 8, "sms", "2026-06-11"),  # expired, redeemed before: 0.05 + 10.00
        ("i", 9, "sms", "2026-06-11"),  # withdrawn, but the user has redeemed the gift: 10.00
        ("j", 10, "call", None),  # no benefit: 2.50
        ("k", 11, "sms", "2026-06-11"),  # expired, redeemed by what another month granted later: 0.05
    )
    statuses = [("b", "withdrawn"), ("c", "rejected"), ("d", "not_attempted"), ("d", "answered"), ("e", "stopped"),
                ("f", "failed"), ("h", "delivered"), ("i", "withdrawn"), ("x", "withdrawn")]  # fmt: skip
    receipts = rows(canonical.CONTACTS, ["contact_id", "status"], statuses)
    redeemed = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "benefit_code", "action", "event_at"],
        [
            *[(8, "gift", "redeemed", "2026-06-10"), (8, "gift", "redeemed", "2026-06-11")],
            *[(9, "gift", "redeemed", "2026-06-10"), (7, "coupon", "redeemed", "2026-06-10")],
            *[(11, "gift", "redeemed", "2026-06-12"), (11, "gift", "redeemed", "2026-05-31")],
        ],
    )
    redeemed = money.redemptions(redeemed, utc)

    def account(receipts: Any, redeemed: Any) -> tuple[str, ...]:
        [row] = money.account(released, receipts, redeemed, channel_cost=PRICES, day=DAY).collect()
        return tuple(str(value) for value in row)

    # a 1.55, d 4.00, f 1.55, g, k 0.05, h 10.05, i 10.00, j 2.50; spent: d 2.50, h 10.05, i 10.00
    assert account(receipts, redeemed) == ("29.75", "55.25", "22.55")
    # without receipts: b, e 1.55 each, c 4.00 more, i 10.05; at worst 10.05 each and 12.50; spent: h, i 10.00
    assert account(None, redeemed) == ("36.90", "87.90", "20.00")
    # where nobody knows of redemptions, nothing is free again at its end: g, h, k 1.55 each
    assert account(receipts, None) == ("14.25", "65.25", "2.55")
    [row] = money.account(released.limit(0), receipts, redeemed, channel_cost=PRICES, day=DAY).collect()
    assert (row.committed, row.worst, row.spent) == (0, 0, 0)


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
    found = templates.not_approved({"gift_sms": template(**change)}, ["sms/gift"], last_day=date(2026, 6, 14))
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

"""What settled months say of redemptions, and what an option is expected to cost by it."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame

from conftest import Rows
from reactivation.campaign import CampaignSettings
from reactivation.campaign.planning import redemption
from reactivation.campaign.planning.settings import Option
from reactivation.contracts import canonical, derived
from reactivation.periods import Calendar, Month

APRIL = Month.parse("2026-04")
OFFERS = ["contact_id", "user_id", "channel", "benefit", "send_from", "benefit_valid_until"]
EVENTS = ["user_id", "event_at", "arrived_at", "benefit_code", "action"]
GIFT = Option(channel="sms", benefit="gift")


def offer(number: int, user: int, channel: str = "sms", first: str = "2026-04-05", last: str = "2026-04-20") -> Any:
    return (f"c{number}", user, channel, "gift", first, last)


def event(user: int, day: str, *, arrived: str = "2026-04-30", code: str = "gift", action: str = "redeemed") -> Any:
    return (user, f"{day} 12:00", f"{arrived} 12:00", code, action)


@pytest.mark.rules
def test_an_offer_counts_once_its_last_day_has_settled_and_is_redeemed_within_its_days(
    rows: Rows, utc: Calendar
) -> None:
    offers = [
        *(offer(user, user) for user in range(1, 9)),
        offer(9, 9, last="2026-05-01"),  # not over when April ended
        offer(10, 10, channel="call"),
        offer(11, 10, channel="call", first="2026-04-15", last="2026-04-30"),
        ("c12", 12, "sms", "none", "2026-04-05", None),
    ]
    events = [
        event(1, "2026-04-05"),  # on the first day
        event(2, "2026-04-20"),  # on the last
        event(2, "2026-04-20"),
        event(3, "2026-04-04"),  # before it was offered
        event(4, "2026-04-21"),  # too late
        event(5, "2026-04-10", arrived="2026-05-06"),  # nobody knew of it when April settled
        event(6, "2026-04-10", code="discount"),
        event(7, "2026-04-10", action="claimed"),
        event(9, "2026-04-10"),
        event(10, "2026-04-18"),  # both of this user's offers were valid
        event(99, "2026-04-10"),
    ]

    def found(receipts: DataFrame | None) -> dict[str, tuple[int, int]]:
        tables = (
            rows(derived.CONTACT_LEDGER, OFFERS, offers),
            receipts,
            rows(canonical.BENEFIT_EVENTS, EVENTS, events),
        )
        seen = redemption.observed(*tables, newest=APRIL, calendar=utc)
        return {f"{row.channel}/{row.benefit}": (row.offers, row.redeemed) for row in seen.collect()}

    assert found(None) == {"sms/gift": (8, 2), "call/gift": (2, 2)}
    receipts = [
        ("c1", "not_attempted", "2026-04-06"),  # but delivered
        ("c1", "delivered", "2026-04-06"),
        ("c7", "not_attempted", "2026-04-06"),
        ("c8", "stopped", "2026-05-06"),  # told too late to be known
        ("c4", "failed", "2026-04-06"),  # it was tried
    ]
    told = rows(canonical.CONTACTS, ["contact_id", "status", "arrived_at"], receipts)
    assert found(told) == {"sms/gift": (7, 2), "call/gift": (2, 2)}


def row(channel: str, offers: int, redeemed: int, benefit: str = "gift") -> dict[str, Any]:
    return {"channel": channel, "benefit": benefit, "offers": offers, "redeemed": redeemed}


@pytest.mark.numbers
def test_conf_counts_as_much_as_its_prior_offers(settings: CampaignSettings) -> None:
    """Conf's 0.15 of 200 offers are 30; with 130 of 600 seen they are 160 of 800."""
    learnt, lines = redemption.learnt([row("sms", 600, 130), row("call", 9000, 9000)], settings)
    assert lines == ["redemption of gift by sms: 0.200 learnt from 600 offers, conf 0.150"]
    assert (settings.cost(GIFT), learnt.cost(GIFT)) == (Decimal("1.55"), Decimal("2.05"))
    assert learnt.cost(Option(channel="push", benefit="gift")) == Decimal("1.50")  # no wave offers it: conf's
    assert learnt.offers == {("push", "none"): Decimal(0), ("sms", "gift"): Decimal("2.05")}
    assert learnt.worst_costs == settings.worst_costs  # what is released is still held against the worst
    again, _ = redemption.learnt([row("sms", 600, 130)], settings)
    assert again.offers == learnt.offers


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("seen", "changes", "cost"),
    [
        ([], {}, "1.55"),
        ([row("sms", 5000, 0)], {}, "1.55"),  # nobody redeemed any: perhaps nobody tells of redemptions
        ([row("sms", 5000, 0), row("push", 10, 1)], {}, "0.11"),  # somebody tells
        ([row("sms", 600, 130)], {"redemption_share": 0}, "0.05"),  # free by conf
        ([row("sms", 600, 130)], {"value_cny": 0}, "0.05"),
        ([row("sms", 600, 130)], {"redemption_share": {"sms": 0.55, "push": 0.1}}, "3.05"),
        ([row("sms", 600, 130, benefit="gold")], {}, "1.55"),  # is offered no more
    ],
)
def test_conf_stays_where_nothing_is_told(
    conf: dict[str, Any], seen: list[dict[str, Any]], changes: dict[str, Any], cost: str
) -> None:
    conf["benefits"]["gift"] |= changes
    assert redemption.learnt(seen, CampaignSettings.model_validate(conf))[0].cost(GIFT) == Decimal(cost)


@pytest.mark.numbers
@pytest.mark.parametrize("value", [10, 6, 7])
def test_what_costs_by_conf_never_becomes_free(conf: dict[str, Any], value: int) -> None:
    """A free push with a gift that next to nobody redeems would be open to users who may get free contacts alone.

    Half a cent of 6 is a share of 0.0008333…, of which less than all digits would cost nothing.
    """
    conf["benefits"]["gift"]["value_cny"] = value
    conf["waves"]["W1"]["options"][0]["benefit"] = "gift"
    settings = CampaignSettings.model_validate(conf)
    learnt, _ = redemption.learnt([row("push", 10_000_000, 1)], settings)
    assert learnt.cost(Option(channel="push", benefit="gift")) == Decimal("0.01")


@pytest.mark.numbers
def test_the_learnt_share_is_the_truth_on_average_and_nearer_to_it_than_either(conf: dict[str, Any]) -> None:
    """2 000 regions whose share is Beta with conf's mean and as much spread as 200 offers say; 300 offers each."""
    settings, draws = CampaignSettings.model_validate(conf), np.random.default_rng(20261129)
    errors = []
    for truth in draws.beta(0.15 * 200, 0.85 * 200, 2_000):
        redeemed = int(draws.binomial(300, truth))
        learnt, _ = redemption.learnt([row("sms", 300, redeemed)], settings)
        errors.append([learnt.benefits["gift"].share("sms") - truth, redeemed / 300 - truth, 0.15 - truth])
    means, squares = np.mean(errors, axis=0), np.mean(np.square(errors), axis=0)
    assert abs(means[0]) < 3.3 * np.std(errors, axis=0)[0] / 2_000**0.5
    assert squares[0] < 0.75 * min(squares[1:])

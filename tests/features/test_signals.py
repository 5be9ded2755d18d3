"""Features of every other signal, from raw rows to values, at both clocks."""

from typing import Any

import pytest
from pyspark.sql import Row

from conftest import Rows
from reactivation.contracts import canonical
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules


def test_functions_are_counted_in_all_and_by_group(rows: Rows, utc: Calendar, features_at: Any) -> None:
    uses = rows(
        canonical.FUNCTION_USES,
        ["user_id", "event_at", "function_code"],
        [
            (1, "2026-05-01 00:00", "BILL_PAY"),
            (1, "2026-04-20 10:00", "TRANSFER"),  # the same group, a month earlier
            (1, "2026-04-20 11:00", "SETTINGS"),  # of no group: in the totals only
            (2, "2026-06-01 00:00", "BILL_PAY"),  # the observation date itself: does not count
        ],
    )
    found = by_user(features_at({"function_uses": uses}, utc))
    assert (found[1].function_count_1m, found[1].function_count_3m, found[1].function_days_3m) == (1, 3, 2)
    assert (found[1].function_payment_count_3m, found[1].function_groups_3m) == (2, 1)
    assert (found[2].function_count_6m, found[2].function_groups_1m, found[2].function_days_since_last) == (0, 0, None)


def test_only_transactions_of_own_initiative_count_as_own(rows: Rows, utc: Calendar, features_at: Any) -> None:
    transactions = rows(
        canonical.TRANSACTIONS,
        ["user_id", "event_at", "arrived_at", "channel", "amount", "is_self_initiated"],
        [
            (1, "2026-05-10 10:00", "2026-05-10 10:00", "mobile", "10.10", True),
            (1, "2026-05-10 12:00", "2026-05-11 00:00", "card", "20.20", True),  # two on one day
            (1, "2026-05-31 12:00", "2026-05-31 12:00", "system", "99.00", False),  # a fee: nobody's initiative
            (1, "2026-03-05 12:00", "2026-05-31 23:59", "card", "0.30", True),  # known at the last minute
            (1, "2026-05-20 12:00", "2026-06-01 00:00", "mobile", "5.00", True),  # known too late
            (2, "2026-05-02 12:00", "2026-05-02 12:00", "mobile", "7.00", None),  # not said whose: not their own
        ],
    )
    found = by_user(features_at({"transactions": transactions}, utc))
    one, two = found[1], found[2]
    assert (one.transaction_count_1m, one.transaction_own_count_1m, one.transaction_own_days_1m) == (3, 2, 1)
    assert (one.transaction_own_count_3m, one.transaction_own_months_3m) == (3, 2)
    assert (one.transaction_own_mobile_count_1m, one.transaction_own_card_count_3m) == (1, 2)
    assert one.transaction_own_amount_3m == pytest.approx(30.60)
    assert one.transaction_own_amount_mean_3m == pytest.approx(10.20)
    assert (one.transaction_days_since_last, one.transaction_own_days_since_last) == (1, 22)
    assert (two.transaction_count_1m, two.transaction_own_count_1m, two.transaction_own_amount_mean_3m) == (1, 0, None)


def test_balances_are_carried_forward_with_their_age(rows: Rows, utc: Calendar, features_at: Any) -> None:
    snapshots = rows(
        canonical.ASSET_SNAPSHOTS,
        ["user_id", "snapshot_on", "arrived_at", "product", "balance"],
        [
            (1, "2026-03-31", "2026-04-01", "deposit", "100.00"),  # stands for March, April and May
            (1, "2026-05-31", "2026-05-31 23:00", "fund", "50.00"),  # new in May
            (1, "2026-06-01", "2026-06-01", "deposit", "900.00"),  # the observation date itself: does not count
            (2, "2026-04-30", "2026-05-01", "deposit", "10.00"),
            (2, "2026-04-30", "2026-05-20", "deposit", "30.00"),  # a correction: the later arrival counts
            (2, "2026-03-31", "2026-05-21", "deposit", "70.00"),  # an older day that arrived later: does not
            (2, "2026-04-30", "2026-06-01", "deposit", "90.00"),  # a correction known too late
        ],
    )
    found = by_user(features_at({"asset_snapshots": snapshots}, utc))
    one, two, three = found[1], found[2], found[3]
    assert (one.asset_total, one.asset_deposit, one.asset_fund, one.asset_products_held) == (150, 100, 50, 2)
    assert (one.asset_total_change_1m, one.asset_total_growth_1m) == (50, 0.5)
    assert one.asset_total_change_3m is None  # at the end of February nothing was known
    assert one.asset_total_mean_3m == pytest.approx((100 + 100 + 150) / 3)
    assert (one.asset_total_range_3m, one.asset_total_range_6m) == (50, 50)
    assert (one.asset_days_since_last, two.asset_days_since_last) == (1, 32)
    assert (two.asset_total, two.asset_fund, two.asset_total_change_1m) == (30, None, 0)
    assert (three.asset_total, three.asset_products_held, three.asset_days_since_last) == (None, 0, None)


def test_benefits_and_contacts_are_counted_by_what_became_of_them(rows: Rows, utc: Calendar, features_at: Any) -> None:
    benefits = rows(
        canonical.BENEFIT_EVENTS,
        ["user_id", "event_at", "action", "value"],
        [
            (1, "2026-05-10 10:00", "claimed", "5.00"),
            (1, "2026-05-12 10:00", "claimed", "5.00"),
            (1, "2026-05-13 10:00", "redeemed", "5.00"),
        ],
    )
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "channel", "status"],
        [
            ("a", 1, "2026-05-20 09:00", "2026-05-20 10:00", "sms", "delivered"),
            ("a", 1, "2026-05-20 09:00", "2026-05-21 10:00", "sms", "clicked"),  # the same contact, a further receipt
            ("b", 1, "2026-05-27 09:00", "2026-06-01 00:00", "push", "delivered"),  # sent before, known too late
            ("c", 2, "2026-05-27 09:00", "2026-05-27 10:00", "call", "not_reached"),
        ],
    )
    outside = rows(canonical.OUTSIDE_CONTACTS, ["user_id", "sent_at"], [(2, "2026-05-30 10:00")])
    sources = {"benefit_events": benefits, "contacts": contacts, "outside_contacts": outside}
    one, two, _ = by_user(features_at(sources, utc)).values()
    assert (one.benefit_claimed_count_1m, one.benefit_redeemed_count_1m, one.benefit_redeemed_share_3m) == (2, 1, 0.5)
    assert (one.benefit_claimed_days_since_last, one.benefit_redeemed_days_since_last) == (20, 19)
    assert (one.contact_delivered_count_1m, one.contact_sms_count_3m, one.contact_push_count_3m) == (1, 1, 0)
    assert (one.contact_reacted_count_3m, one.contact_days_since_last) == (1, 12)
    assert (two.contact_delivered_count_1m, two.contact_missed_count_3m, two.contact_days_since_last) == (0, 1, None)
    assert (two.outside_count_1m, two.outside_days_since_last, one.outside_days_since_last) == (1, 2, None)


def test_the_profile_is_that_of_the_latest_version_known(rows: Rows, utc: Calendar, features_at: Any) -> None:
    users = rows(
        canonical.USERS,
        ["user_id", "signed_up_on", "arrived_at", "birth_year", "segment", "has_phone"],
        [
            (1, "2026-05-02", "2026-05-02", 1980, "mass", False),
            (1, "2026-05-02", "2026-05-31", 1981, "private", True),  # the newest version known
            (1, "2026-05-02", "2026-06-01", 1982, "affluent", False),  # known too late
        ],
    )
    logins = rows(canonical.LOGINS, ["user_id", "event_at"], [(1, "2026-05-10 10:00")])
    found = by_user(features_at({"users": users, "logins": logins}, utc))
    assert (found[1].profile_age_years, found[1].profile_tenure_days) == (45, 30)
    assert (found[1].profile_segment, found[1].profile_gender) == ("private", None)
    assert (found[1].profile_has_phone, found[1].profile_has_push) == (1, None)


def by_user(found: Any) -> dict[int, Row]:
    """Features by user, 1 to 3."""
    return {row.user_id: row for row in found.orderBy("user_id").collect()}

"""Money and stock: what a release commits, what was spent, and what forbids it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.release.settings import BudgetSettings
from reactivation.contracts.canonical import NOT_TRIED, REACHED
from reactivation.errors import Finding
from reactivation.frames import by_value
from reactivation.periods import Calendar


class Money(NamedTuple):
    """Of a cycle's releases. committed: what they are expected to cost. worst: if every benefit is redeemed. spent."""

    committed: Decimal = Decimal(0)
    worst: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)


def over_budget(budget: BudgetSettings, before: Money, *, cost: Decimal, day: date) -> Iterator[Finding]:
    """Why the budget forbids a release. cost: the release's expected one; before: what the cycle has committed."""
    if budget.approved_cny is None:
        advice = "set campaign.release.budget.approved_cny to what was approved for the cycle"
        yield Finding("not approved", "budget", advice)
    elif before.committed + cost > budget.approved_cny:
        told = f"{before.committed} are committed, this release adds {cost}, approved are {budget.approved_cny}"
        yield Finding("over budget", "budget", told)
    if budget.frozen_on is not None and day >= budget.frozen_on:
        yield Finding("frozen", "budget", f"since {budget.frozen_on}: nothing more is released")


def account(
    released: DataFrame,
    receipts: DataFrame | None,
    redeemed: DataFrame | None,
    *,
    channel_cost: Mapping[str, Decimal],
    day: date,
) -> DataFrame:
    """One row with what released contacts commit and have spent, as `Money` names it.

    released: rows of `contact_ledger` that stand. receipts: of contacts. redeemed: of `redemptions`. None where there
    is no such table. What a receipt says nobody tried to send costs nothing, unless another one implies a delivery. A
    benefit costs what is expected until its last day is over, then its value where it was redeemed and else nothing;
    where nobody knows of redemptions, what is expected for good. Spent are contacts that reached a user, and benefits
    redeemed.
    """
    known = released
    if receipts is not None:
        known = known.join(told_of(receipts), "contact_id", "left")
    if redeemed is not None:
        known = with_used(known, redeemed)
    is_reached, is_not_tried, is_used = (
        F.coalesce(name, F.lit(False)) if name in known.columns else F.lit(False)
        for name in ("is_reached", "is_not_tried", "is_used")
    )
    nothing, of_channel = F.lit(Decimal(0)), by_value(F.col("channel"), channel_cost, Decimal(0))
    value, is_off = F.col("worst_cost") - of_channel, is_not_tried & ~is_reached
    is_over = F.coalesce(F.col("benefit_valid_until") < F.lit(day), F.lit(False)) & F.lit(redeemed is not None)

    def committed(cost: str) -> Column:
        contact = F.when(is_off, nothing).otherwise(of_channel)
        benefit = F.when(~(is_off | is_over), F.col(cost) - of_channel).when(is_used, value).otherwise(nothing)
        return F.sum(contact + benefit)

    spent = F.sum(F.when(is_reached, of_channel).otherwise(nothing) + F.when(is_used, value).otherwise(nothing))
    sums = {"committed": committed("cost"), "worst": committed("worst_cost"), "spent": spent}
    return known.agg(*[F.coalesce(each, nothing).alias(name) for name, each in sums.items()])


def told_of(receipts: DataFrame) -> DataFrame:
    """Whether receipts say that a contact reached its user, or that nobody tried to send it. Grain: contact_id."""
    reached, not_tried = (F.bool_or(F.col("status").isin(*statuses)) for statuses in (REACHED, NOT_TRIED))
    return receipts.groupBy("contact_id").agg(reached.alias("is_reached"), not_tried.alias("is_not_tried"))


def redemptions(benefit_events: DataFrame, calendar: Calendar) -> DataFrame:
    """Benefits redeemed: user_id, benefit, used_on (the region's day), arrived_at."""
    benefit, used_on = F.col("benefit_code").alias("benefit"), calendar.day("event_at").alias("used_on")
    return benefit_events.where(F.col("action") == "redeemed").select("user_id", benefit, used_on, "arrived_at")


def with_used(offers: DataFrame, redeemed: DataFrame) -> DataFrame:
    """The offers, with is_used where their user redeemed the benefit while they were valid, else null.

    offers: rows of `contact_ledger`, valid from the first day of sending to their last day. redeemed: of `redemptions`.
    Where two offers were valid on that day both count, because either may have been used.
    """
    valid = F.col("used_on").between(F.col("send_from"), F.col("benefit_valid_until"))
    names = "contact_id", "user_id", "benefit", "send_from", "benefit_valid_until"
    used = offers.select(*names).join(redeemed, ["user_id", "benefit"]).where(valid)
    return offers.join(used.select("contact_id", F.lit(True).alias("is_used")).distinct(), "contact_id", "left")


def granted(contact_ledger: DataFrame, redeemed: DataFrame | None, *, day: date) -> DataFrame:
    """Benefits of a cycle that are taken out of stock, by code: granted and still valid, or redeemed. Grain: benefit.

    contact_ledger: the cycle's contacts that stand, of all scenarios. redeemed: of `redemptions`; None where the region
    has no such table. An expired one that nobody redeemed is free again.
    """
    offered = contact_ledger.where(F.col("benefit_valid_until").isNotNull())
    is_valid = F.col("benefit_valid_until") >= F.lit(day)
    if redeemed is None:
        return offered.where(is_valid).groupBy("benefit").agg(F.count("*").alias("granted"))
    held = with_used(offered, redeemed).where(is_valid | F.col("is_used"))
    return held.groupBy("benefit").agg(F.count("*").alias("granted"))


def over_stock(
    stock: Mapping[str, int | None], taken: Mapping[str, int], wanted: Mapping[str, int]
) -> Iterator[Finding]:
    """Benefits of which a release would grant more than are left. taken, wanted: by code."""
    for code, number in sorted(wanted.items()):
        most = stock.get(code)
        if most is not None and taken.get(code, 0) + number > most:
            told = f"{most} a month, {taken.get(code, 0)} are reserved or redeemed, this release wants {number}"
            yield Finding("out of stock", code, told)


def wanted(rows: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """Grants of a release by code. rows: of `last_look.counted`."""
    found: dict[str, int] = {}
    for row in rows:
        if row["left_out"] is None and row["benefit"] != "none":
            found[str(row["benefit"])] = found.get(str(row["benefit"]), 0) + int(str(row["contacts"]))
    return found

"""Money and stock: what a release commits, what was spent, and what forbids it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.release.ledger import Ledger
from reactivation.campaign.release.settings import BudgetSettings
from reactivation.contracts.canonical import REACHED
from reactivation.errors import Finding
from reactivation.frames import by_value, union_all


class Money(NamedTuple):
    """Of a cycle: committed by releases that stand, and what they cost if every benefit is redeemed."""

    committed: Decimal
    worst: Decimal


def committed(known: Ledger, *, cycle: str) -> Money:
    """Expected and worst cost of all that was released in a cycle, less what was stopped."""
    released, stopped = known.having("released", cycle=cycle), known.having("stopped", cycle=cycle)

    def total(name: str) -> Decimal:
        return sum((e[name] or Decimal(0) for e in released), Decimal(0)) - sum(
            (e[name] or Decimal(0) for e in stopped), Decimal(0)
        )

    return Money(total("cost"), total("worst_cost"))


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


def spent(
    released: DataFrame,
    receipts: DataFrame | None,
    redeemed: DataFrame | None,
    *,
    channel_cost: Mapping[str, Decimal],
    benefit_value: Mapping[str, Decimal],
) -> DataFrame:
    """What released contacts have cost so far: one row, `spent`. Those that reached a user, and benefits redeemed.

    released: contacts that stand. receipts: of contacts. redeemed: as for `granted`. None where there is no such table.
    A benefit that a user was granted twice and redeemed counts twice, because both grants may have been used.
    """
    of_contact, of_benefit = (
        by_value(F.col(key), values, Decimal(0))
        for key, values in (("channel", channel_cost), ("benefit", benefit_value))
    )
    nothing, known = F.lit(Decimal(0)), released.select("contact_id", "user_id", "channel", "benefit")
    parts = []
    if receipts is not None:
        reached = receipts.where(F.col("status").isin(*REACHED)).select("contact_id").distinct()
        parts.append(known.join(reached, "contact_id", "left_semi").agg(F.sum(of_contact).alias("spent")))
    if redeemed is not None:
        used = redeemed.select("user_id", F.col("benefit_code").alias("benefit")).distinct()
        parts.append(known.join(used, ["user_id", "benefit"], "left_semi").agg(F.sum(of_benefit).alias("spent")))
    if not parts:
        return known.limit(0).agg(F.coalesce(F.sum(of_contact), nothing).alias("spent"))
    return union_all(parts).agg(F.coalesce(F.sum("spent"), nothing).alias("spent"))


def granted(contact_ledger: DataFrame, redeemed: DataFrame | None, *, day: date) -> DataFrame:
    """Benefits of a cycle that are taken out of stock, by code: granted and still valid, or redeemed. Grain: benefit.

    contact_ledger: the cycle's contacts that stand, of all scenarios. redeemed: user_id, benefit_code of the benefits
    that were redeemed; None where the region has no such table. An expired one that nobody redeemed is free again.
    """
    offered = contact_ledger.where(F.col("benefit_valid_until").isNotNull())
    is_valid = F.col("benefit_valid_until") >= F.lit(day)
    if redeemed is None:
        return offered.where(is_valid).groupBy("benefit").agg(F.count("*").alias("granted"))
    used = redeemed.select("user_id", F.col("benefit_code").alias("benefit"), F.lit(True).alias("is_used")).distinct()
    held = offered.join(used, ["user_id", "benefit"], "left").where(is_valid | F.col("is_used"))
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

"""How many offers of a benefit are redeemed: what settled months showed, drawn to what conf expects."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.release.money import redemptions, told_of, with_used
from reactivation.campaign.settings import CampaignSettings
from reactivation.periods import Calendar, Month

_DIGITS = Decimal("0.000001")
_HALF_A_CENT = Decimal("0.005")


def observed(
    released: DataFrame,
    receipts: DataFrame | None,
    benefit_events: DataFrame,
    *,
    newest: Month,
    calendar: Calendar,
) -> DataFrame:
    """Count offers of a benefit and those that were redeemed. Grain and key: channel, benefit.

    released: rows of `contact_ledger` that stand. An offer counts once the month of its last day is not after `newest`;
    it is redeemed as `money.with_used` says. What a receipt says nobody tried to send is no offer. Rows that
    arrived once `newest` had settled are not looked at, so that a wave planned again sees the same.
    """
    settled = calendar.settle_on(newest)
    offers = released.where(F.col("benefit_valid_until") < F.lit((newest + 1).first))
    if receipts is not None:
        told = told_of(receipts.where(calendar.is_before("arrived_at", settled)))
        offers = offers.join(told.where(F.col("is_not_tried") & ~F.col("is_reached")), "contact_id", "left_anti")
    used = redemptions(benefit_events.where(calendar.is_before("arrived_at", settled)), calendar)
    counts = F.count("*").alias("offers"), F.count_if("is_used").alias("redeemed")
    return with_used(offers, used).groupBy("channel", "benefit").agg(*counts)


def learnt(rows: Iterable[Mapping[str, Any]], settings: CampaignSettings) -> tuple[CampaignSettings, list[str]]:
    """The settings with redemption shares as learnt, by channel and benefit, and what a run prints of them.

    rows: of `observed`. A share is the mean of a beta-binomial: conf's share counts as much as
    `redemption.prior_offers` offers. Conf's stays for a benefit that nobody redeemed (its redemptions may not be told),
    for one that conf calls free, and where nothing was offered. An offer that costs something by conf costs at least
    one cent (shares are rounded up), so that no learnt share makes it free to those who may get free contacts alone.

    Reference: Gelman and others, Bayesian Data Analysis (2013), 2.4.
    """
    seen = {(row["channel"], row["benefit"]): row for row in rows}
    redeemed = Counter[str]()
    for (_, code), counts in seen.items():
        redeemed[code] += counts["redeemed"]
    benefits, lines = dict(settings.benefits), []
    prior = settings.redemption.prior_offers
    for channel, code in settings.offers:
        benefit, row = benefits[code], seen.get((channel, code))
        expected = Decimal(str(settings.benefits[code].share(channel)))
        if row is None or not redeemed[code] or not expected or not benefit.value_cny:
            continue
        share = (prior * expected + row["redeemed"]) / (prior + row["offers"])
        share = max(share, _HALF_A_CENT / benefit.value_cny).quantize(_DIGITS, ROUND_CEILING)
        shares = {name: benefit.share(name) for name in settings.channel_cost_cny} | {channel: float(share)}
        benefits[code] = benefit.model_copy(update={"redemption_share": shares})
        what = f"redemption of {code} by {channel}: {share:.3f}"
        lines.append(f"{what} learnt from {row['offers']} offers, conf {expected:.3f}")
    return settings.model_copy(update={"benefits": benefits}), lines

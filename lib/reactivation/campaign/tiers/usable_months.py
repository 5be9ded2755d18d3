"""Which past months teach: settled, not newer than learning is allowed to look, and with a draw before the contacts."""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.tiers.settings import LearningSettings
from reactivation.contracts.canonical import REACHED
from reactivation.periods import Calendar, Month


def newest_known(cycle: Month, *, calendar: Calendar, settings: LearningSettings) -> Month:
    """The newest month that may teach a cycle: settled at its observation date, and not after `frozen_after`."""
    return settings.not_after(calendar.newest_settled(cycle.first))


def window(cycle: Month, *, months: int, calendar: Calendar, settings: LearningSettings) -> tuple[Month, Month]:
    """The oldest and the newest of the last `months` months that may teach a cycle.

    A frozen loop looks at the same months for ever: the window ends where learning ended, and does not shrink.
    """
    newest = newest_known(cycle, calendar=calendar, settings=settings)
    return newest - (months - 1), newest


def contacted(contacts: DataFrame, *, before: Month, calendar: Calendar) -> DataFrame:
    """Who was reached in which month, as known before a month. Grain and key: cycle (the month), user_id."""
    reached = contacts.where(_is_past(before, calendar) & F.col("status").isin(*REACHED))
    return reached.select(calendar.month("sent_at").alias("cycle"), "user_id").distinct()


def unrandomised(
    contacts: DataFrame | None,
    *,
    registered: Collection[str],
    named: Collection[str],
    before: Month,
    calendar: Calendar,
) -> frozenset[str]:
    """Months in which something other than a registered draw decided who was contacted.

    Those that conf names, and every month in which a contact of ours was delivered although no experiment was
    registered for it, the bank's own campaigns before the programme among them. registered: cycles that have a plan.
    before: only what was sent and known before this month's first day is looked at, so that a cycle that is run again
    sees the same. contacts: None where the region has none.
    """
    if contacts is None:
        return frozenset(named)
    is_reached = _is_past(before, calendar) & F.col("status").isin(*REACHED)
    sent = contacts.where(is_reached).select(calendar.month("sent_at").alias("month"))
    return frozenset(named) | ({row.month for row in sent.distinct().collect()} - set(registered))


def _is_past(before: Month, calendar: Calendar) -> Column:
    return calendar.is_before("sent_at", before.first) & calendar.is_before("arrived_at", before.first)

"""Which past months teach."""

import pytest

from conftest import Rows
from reactivation.campaign.tiers import usable_months
from reactivation.campaign.tiers.settings import LearningSettings
from reactivation.contracts import canonical
from reactivation.periods import Calendar, Month

JULY = Month.parse("2026-07")
LEARNS, FROZEN = LearningSettings(frozen_after=None), LearningSettings(frozen_after="2026-03")


@pytest.mark.numbers
def test_a_frozen_loop_looks_at_the_same_months_for_ever(utc: Calendar) -> None:
    def months(cycle: Month, settings: LearningSettings) -> list[str]:
        return [str(m) for m in usable_months.window(cycle, months=3, calendar=utc, settings=settings)]

    assert months(JULY, LEARNS) == ["2026-03", "2026-05"]  # June settles on 6 July
    assert months(JULY, FROZEN) == months(JULY + 5, FROZEN) == ["2026-01", "2026-03"]
    assert months(JULY - 4, FROZEN) == months(JULY - 4, LEARNS) == ["2025-11", "2026-01"]


@pytest.mark.rules
def test_a_month_with_contacts_and_without_a_plan_is_unrandomised(rows: Rows) -> None:
    shanghai = Calendar(zone="Asia/Shanghai", settle_days=5)
    contacts = rows(
        canonical.CONTACTS,
        ["contact_id", "user_id", "sent_at", "arrived_at", "status"],
        [
            ("a", 1, "2026-01-10 08:00", "2026-01-11", "delivered"),
            ("b", 1, "2026-02-27 20:00", "2026-03-01", "failed"),  # nobody was reached in February
            ("c", 1, "2026-03-31 20:00", "2026-04-01", "delivered"),  # already April in Shanghai
            ("d", 1, "2026-05-10 08:00", "2026-05-11", "delivered"),  # registered
            ("e", 1, "2026-06-10 08:00", "2026-07-11", "delivered"),  # not known yet
            ("f", 1, "2026-07-10 08:00", "2026-07-11", "delivered"),  # not past
        ],
    )

    def found(table: object) -> set[str]:
        return set(
            usable_months.unrandomised(
                table,  # type: ignore[arg-type]
                registered=["2026-05", "2026-07"],
                named=["2025-12"],
                before=JULY,
                calendar=shanghai,
            )
        )

    assert found(contacts) == {"2025-12", "2026-01", "2026-04"}
    assert found(None) == {"2025-12"}

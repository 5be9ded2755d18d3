"""Which earlier cycles a cycle needs: the settled months its models are trained and tested on."""

from reactivation.periods import Calendar, Month


def training_months(
    cycle: Month, *, first_arrivals: Month, calendar: Calendar, train_months: int, min_history_months: int
) -> tuple[Month, ...]:
    """Months that were settled at the cycle's observation date, the oldest first: `train_months`, and one to test on.

    Only months with at least `min_history_months` of arrivals before them: of an earlier one nothing is known that a
    feature could say. Empty where the region's history is too short.
    """
    newest = calendar.newest_settled(cycle.first)
    months = [newest - back for back in range(train_months, -1, -1)]
    return tuple(month for month in months if month.months_since(first_arrivals) >= min_history_months)

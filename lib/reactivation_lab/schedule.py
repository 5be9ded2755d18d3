"""The months that a simulated bank lives before its first cycle."""

from reactivation.periods import Month
from reactivation.schedule import Due, rows_up_to


def of_history(cycle: Month, *, months: int) -> tuple[Due, ...]:
    """A simulated bank's months before its first cycle, one at a time: lived, then ingested. Each is due at its end."""
    ends = [(cycle - back + 1).first for back in range(months, 0, -1)]
    return tuple(due for end in ends for due in rows_up_to(end, ["simulate_bank"]))

"""What is kept of a user's uses of the app's functions in one month."""

from collections.abc import Mapping, Sequence

from reactivation.contracts.measure import DAY_BIT, Measure, count_where, is_one_of

_ALL = (
    Measure("function_count", "bigint", "1L", "sum", "uses of functions", "uses"),
    Measure("function_days", "bigint", DAY_BIT, "days", "days with a use of a function", "days"),
    Measure("function_last_at", "timestamp", "event_at", "max", "last use of a function"),
)


def measures(groups: Mapping[str, Sequence[str]]) -> tuple[Measure, ...]:
    """Uses in all, and those of each group of function codes."""
    return (*_ALL, *(_group(name, codes) for name, codes in groups.items()))


def _group(name: str, codes: Sequence[str]) -> Measure:
    is_of_group = is_one_of("function_code", codes)
    return Measure(
        f"function_{name}_count", "bigint", count_where(is_of_group), "sum", f"uses of functions: {name}", "uses"
    )

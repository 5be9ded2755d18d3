"""Uses of the app's functions: how much of the app is in use, and which parts."""

from collections.abc import Iterator, Sequence

from reactivation.contracts.measure import DAY_BIT, Measure, count_where, is_one_of
from reactivation.features.feature import Feature, days_since_last, last, trends, windowed
from reactivation.features.settings import ActivitySettings

SOURCE = "function_uses"

_ALL = (
    Measure("function_count", "bigint", "1L", "sum", "uses of functions", "uses"),
    Measure("function_days", "bigint", DAY_BIT, "days", "days with a use of a function", "days"),
    Measure("function_last_at", "timestamp", "event_at", "max", "last use of a function"),
)


def measures(kinds: ActivitySettings) -> tuple[Measure, ...]:
    """Uses in all, and those of each group of function codes."""
    return (*_ALL, *(_group(name, codes) for name, codes in kinds.function_groups.items()))


def _group(name: str, codes: Sequence[str]) -> Measure:
    is_of_group = is_one_of("function_code", codes)
    return Measure(
        f"function_{name}_count", "bigint", count_where(is_of_group), "sum", f"uses of functions: {name}", "uses"
    )


def features(lookbacks: Sequence[int], kinds: ActivitySettings) -> Iterator[Feature]:
    """Frequency, active days, recency, trend, breadth, and each group of functions. All before the observation date."""
    groups = tuple(kinds.function_groups)
    yield from windowed("function_count", "uses of functions", SOURCE, "uses", lookbacks)
    yield from windowed("function_days", "days with a use of a function", SOURCE, "days", lookbacks)
    yield from trends("function_days", "days with a use of a function", SOURCE, "days", lookbacks)
    yield days_since_last("function", "the last use of a function", SOURCE)
    for months in lookbacks[:2]:
        if groups:
            uses = [f"if(function_{group}_count_{months}m > 0, 1, 0)" for group in groups]
            text = f"groups of functions in use, {last(months)}"
            yield Feature(f"function_groups_{months}m", " + ".join(uses), text, SOURCE, "groups")
    for group in groups:
        yield from windowed(f"function_{group}_count", f"uses of functions: {group}", SOURCE, "uses", lookbacks[1:2])

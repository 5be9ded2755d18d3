"""What the use of functions says of a user: how much of the app is in use, and which parts."""

from collections.abc import Iterator, Sequence

from reactivation.features.feature import Feature, days_since_last, last, trends, windowed

SOURCE = "function_uses"


def features(lookbacks: Sequence[int], groups: Sequence[str]) -> Iterator[Feature]:
    """Frequency, active days, recency, trend, breadth, and each group of functions. All before the observation date."""
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

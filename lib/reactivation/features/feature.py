"""Feature: one column of `features`, and the grammar of its name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from reactivation.contracts import table

GRAMMAR = re.compile(
    r"(?P<signal>login|function|transaction|asset|benefit|contact|outside|profile)"
    r"_(?P<measure>[a-z]+(?:_[a-z]+)*?)"
    r"(?:_(?P<form>\d+m|lag_\d+m|(?:mean|share|range|change|growth|trend)_\d+m|ratio_\d+m_\d+m))?"
)
"""signal _ measure _ form. The form says how time enters:

`login_count_3m`            over the 3 whole months before the observation date
`login_days_lag_2m`         in the month 2 months back alone
`login_days_ratio_1m_3m`    the last month's share of the last 3 months
`login_days_trend_3m`       the last month less the mean of the 2 before it
`asset_total_mean_3m`       mean of the ends of the 3 months; `range`: the greatest of them less the least
`asset_total_change_3m`     at the last month's end less 3 months before it; `growth`: this change over where it began
`benefit_redeemed_share_3m` a part of the signal over the whole of it, within the 3 months
`login_days_since_last`     no form: a state at the observation date
"""

_WORD = re.compile(r"[a-z]\w*")


@dataclass(frozen=True)
class Feature:
    """One feature of a user at the observation date.

    of: Spark SQL expression over the windowed measures (`login_count_3m`), the spine's columns and `observation_on`.
    Null means not known; a count is 0 where the source is there and the user did nothing.
    source: canonical table it comes from; without that source the feature does not exist.
    """

    name: str
    of: str
    meaning: str
    source: str
    unit: str = ""
    type: str = "double"

    def __post_init__(self) -> None:
        if not GRAMMAR.fullmatch(self.name):
            raise ValueError(f"feature `{self.name}` does not follow the grammar {GRAMMAR.pattern}")

    @property
    def column(self) -> table.Column:
        """The feature as a column of the contract of `features`."""
        return table.Column(self.name, self.type, self.meaning, self.unit)

    @cached_property
    def needs(self) -> frozenset[str]:
        """Every name in its expression: the columns it needs are among them."""
        return frozenset(_WORD.findall(self.of))


def windowed(measure: str, meaning: str, source: str, unit: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """A measure over each look-back: `login_count_1m`, `login_count_3m`, …; 0 where nothing happened."""
    for months in lookbacks:
        name = f"{measure}_{months}m"
        yield Feature(name, f"coalesce({name}, 0)", f"{meaning}, {last(months)}", source, unit)


def months_active(signal: str, meaning: str, source: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """In how many months of a look-back the user did it at all: regularity. Says nothing new for one month."""
    yield from windowed(f"{signal}_months", f"months with {meaning}", source, "months", lookbacks[1:])


def lagged(measure: str, meaning: str, source: str, unit: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """A measure in the 2nd and the 3rd month back alone, as far as the look-backs go; 0 where nothing happened."""
    for months in range(2, min(3, lookbacks[-1]) + 1):
        name = f"{measure}_lag_{months}m"
        yield Feature(name, f"coalesce({name}, 0)", f"{meaning}, {months} months back", source, unit)


def ratios(measure: str, meaning: str, source: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """A look-back's share of the next longer one; null where the longer one is empty."""
    for short, long in pairwise(lookbacks):
        yield Feature(
            f"{measure}_ratio_{short}m_{long}m",
            f"coalesce({measure}_{short}m, 0) / nullif({measure}_{long}m, 0)",
            f"{meaning}, {last(short)} over {last(long)}",
            source,
            "share",
        )


def trends(measure: str, meaning: str, source: str, unit: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """The last month less the monthly mean of the rest of a look-back; 0 where nothing happened in either."""
    latest = f"coalesce({measure}_1m, 0)"
    for months in lookbacks:
        if months > 1:
            rest = f"(coalesce({measure}_{months}m, 0) - {latest}) / {months - 1}"
            name = f"{measure}_trend_{months}m"
            text = f"{meaning}, last month less the mean of the {months - 1} before"
            yield Feature(name, f"{latest} - {rest}", text, source, unit)


def days_since_last(signal: str, meaning: str, source: str) -> Feature:
    """Whole days of the region from the last event to the observation date; null where there was none."""
    of = f"datediff(observation_on, {signal}_last_on)"
    return Feature(f"{signal}_days_since_last", of, f"days since {meaning}", source, "days")


def quotient(of: str, by: str) -> str:
    """One measure over another as Spark SQL; null where there is nothing to divide by."""
    return f"cast({of} as double) / nullif(cast({by} as double), 0)"


def last(months: int) -> str:
    """A look-back in words.

    >>> last(1), last(3)
    ('last month', 'last 3 months')
    """
    return "last month" if months == 1 else f"last {months} months"

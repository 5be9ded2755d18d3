"""Feature: one column of `features`, and the grammar of its name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reactivation.tables import contract

GRAMMAR = re.compile(
    r"(?P<signal>login|function|transaction|asset|benefit|contact|outside|profile)"
    r"_(?P<measure>[a-z]+(?:_[a-z]+)*?)"
    r"(?:_(?P<form>\d+m|mean_\d+m|ratio_\d+m_\d+m|trend_\d+m))?"
)
"""signal _ measure _ form. The form says how time enters:

`login_count_3m`            over the 3 whole months before the observation date
`login_count_ratio_1m_3m`   the last month's share of the last 3 months
`login_count_trend_3m`      the last month less the mean of the 2 before it
`asset_total_mean_3m`       mean over the 3 months, one value each
`login_days_since_last`     no form: a state at the observation date
"""


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
    def column(self) -> contract.Column:
        """The feature as a column of the contract of `features`."""
        return contract.Column(self.name, self.type, self.meaning, self.unit)


def windowed(measure: str, meaning: str, source: str, unit: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """A measure over each look-back: `login_count_1m`, `login_count_3m`, …; 0 where nothing happened."""
    for months in lookbacks:
        name = f"{measure}_{months}m"
        yield Feature(name, f"coalesce({name}, 0)", f"{meaning}, last {months} months", source, unit)


def ratios(measure: str, meaning: str, source: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """A look-back's share of the next longer one; null where the longer one is empty."""
    for short, long in zip(lookbacks, lookbacks[1:], strict=False):
        yield Feature(
            f"{measure}_ratio_{short}m_{long}m",
            f"coalesce({measure}_{short}m, 0) / nullif({measure}_{long}m, 0)",
            f"{meaning}, last {short} over last {long} months",
            source,
            "share",
        )


def trends(measure: str, meaning: str, source: str, unit: str, lookbacks: Sequence[int]) -> Iterator[Feature]:
    """The last month less the monthly mean of the rest of a look-back; 0 where nothing happened in either."""
    last = f"coalesce({measure}_1m, 0)"
    for months in lookbacks:
        if months > 1:
            rest = f"(coalesce({measure}_{months}m, 0) - {last}) / {months - 1}"
            name = f"{measure}_trend_{months}m"
            text = f"{meaning}, last month less the mean of the {months - 1} before"
            yield Feature(name, f"{last} - {rest}", text, source, unit)


def days_since_last(signal: str, meaning: str, source: str, last_at: str) -> Feature:
    """Whole days of the region from the last event to the observation date; null where there was none."""
    return Feature(
        f"{signal}_days_since_last", f"datediff(observation_on, {last_at})", f"days since {meaning}", source, "days"
    )

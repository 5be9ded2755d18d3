"""What became of every row: in = kept + quarantined + duplicates."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from reactivation.ingest.arrival_range import UNDATED, ArrivalRange
from reactivation.ingest.rules import REPEATED_KEY
from reactivation.periods import Month

KEPT, QUARANTINED, DUPLICATE = "kept", "quarantined", "duplicate"


@dataclass
class Tally:
    """Rows of one source in one arrival month, by disposition.

    received: without those that were readmitted. not_yet_arrived: rows that arrive after the range; none of the others.
    """

    received: int = 0
    readmitted: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    not_yet_arrived: int = 0

    @classmethod
    def of_record(cls, record: Mapping[str, Any], reasons: Mapping[str, int]) -> "Tally":
        """What a row of `ingest_counts` says; see `records`. reasons: rows by reason, which it does not hold."""
        dispositions = {what: record[f"rows_{what}"] for what in (KEPT, QUARANTINED, DUPLICATE)}
        received = record["rows_in"] - record["rows_readmitted"]
        return cls(received, record["rows_readmitted"], Counter(dispositions), Counter(reasons))

    def __add__(self, other: "Tally") -> "Tally":
        received, readmitted = self.received + other.received, self.readmitted + other.readmitted
        return Tally(received, readmitted, self.dispositions + other.dispositions, self.reasons + other.reasons)

    def __sub__(self, other: "Tally") -> "Tally":
        received, readmitted = self.received - other.received, self.readmitted - other.readmitted
        return Tally(received, readmitted, self.dispositions - other.dispositions, self.reasons - other.reasons)

    @property
    def rows_in(self) -> int:
        return self.received + self.readmitted


Tallies = dict[tuple[str, str], Tally]
"""By (source, arrival month)."""


class Counted(NamedTuple):
    """Rows of one source and arrival month, and what became of them; reason: of quarantined ones."""

    source: str
    arrival_cycle: str
    rows: int
    is_readmitted: bool
    disposition: str
    reason: str | None


def tally(
    received: Iterable[Any], dispositions: Iterable[Any], *, sources: Sequence[str], arrivals: ArrivalRange
) -> Tallies:
    """Put two independent counts together: the rows received, and what became of the rows after all rules.

    received: source, arrival_cycle, rows. dispositions: see `Counted`. Every source has an entry for the range's last
    month. A row lost or doubled on the way would be a mistake in the program.
    """
    result: Tallies = defaultdict(Tally)
    for source in sources:
        result[source, str(arrivals.last)].received += 0
    for row in received:
        result[row.source, row.arrival_cycle].received += row.rows
    for row in dispositions:
        entry = result[row.source, row.arrival_cycle]
        entry.readmitted += row.rows if row.is_readmitted else 0
        entry.dispositions[row.disposition] += row.rows
        if row.disposition == QUARANTINED:
            entry.reasons[row.reason] += row.rows
    check_sums(result)
    return dict(result)


def settled(tallies: Tallies, source: str, found: Mapping[tuple[str, str], int]) -> Tallies:
    """The same counts with what became of a source's fine rows, all of which count as kept until then.

    found: rows by (arrival month, disposition); quarantined are those that repeat a key.
    """
    result = dict(tallies)
    for month in dict.fromkeys(month for month, _ in found):
        entry = result[source, month]
        repeated = found.get((month, QUARANTINED), 0)
        dispositions = Counter({what: found.get((month, what), 0) for what in (KEPT, DUPLICATE)})
        dispositions[QUARANTINED] = entry.dispositions[QUARANTINED] + repeated
        result[source, month] = replace(
            entry, dispositions=dispositions, reasons=entry.reasons + Counter({REPEATED_KEY: repeated})
        )
    check_sums(result)
    return result


def reasons_of(tallies: Tallies, source: str) -> list[tuple[str, int]]:
    """Why rows of a source are bad, with their number, the most frequent reason first."""
    reasons = sum((entry for (name, _), entry in tallies.items() if name == source), Tally()).reasons
    return sorted(((reason, rows) for reason, rows in reasons.items() if rows), key=lambda pair: (-pair[1], pair[0]))


def check_sums(tallies: Mapping[tuple[str, str], Tally]) -> None:
    """Raise where rows in differ from kept + quarantined + duplicates."""
    for (source, month), entry in tallies.items():
        if entry.rows_in != sum(entry.dispositions.values()):
            found = ", ".join(f"{count} {what}" for what, count in sorted(entry.dispositions.items()))
            raise AssertionError(
                f"`{source}` {month}: {entry.rows_in} rows in ({entry.readmitted} readmitted) became {found}; "
                "rows were lost or doubled on the way"
            )


def left_behind(
    there: Mapping[str, int], seen: Mapping[str, int], before: Sequence[Mapping[str, Any]], arrivals: ArrivalRange
) -> dict[str, int]:
    """Raw rows that no ingest has taken, by source: they came after the month in which they say they arrived was whole.

    there: rows of the raw tables. seen: those that do not lie before the range's first month. before: rows of
    `ingest_counts`. Where raw holds less than was taken of it, nobody can tell.
    """
    if arrivals.first is None:
        return {}
    closed = Counter[str]()
    for row in before:
        if row["cycle"] < str(arrivals.first):  # the undated come last
            closed[row["source"]] += row["rows_in"] - row["rows_readmitted"]
    found = {name: rows - seen[name] - closed[name] for name, rows in there.items() if name in seen}
    return {name: rows for name, rows in found.items() if rows > 0}


def records(tallies: Tallies, arrivals: ArrivalRange) -> list[dict[str, Any]]:
    """The rows of `ingest_counts`."""
    return [
        {
            "cycle": month,
            "source": source,
            "rows_in": entry.rows_in,
            "rows_kept": entry.dispositions[KEPT],
            "rows_quarantined": entry.dispositions[QUARANTINED],
            "rows_duplicate": entry.dispositions[DUPLICATE],
            "rows_readmitted": entry.readmitted,
            "arrived_before": arrivals.stops_on(month),
            "not_yet_arrived": entry.not_yet_arrived,
        }
        for (source, month), entry in sorted(tallies.items())
    ]


def silent(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Sources of which no row arrived in the newest whole month, though some did in the month before: a sentence each.

    records: rows of `ingest_counts`, of a repeated source and month the last one counting. It may be right (a month
    without a campaign); a file that nobody sent looks the same.
    """
    found = {(row["source"], row["cycle"]): row for row in records if row["cycle"] != UNDATED}
    ends = {Month.parse(month): row["arrived_before"] for (_, month), row in found.items()}
    newest = max((month for month, end in ends.items() if end >= (month + 1).first), default=None)
    if newest is None:
        return []
    rows = {key: row["rows_in"] for key, row in found.items()}
    return [
        f"`{source}`: no row arrived in {newest}, {before} in {newest - 1}: is it complete?"
        for source in sorted({source for source, _ in found})
        if (before := rows.get((source, str(newest - 1)))) and not rows.get((source, str(newest)))
    ]

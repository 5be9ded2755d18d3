"""What became of every row: in = kept + quarantined + duplicates; and how many bad ones are too many."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reactivation.errors import Finding, SourceError, TooManyBadRows
from reactivation.ingest.arrival_range import UNDATED, Span
from reactivation.ingest.settings import SourcesSettings
from reactivation.periods import Month

KEPT, QUARANTINED, DUPLICATE = "kept", "quarantined", "duplicate"


@dataclass
class Tally:
    """Rows of one source in one arrival month, by fate; `came` was counted straight off the mapped rows."""

    came: int = 0
    readmitted: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_record(cls, record: Mapping[str, Any], reasons: Mapping[str, int]) -> "Tally":
        """What a row of `ingest_counts` says; see `records`. reasons: rows by reason, which it does not hold."""
        fates = {fate: record[f"rows_{fate}"] for fate in (KEPT, QUARANTINED, DUPLICATE)}
        came = record["rows_in"] - record["rows_readmitted"]
        return cls(came, record["rows_readmitted"], Counter(fates), Counter(reasons))

    def __add__(self, other: "Tally") -> "Tally":
        came, readmitted = self.came + other.came, self.readmitted + other.readmitted
        return Tally(came, readmitted, self.fates + other.fates, self.reasons + other.reasons)

    def __sub__(self, other: "Tally") -> "Tally":
        came, readmitted = self.came - other.came, self.readmitted - other.readmitted
        return Tally(came, readmitted, self.fates - other.fates, self.reasons - other.reasons)

    @property
    def rows_in(self) -> int:
        return self.came + self.readmitted


Tallies = dict[tuple[str, str], Tally]
"""By (source, arrival month)."""


def tally(came: Iterable[Any], fates: Iterable[Any], *, sources: Sequence[str], span: Span) -> Tallies:
    """Put two independent counts together: the rows that came, and what became of the rows after all rules.

    came: source, arrival_cycle, rows. fates: source, arrival_cycle, is_readmitted, fate, reason, rows. Every source has
    an entry for the span's last month. A row lost or doubled on the way would be a mistake in the program.
    """
    result: Tallies = defaultdict(Tally)
    for source in sources:
        result[source, str(span.last)].came += 0
    for row in came:
        result[row.source, row.arrival_cycle].came += row.rows
    for row in fates:
        entry = result[row.source, row.arrival_cycle]
        entry.readmitted += row.rows if row.is_readmitted else 0
        entry.fates[row.fate] += row.rows
        if row.fate == QUARANTINED:
            entry.reasons[row.reason] += row.rows
    check_sums(result)
    return dict(result)


def check_sums(tallies: Mapping[tuple[str, str], Tally]) -> None:
    """Raise where rows in differ from kept + quarantined + duplicates."""
    for (source, month), entry in tallies.items():
        if entry.rows_in != sum(entry.fates.values()):
            found = ", ".join(f"{count} {fate}" for fate, count in sorted(entry.fates.items()))
            raise AssertionError(
                f"`{source}` {month}: {entry.rows_in} rows in ({entry.readmitted} readmitted) became {found}; "
                "rows were lost or doubled on the way. Nothing was written"
            )


def check_shares(tallies: Tallies, *, undated_before: Mapping[str, int], settings: SourcesSettings) -> None:
    """Raise TooManyBadRows where a source's share of bad rows is above what conf allows, with reasons and counts.

    undated_before: source: rows without a readable arrival that an earlier ingest counted; they come again each time
    and weigh only once.
    """
    findings = []
    for source in dict.fromkeys(source for source, _ in tallies):
        own = {month: entry for (name, month), entry in tallies.items() if name == source}
        seen = min(undated_before.get(source, 0), own[UNDATED].rows_in) if UNDATED in own else 0
        rows_in = sum(entry.rows_in for entry in own.values()) - seen
        bad = sum(entry.fates[QUARANTINED] for entry in own.values()) - seen
        if bad > settings.few_bad_rows and bad > settings.max_bad_share * rows_in:
            ordered = sorted(sum(own.values(), Tally()).reasons.items(), key=lambda pair: (-pair[1], pair[0]))
            text = ", ".join(f"{reason} {rows}" for reason, rows in ordered)
            findings.append(Finding("bad rows", source, f"{bad} of {rows_in} ({bad / rows_in:.1%}): {text}"))
    if findings:
        limit = f"more than {settings.max_bad_share:.1%} of a source's rows (sources.max_bad_share) break the contract"
        raise TooManyBadRows(f"{limit}; nothing was written", findings)


def check_still_there(tallies: Tallies, before: Iterable[Mapping[str, Any]], span: Span) -> None:
    """Raise SourceError where raw has lost rows of a month that was taken before and would be replaced by less.

    before: rows of `ingest_counts`. The newest month is not looked at: it may be delivered again. A source that is no
    longer in conf keeps what it has.
    """
    sources = {source for source, _ in tallies}
    lost = [
        Finding("lost", f"{row['source']} {row['cycle']}", f"{came} rows came before, {now} are there now")
        for row in sorted(before, key=lambda row: (row["source"], row["cycle"]))
        if row["source"] in sources and row["cycle"] < str(span.last) and span.has(row["cycle"])
        if (came := row["rows_in"] - row["rows_readmitted"])
        > (now := tallies.get((row["source"], row["cycle"]), Tally()).came)
    ]
    if lost:
        advice = "bring them back; or --force, and what is not there is forgotten"
        findings = [*lost, Finding("what to do", "raw tables", advice)]
        raise SourceError("whole months would be taken again, but rows are gone; nothing was written", findings)


def records(tallies: Tallies, span: Span) -> list[dict[str, Any]]:
    """The rows of `ingest_counts`."""
    return [
        {
            "cycle": month,
            "source": source,
            "rows_in": entry.rows_in,
            "rows_kept": entry.fates[KEPT],
            "rows_quarantined": entry.fates[QUARANTINED],
            "rows_duplicate": entry.fates[DUPLICATE],
            "rows_readmitted": entry.readmitted,
            "arrived_before": span.stops_on(month),
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

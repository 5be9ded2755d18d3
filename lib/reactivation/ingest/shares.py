"""Too many bad rows, or too many that say the same: then nothing is written, and what was found is told with examples.

Two equal rows of a table of events are one event said twice, or two events whose difference nobody mapped. The first is
harmless, the second loses an event without a word, and the rows cannot tell which it is. So their share is bounded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from pyspark.sql import Column, Row
from pyspark.sql import functions as F

from reactivation.errors import Finding, TooManyBadRows
from reactivation.frames import records, union_all
from reactivation.ingest import deduplication, mapping
from reactivation.ingest.arrival_range import UNDATED
from reactivation.ingest.counts import QUARANTINED, Tallies, reasons_of
from reactivation.ingest.received import ReceivedRows
from reactivation.ingest.rules import BAD_TYPE, CODE, is_fine
from reactivation.ingest.settings import SourcesSettings

_EXAMPLES = 3
_LONGEST = 40
_SAMPLE = 100_000
"""Rows of a source that are compared with each other; of more, those with one of several rests of their hash."""


def keys(received: Mapping[str, ReceivedRows]) -> dict[str, Column]:
    """Source: what equal rows have in common, null for rows that are not compared: see `disposition.counted`."""
    return {name: F.when(_is_compared(rows) & _is_sampled(rows), F.col("row_hash")) for name, rows in received.items()}


def check(
    tallies: Tallies,
    found: Iterable[Row],
    received: Mapping[str, ReceivedRows],
    *,
    undated_before: Mapping[str, int],
    settings: SourcesSettings,
) -> None:
    """Raise TooManyBadRows where a source has a larger share of bad rows, or of equal ones, than conf allows.

    found: rows of `disposition.counted`. undated_before: source: rows without a readable arrival that an earlier ingest
    counted; they come again each time and weigh only once.
    """
    bad = [*_bad(tallies, received, undated_before=undated_before, settings=settings)]
    equal = [*_equal(found, received, settings)]
    if bad or equal:
        of_bad = f"{settings.max_bad_share:.1%} of a source's rows (sources.max_bad_share) break the contract"
        of_equal = f"{settings.max_equal_share:.1%} of a source's events (sources.max_equal_share) are equal"
        limits = [f"more than {text}" for text, some in ((of_bad, bad), (of_equal, equal)) if some]
        raise TooManyBadRows(f"{'; '.join(limits)}; nothing was written", [*bad, *equal])


def _bad(
    tallies: Tallies,
    received: Mapping[str, ReceivedRows],
    *,
    undated_before: Mapping[str, int],
    settings: SourcesSettings,
) -> Iterator[Finding]:
    for source in dict.fromkeys(source for source, _ in tallies):
        own = {month: entry for (name, month), entry in tallies.items() if name == source}
        seen = min(undated_before.get(source, 0), own[UNDATED].rows_in) if UNDATED in own else 0
        rows_in = sum(entry.rows_in for entry in own.values()) - seen
        bad = sum(entry.dispositions[QUARANTINED] for entry in own.values()) - seen
        if bad > settings.few_bad_rows and bad > settings.max_bad_share * rows_in:
            reasons = reasons_of(tallies, source)
            values = _unread(received[source]) if any(BAD_TYPE in reason for reason, _ in reasons) else {}
            text = ", ".join(f"{reason} {rows}{values.get(reason, '')}" for reason, rows in reasons)
            yield Finding("bad rows", source, f"{bad} of {rows_in} ({bad / rows_in:.1%}): {text}")


def _equal(found: Iterable[Row], received: Mapping[str, ReceivedRows], settings: SourcesSettings) -> Iterator[Finding]:
    rows = [row for row in found if row.compared]
    for name in dict.fromkeys(row.source for row in rows):
        factor = _one_of(received[name])
        own = [row for row in rows if row.source == name]
        compared, equal = (factor * sum(row[what] for row in own) for what in ("compared", "equal"))
        if equal > settings.few_bad_rows and equal > settings.max_equal_share * compared:
            yield Finding("equal rows", name, _says(received[name], compared, equal, is_sample=factor > 1))


def _says(rows: ReceivedRows, compared: int, equal: int, *, is_sample: bool) -> str:
    numbers = f"{'about ' * is_sample}{equal:,} of {compared:,} rows".replace(",", " ")
    missing = ", ".join(f"`{name}`" for name in rows.always_empty if name != "event_id")
    question = f"is {missing} missing?" if missing else "is what tells them apart missing?"
    cure = (
        f"Map it under sources.{rows.table.name}, or the bank's number of the event as event_id; "
        "if it is the bank that sends rows twice, raise sources.max_equal_share"
    )
    return f"{numbers} are equal in all that is mapped: {question} Such as {'; '.join(_examples(rows))}. {cure}"


def _examples(rows: ReceivedRows) -> list[str]:
    """The rows that come most often, without their users."""
    names = [c.name for c in mapping.columns_of(rows.table) if c.name not in ("user_id", "arrived_at", "event_id")]
    same = rows.rows.where(_is_compared(rows)).groupBy("user_id", *names).agg(F.count("*").alias("times"))
    texts = [F.col(name).cast("string").alias(name) for name in names]
    most = same.where("times > 1").orderBy(F.desc("times"), "user_id", *names).limit(_EXAMPLES)
    return [
        f"{row['times']} of one user with {', '.join(f'{n} {_short(row[n])}' for n in names if row[n] is not None)}"
        for row in records(most.select("times", *texts))
    ]


def _unread(rows: ReceivedRows) -> dict[str, str]:
    """By label of a rule: three of the values that could not be read. Of a user's number only its form is told."""
    rules = {code: rule for code, rule in enumerate(rows.rules, start=1) if rule.reason == BAD_TYPE}
    values = F.from_json("row_json", "map<string,string>")
    each = [
        rows.rows.where(F.col(CODE) == code)
        .select(F.lit(code).alias("code"), F.try_element_at(values, F.lit(rule.columns[0])).alias("value"))
        .distinct()
        .orderBy("value")
        .limit(_EXAMPLES)
        for code, rule in rules.items()
    ]
    found: dict[int, list[str]] = {}
    for row in records(union_all(each)):
        is_user = rules[row["code"]].columns == ("user_id",)
        found.setdefault(row["code"], []).append(_form(row["value"]) if is_user else _short(row["value"]))
    return {rules[code].label: f" (such as {', '.join(texts)})" for code, texts in found.items()}


def _is_compared(rows: ReceivedRows) -> Column:
    """True for fine rows that nothing but what they say tells apart."""
    if not deduplication.tells_apart_by_content(rows.table):
        return F.lit(False)
    return is_fine() & F.col("event_id").isNull()


def _is_sampled(rows: ReceivedRows) -> Column:
    return F.pmod("row_hash", F.lit(_one_of(rows))) == 0


def _one_of(rows: ReceivedRows) -> int:
    """Of so many rows one is compared; equal rows are compared together."""
    return max(1, rows.count // _SAMPLE)


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _form(value: object) -> str:
    """A text with each digit as 9 and each letter as x."""
    return _short(re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", str(value))))

"""What becomes of each row of one source: kept, quarantined or a duplicate, and in which month it counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical, derived
from reactivation.frames import checkpointed, counted_by
from reactivation.ingest import admission, counts, deduplication, mapping, rules
from reactivation.ingest.arrival_range import Span, month_of
from reactivation.ingest.rules import Allowed
from reactivation.periods import Calendar


@dataclass(frozen=True)
class Terms:
    """What all rules of one ingest go by: the span of arrival months, the region's clock, and what conf allows."""

    span: Span
    calendar: Calendar
    allowed: Mapping[str, Allowed]

    def before(self) -> "Terms":
        """The same terms for all months before the span."""
        return Terms(self.span.before, self.calendar, self.allowed)


def checked(frame: DataFrame, name: str, expressions: Mapping[str, str], terms: Terms) -> DataFrame:
    """Typed rows that arrived in the span, with their months, the rule they break and, where they do, how they came."""
    table = canonical.BY_NAME[name]
    rule = rules.broken_rule(table, calendar=terms.calendar, allowed=terms.allowed.get(name, {}))
    rows = (
        arrived(frame, name, expressions, terms)
        .withColumn("rule", rule)
        .withColumn("row_json", F.when(~rules.is_fine(), mapping.as_it_came(table)))
    )
    return deduplication.comparable(rows, table, terms.calendar).drop(mapping.CAME_AS)


def arrived(frame: DataFrame, name: str, expressions: Mapping[str, str], terms: Terms) -> DataFrame:
    """Typed rows that arrived in the span, beside what they came as, and the month in which they did."""
    rows = mapping.typed(frame, canonical.BY_NAME[name], expressions, terms.calendar)
    if name == "users":
        rows = admission.since_sign_up(rows, terms.calendar)
    in_span = rows.where(terms.span.covers(F.col("arrived_at"), terms.calendar))
    return in_span.withColumn("arrival_cycle", month_of(F.col("arrived_at"), terms.calendar))


def came(rows: DataFrame, name: str) -> DataFrame:
    """Checked rows counted per arrival month, and for fine rows that came late, per month they speak of."""
    named = rows.select(
        F.lit(name).alias("source"),
        "arrival_cycle",
        F.when(deduplication.is_late(), F.col(deduplication.EVENT_MONTH)).alias("late"),
        F.lit(False).alias("is_waiting"),
        F.lit(False).alias(admission.TAKEN_BACK),
    )
    return counted_by(named)


def fine(rows: DataFrame, name: str) -> DataFrame:
    """Of checked rows that break no rule: whose they are, when they came, and what they may repeat."""
    source = F.lit(name).alias("source")
    return rows.where(rules.is_fine()).select(source, "user_id", "arrived_at", deduplication.ALIKE)


@dataclass(frozen=True)
class Decided:
    """All rows of one source, each in the month in which it counts, with its `fate`.

    plain: fine rows that are simply kept, which is most of them; they are not held a second time. others: at hand.
    """

    name: str
    plain: DataFrame
    others: DataFrame

    def counted(self) -> DataFrame:
        """The rows counted by month, fate and reason."""
        source, reason = F.lit(self.name).alias("source"), F.col("rule.reason")
        rows = self._both(source, "arrival_cycle", "is_readmitted", "fate", reason)
        return counted_by(rows)

    def kept(self) -> DataFrame:
        """The canonical rows, in files of about equal size and of one month each."""
        table = canonical.BY_NAME[self.name]
        rows = self._both(*table.column_names, "fate").where(F.col("fate") == counts.KEPT)
        return table.select(rows).hint("rebalance", "arrival_cycle")

    def rejected(self) -> DataFrame:
        """The rows for quarantine, under their own arrival."""
        text = [mapping.as_text(c).alias(c.name) for c in mapping.columns_of(canonical.BY_NAME[self.name])]
        bad = self.others.where(F.col("fate") == counts.QUARANTINED).withColumn("arrived_at", F.col("came_at"))
        return derived.QUARANTINE.select(
            bad.withColumn("row_json", F.coalesce("row_json", F.to_json(F.struct(*text))))
            .drop("cycle")
            .withColumns(
                {
                    "source": F.lit(self.name),
                    "reason": F.col("rule.reason"),
                    "detail": F.col("rule.detail"),
                    "cycle": F.col("arrival_cycle"),
                }
            )
        )

    def _both(self, *columns: str | Column) -> DataFrame:
        return self.plain.select(*columns).unionByName(self.others.select(*columns))


def decided(
    rows: DataFrame,
    name: str,
    *,
    latecomers: DataFrame,
    repeated: DataFrame,
    waited: DataFrame | None,
    stored: DataFrame | None,
    terms: Terms,
) -> Decided:
    """What becomes of checked rows.

    latecomers: see `arrivals`. repeated: `ALIKE` of the rows of which there are several. waited: checked rows from the
    quarantine of months before the one in which their user became known. stored: canonical rows, taken before, that
    some may repeat.
    """
    seen = rows.join(repeated.withColumn("is_repeated", F.lit(True)), deduplication.ALIKE, "left")
    is_plain = rules.is_fine() & F.col("is_repeated").isNull() & ~deduplication.is_late()
    if name == "users":
        others = (
            seen.where(~is_plain)
            .drop("is_repeated")
            .withColumns({"came_at": F.col("arrived_at"), "is_readmitted": F.lit(False)})
        )
    else:
        seen = seen.join(latecomers, "user_id", "left")
        is_plain = is_plain & admission.is_in_time()
        others = admission.admitted(seen.where(~is_plain).drop("is_repeated"), terms.span, waited=False)
    if waited is not None:
        again = admission.admitted(waited.join(latecomers, "user_id"), terms.span, waited=True)
        others = others.unionByName(again)
    unique = deduplication.marked(others, canonical.BY_NAME[name], stored)
    plain = seen.where(is_plain).withColumns({"is_readmitted": F.lit(False), "fate": F.lit(counts.KEPT)})
    return Decided(name, plain, checkpointed(unique.withColumn("fate", _fate())))


def _fate() -> Column:
    is_duplicate = F.col("is_duplicate")
    fate = F.when(is_duplicate, counts.DUPLICATE).when(rules.is_fine(), counts.KEPT)
    return fate.otherwise(counts.QUARANTINED)

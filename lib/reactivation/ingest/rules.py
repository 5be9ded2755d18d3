"""Row checks: inside an ingest a rule is a number; its reason and its sentence are put to quarantined rows alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts import canonical, table
from reactivation.contracts.table import Table
from reactivation.frames import BAD_ROW, NOT_DECODED, NUMBER, RAGGED
from reactivation.ingest.casting import Plausible
from reactivation.ingest.mapping import IMPLAUSIBLE, RAW_VALUES, columns_of
from reactivation.periods import Calendar

Allowed = Mapping[str, Sequence[str]]

CODE = "rule_code"
"""Column: the first rule that a row breaks, by its place in `rules_of` counted from 1; 0 where it breaks none."""
UNKNOWN_USER, REPEATED_KEY = "unknown_user", "repeated_key"
BAD_TYPE = "bad_type"


@dataclass(frozen=True)
class Rule:
    """One rule. reason: its name. text: its sentence, `%s` for the value of each of the columns, in order.

    is_broken: a condition on typed rows; None where other rows than the one decide.
    """

    reason: str
    text: str
    columns: tuple[str, ...]
    is_broken: Column | None = None

    @property
    def label(self) -> str:
        """The reason as people are told it: of a value that cannot be read, with its column."""
        return f"{self.reason} of {self.columns[0]}" if self.reason == BAD_TYPE else self.reason


def rules_of(table: Table, *, calendar: Calendar, allowed: Allowed, plausible: Plausible) -> list[Rule]:
    """All rules of a table, in the order in which they are tried.

    allowed: further values that conf allows, by column (the products whose balances are followed). plausible: the days
    that a date may lie on.
    """
    columns = columns_of(table)
    nobody = "no row of `users` had arrived for user %s by the end of the month"
    return [
        *[_broken_in_file(reason) for reason in (RAGGED, NOT_DECODED)],
        _impossible_date("arrived_at", F.col(f"{RAW_VALUES}.{IMPLAUSIBLE}")),
        *[_bad_type(c) for c in columns],
        *([_no_number()] if table is canonical.USERS else []),
        *[_missing(c) for c in columns if c.required],
        *[rule for c in columns for rule in _not_allowed(c, allowed.get(c.name, ()))],
        *[
            _impossible_date(c.name, F.col(c.name) < plausible.begins(calendar, is_date=c.type == "date"))
            for c in columns
            if c.type in ("timestamp", "date") and c.name != "arrived_at"
        ],
        *_out_of_order(table, calendar, plausible),
        Rule(UNKNOWN_USER, nobody, ("user_id",)),
        _repeated_key(table),
    ]


def code_of(rules: Sequence[Rule], reason: str) -> int:
    """The number of the first rule with a reason."""
    return next(i for i, rule in enumerate(rules, start=1) if rule.reason == reason)


def first_broken(rules: Sequence[Rule]) -> Column:
    """`CODE` of a typed row."""
    broken = [F.when(r.is_broken, i) for i, r in enumerate(rules, start=1) if r.is_broken is not None]
    return F.coalesce(*broken, F.lit(0))


def is_fine() -> Column:
    """True for checked rows that break no rule."""
    return F.col(CODE) == 0


def explained(bad: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Add `reason` and `detail` to rows with a `CODE` above 0 and their values in `row_json`."""
    values = F.from_json("row_json", "map<string,string>")

    def of_rule(texts: list[str | None]) -> Column:
        return F.element_at(F.array(*[F.lit(text) for text in texts]), F.col(CODE))

    names = [of_rule([next(iter(r.columns[n : n + 1]), None) for r in rules]) for n in (0, 1)]
    said = F.printf(of_rule([r.text for r in rules]), *[F.try_element_at(values, name) for name in names])
    return bad.withColumns({"reason": of_rule([r.reason for r in rules]), "detail": said})


def _broken_in_file(reason: str) -> Rule:
    return Rule(reason, "%s", (BAD_ROW,), F.col(f"{RAW_VALUES}.{BAD_ROW}.reason") == reason)


def _bad_type(column: table.Column) -> Rule:
    is_lost = F.col(f"{RAW_VALUES}.{column.name}").isNotNull() & F.col(column.name).isNull()
    return Rule(BAD_TYPE, f"{column.name} cannot be read as {column.type}: %s", (column.name,), is_lost)


def _no_number() -> Rule:
    """One of the region's own numbers that is none; NaN is a missing one."""
    is_fine = f"v is null or lower(trim(v)) = 'nan' or trim(v) rlike '{NUMBER}'"
    every = f"forall(map_values(from_json(profile_numbers, 'map<string,string>')), v -> {is_fine})"
    text = "profile_numbers has a value that is no number: %s"
    return Rule(BAD_TYPE, text, ("profile_numbers",), ~F.expr(every))


def _repeated_key(table: Table) -> Rule:
    if table.key:
        return Rule(REPEATED_KEY, f"another row has the same {', '.join(table.key)}", ())
    return Rule(REPEATED_KEY, "event_id is that of another user's event too: %s", ("event_id",))


def _missing(column: table.Column) -> Rule:
    return Rule(f"missing_{column.name}", f"{column.name} is empty", (), F.col(column.name).isNull())


def _not_allowed(column: table.Column, further: Sequence[str]) -> Iterator[Rule]:
    name, value = column.name, F.col(column.name)
    for values in (column.allowed, tuple(further)):
        if values:
            known = ", ".join(values).replace("%", "%%")
            yield Rule(f"not_allowed_{name}", f"{name} is none of {known}: %s", (name,), ~value.isin(*values))
    if column.minimum is not None:
        kind = "negative" if column.minimum == 0 else "too_small"
        is_less = value < F.lit(column.minimum)
        yield Rule(f"{kind}_{name}", f"{name} is less than {column.minimum}: %s", (name,), is_less)


def _impossible_date(name: str, is_outside: Column) -> Rule:
    text = f"{name} is too early or too far ahead (sources.earliest_year, sources.latest_days_ahead): %s"
    return Rule(f"impossible_{name}", text, (name,), is_outside)


def _out_of_order(table: Table, calendar: Calendar, plausible: Plausible) -> Iterator[Rule]:
    """What happens after it is known, or ends before it begins."""
    if table.name == "users":
        is_upside_down = F.col("closed_on") < F.col("signed_up_on")
        text = "closed on %s, signed up on %s"
        yield Rule("closed_before_sign_up", text, ("closed_on", "signed_up_on"), is_upside_down)
        is_unborn = F.col("birth_year") > F.year("signed_up_on")
        yield Rule("born_after_sign_up", "born in %s, signed up on %s", ("birth_year", "signed_up_on"), is_unborn)
        arrived_on = calendar.day(F.col("arrived_at"))
        text = "signed_up_on %s is after the row's arrival, %s"
        is_early = F.col("signed_up_on") > arrived_on
        yield Rule("impossible_signed_up_on", text, ("signed_up_on", "arrived_at"), is_early)
        yield _impossible_date("closed_on", F.col("closed_on") > F.date_add(arrived_on, plausible.days_ahead))
        return
    if table.name == "exclusions":  # one that bars on no day, or on none that comes, may be a slip: unread, it bars
        is_upside_down = F.col("until_on") < F.col("from_on")
        yield Rule("ended_before_begin", "until %s, from %s", ("until_on", "from_on"), is_upside_down)
        latest = F.date_add(calendar.day(F.col("arrived_at")), plausible.days_ahead)
        yield _impossible_date("from_on", F.col("from_on") > latest)
        return
    happened = canonical.EVENT_TIME[table.name]
    arrived = F.col("arrived_at")
    is_date = table.column(happened).type == "date"
    is_early = F.col(happened) > (calendar.day(arrived) if is_date else arrived)
    text = f"{happened} %s is after its arrival, %s"
    yield Rule("event_after_arrival", text, (happened, "arrived_at"), is_early)

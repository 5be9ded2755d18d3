"""Does learning pay? Learning and frozen loops over the same months and banks, compared seed by seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import mean
from typing import Any, Literal, NamedTuple

from scipy.stats import ttest_1samp

from reactivation.frozen_model import FrozenModel
from reactivation.periods import Calendar, Month
from reactivation_lab.benchmarks.table import listed, span, table

Loop = Literal["learning", "frozen"]
LOOPS: tuple[Loop, ...] = ("learning", "frozen")
RIVALS: Mapping[str, tuple[tuple[Loop, str], tuple[Loop, str]]] = {
    "the model's cell, learning less frozen": (("learning", "model"), ("frozen", "model")),
    "the learning loop, the model's cell less the rule's": (("learning", "model"), ("learning", "rule")),
    "the learning loop, the model's cell less the random one": (("learning", "model"), ("learning", "random")),
}
"""Whose users moved are compared: name: (loop, policy) less (loop, policy)."""

AUC = "AUC on users left alone"


class LoopMonth(FrozenModel):
    """One month of one cell of one loop, as a line of a file of JSON lines.

    users: of the cell, open to contact. spend: expected cost of what was planned for them. incremental: users that
    were active in truth because of it: the mean rise of the true probability times the users. auc: of the month's
    scores, on the low-active left alone; None where there is none.
    """

    seed: int
    bank_users: int
    loop: Loop
    cycle: str
    policy: str
    users: int
    spend: float
    incremental: float
    auc: float | None = None
    settings_hash: str
    code_version: str


class Paired(NamedTuple):
    """One figure of two sides over seeds: means, mean difference and its t interval of 95 %; None with one seed."""

    figure: str
    of: str
    seeds: int
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None


def parting(cycle: Month, *, calendar: Calendar) -> Month:
    """The first month that a loop's first cycle may teach, so the first in which learning and frozen can differ.

    >>> str(parting(Month.parse("2026-05"), calendar=Calendar(zone="UTC", settle_days=5)))
    '2026-07'
    """
    month = cycle + 1
    while calendar.newest_settled(month.first) < cycle:
        month += 1
    return month


def months(
    spent: Iterable[Mapping[str, Any]],
    effects: Iterable[Mapping[str, Any]],
    evaluation: Iterable[Mapping[str, Any]],
    *,
    since: Month,
    **common: Any,
) -> list[LoopMonth]:
    """Records of one loop.

    spent: users of a cell open to contact and what was spent on them. effects: of the sandbox's truth, on one metric.
    evaluation: AUC on the untouched. since: the first month to record. common: the other fields of each record.
    """
    true = {(row["cycle"], row["contrast"]): row["value"] for row in effects}
    auc = {row["cycle"]: row["value"] for row in evaluation}
    return [
        LoopMonth(
            cycle=row["cycle"],
            policy=row["policy"],
            users=row["users"],
            spend=row["spend"],
            incremental=true[row["cycle"], f"value_{row['policy']}"] * row["users"],
            auc=auc.get(row["cycle"]),
            **common,
        )
        for row in sorted(spent, key=lambda r: (r["cycle"], r["policy"]))
        if row["cycle"] >= str(since) and (row["cycle"], f"value_{row['policy']}") in true
    ]


def compared(records: Iterable[LoopMonth]) -> list[Paired]:
    """Each figure of each pair of `RIVALS`, and the AUC of learning less frozen.

    Of each seed all months together: the sum of users moved over the sum of spend, or of users, so that a month with
    little spend counts for little. Seeds of which one side is missing are not looked at.
    """
    sides: dict[tuple[int, str, str], list[LoopMonth]] = {}
    for record in records:
        sides.setdefault((record.seed, record.loop, record.policy), []).append(record)
    found = [
        _paired(sides, figure, of, one, other, value=value)
        for of, (one, other) in RIVALS.items()
        for figure, value in (("users moved per 1 000 of spend", _per_spend), ("users moved per 1 000", _per_users))
    ]
    both = ("learning", "model"), ("frozen", "model")
    found.append(_paired(sides, AUC, "learning less frozen", *both, value=_auc))
    return [paired for paired in found if paired is not None]


def as_section(records: Sequence[LoopMonth]) -> str:
    """What `compared` finds, as a table in Markdown with the banks it is of."""
    rows = []
    for paired in compared(records):
        digits = 3 if paired.figure == AUC else 1
        ends = "one bank: no interval"
        if paired.low is not None and paired.high is not None:
            ends = f"{paired.low:+.{digits}f} to {paired.high:+.{digits}f}"
        shown = [f"{value:.{digits}f}" for value in (paired.first, paired.second)]
        rows.append([paired.figure, paired.of, *shown, f"{paired.difference:+.{digits}f}", ends, str(paired.seeds)])
    users, months = (listed(record.bank_users for record in records), span(record.cycle for record in records))
    note = (
        f"Banks of {users} users, their months {months} lived twice: by a loop that learns, and by one that knows only "
        "what was known before the programme. By the sandbox's truth, over all users of a cell open to contact, "
        "all months of a bank together. The interval is Student's over the paired differences of the banks, of 95 %."
    )
    head = ["figure", "one less the other", "one", "the other", "difference", "95 % interval", "banks"]
    return f"{table(head, rows)}\n\n{note}"


def _paired(
    sides: Mapping[tuple[int, str, str], Sequence[LoopMonth]],
    figure: str,
    of: str,
    one: tuple[str, str],
    other: tuple[str, str],
    *,
    value: Callable[[Sequence[LoopMonth]], float | None],
) -> Paired | None:
    seeds = sorted({seed for seed, *_ in sides if (seed, *one) in sides and (seed, *other) in sides})
    seeds = [s for s in seeds if _cycles(sides[s, *one]) == _cycles(sides[s, *other])]
    values = [(value(sides[s, *one]), value(sides[s, *other])) for s in seeds]
    known = [(first, second) for first, second in values if first is not None and second is not None]
    if not known:
        return None
    differences = [first - second for first, second in known]
    ends = ttest_1samp(differences, 0).confidence_interval(0.95) if len(known) > 1 else None
    return Paired(
        figure=figure,
        of=of,
        seeds=len(known),
        first=mean(first for first, _ in known),
        second=mean(second for _, second in known),
        difference=mean(differences),
        low=None if ends is None else float(ends.low),
        high=None if ends is None else float(ends.high),
    )


def _cycles(months_of: Iterable[LoopMonth]) -> list[str]:
    return sorted(month.cycle for month in months_of)


def _per_spend(months_of: Sequence[LoopMonth]) -> float | None:
    spend = sum(m.spend for m in months_of)
    return 1000 * sum(m.incremental for m in months_of) / spend if spend else None


def _per_users(months_of: Sequence[LoopMonth]) -> float | None:
    return 1000 * sum(m.incremental for m in months_of) / sum(m.users for m in months_of)


def _auc(months_of: Sequence[LoopMonth]) -> float | None:
    known = [m.auc for m in months_of if m.auc is not None]
    return mean(known) if known else None

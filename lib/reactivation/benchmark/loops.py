"""Does learning pay? Loops over the same months and the same simulated banks, held against each other seed by seed."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any, Literal, NamedTuple

from scipy.stats import ttest_1samp

from reactivation.parts import Part
from reactivation.periods import Calendar, Month

Loop = Literal["learning", "frozen"]
LOOPS: tuple[Loop, ...] = ("learning", "frozen")
RIVALS: Mapping[str, tuple[tuple[Loop, str], tuple[Loop, str]]] = {
    "the model's cell: learning less frozen": (("learning", "model"), ("frozen", "model")),
    "learning: the model's cell less the rule's": (("learning", "model"), ("learning", "rule")),
    "learning: the model's cell less the random one": (("learning", "model"), ("learning", "random")),
}
"""What is compared: name: (loop, policy) less (loop, policy)."""


class LoopMonth(Part):
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
    """Difference of users moved per 1 000 of spend, over seeds: mean, t interval of 95 %; per side the mean itself.

    incremental: mean difference of the users moved themselves, per 1 000 users open to contact and month.
    """

    seeds: int
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    incremental: float


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
    **common: Any,
) -> list[LoopMonth]:
    """Records of one loop.

    spent: users of a cell open to contact and what was spent on them. effects: of the sandbox's truth, on one metric.
    evaluation: AUC on the untouched. common: the other fields of each record.
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
        if (row["cycle"], f"value_{row['policy']}") in true
    ]


def compared(records: Iterable[LoopMonth], *, after: str) -> dict[str, Paired]:
    """Each pair of `RIVALS` over the months after `after`, the last in which nothing had been learnt yet.

    Of each seed the sum of users moved over the sum of spend, so that a month with little spend counts for little.
    Seeds of which one side is missing are not looked at.
    """
    sides: dict[tuple[int, str, str], list[LoopMonth]] = {}
    for record in records:
        if record.cycle > after:
            sides.setdefault((record.seed, record.loop, record.policy), []).append(record)
    found = {}
    for name, (one, other) in RIVALS.items():
        seeds = sorted({seed for seed, *_ in sides if (seed, *one) in sides and (seed, *other) in sides})
        seeds = [s for s in seeds if _cycles(sides[s, *one]) == _cycles(sides[s, *other])]
        if seeds:
            found[name] = _paired([(sides[s, *one], sides[s, *other]) for s in seeds])
    return found


def _paired(pairs: Sequence[tuple[list[LoopMonth], list[LoopMonth]]]) -> Paired:
    first, second = ([_per_spend(pair[side]) for pair in pairs] for side in (0, 1))
    differences = [a - b for a, b in zip(first, second, strict=True)]
    n = len(differences)
    ends = ttest_1samp(differences, 0).confidence_interval(0.95) if n > 1 else None
    return Paired(
        seeds=n,
        first=mean(first),
        second=mean(second),
        difference=mean(differences),
        low=None if ends is None else float(ends.low),
        high=None if ends is None else float(ends.high),
        incremental=mean(_per_users(one) - _per_users(other) for one, other in pairs),
    )


def _cycles(months_of: Iterable[LoopMonth]) -> list[str]:
    return sorted(month.cycle for month in months_of)


def _per_spend(months_of: Sequence[LoopMonth]) -> float:
    return 1000 * sum(m.incremental for m in months_of) / sum(m.spend for m in months_of)


def _per_users(months_of: Sequence[LoopMonth]) -> float:
    return 1000 * sum(m.incremental for m in months_of) / sum(m.users for m in months_of)

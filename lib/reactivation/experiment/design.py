"""Before the launch: which differences the experiment can see, and how large a holdout must be at which cost."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

from reactivation.contracts.derived import policies_in
from reactivation.experiment.power import NOT_KNOWN, RATE_NOT_KNOWN, BaseRate, statement
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import whole
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.proportions import minimum_detectable
from reactivation.statistics.sample_size import holdout_needed

SHARES = (0.02, 0.05, 0.10, 0.20, 0.30, 0.50)
EVERYBODY = "all cells as one"
Row = dict[str, Any]


class Price(NamedTuple):
    """What is not spent on a held-out user: contacts in the month, and money per contact."""

    contacts_per_user: float
    cost_per_contact: float


class Question(NamedTuple):
    """See a rise of `difference` (a share: 0.005 is half a point) on a metric with a power, at alpha per look."""

    metric: str
    difference: float
    power: float
    alpha: float


def question(settings: ExperimentSettings, *, metric: str | None, difference: float, power: float | None) -> Question:
    """The question as asked, else by what is registered: the primary metric, the registered power."""
    alpha = alpha_per_look(settings.alpha, looks=settings.looks)
    return Question(metric or settings.primary_metric, difference, power or settings.power, alpha)


def seen(
    settings: ExperimentSettings,
    *,
    sizes: Mapping[str, int],
    base_rates: Mapping[str, BaseRate],
    power: float,
) -> list[Row]:
    """One row per contrast and metric, for people: users, base rate, smallest detectable difference in points."""
    return [
        {
            "contrast": row["contrast"],
            "metric": row["metric"],
            "users": " : ".join(whole(n) for n in row["users"]),
            "base_rate": _percent(row["base_rate"]),
            "sees_points": _points(row["minimum_detectable"]),
            "minimum_points": _points(settings.metrics[row["metric"]].minimum_effect),
            "says": row["reason"] or _enough(row["minimum_detectable"], settings.metrics[row["metric"]].minimum_effect),
        }
        for row in statement(settings, sizes=sizes, base_rates=base_rates, power=power)
    ]


def holdouts(asked: Question, *, sizes: Mapping[str, int], rate: BaseRate, price: Price) -> tuple[list[Row], list[str]]:
    """How large the holdout must be among each cell's picks, and among all picks were there one cell; with its price.

    Rows for a table, and the same in sentences. sizes: users by `policy.part.touch`.
    """
    if rate.value is None:
        return [], [f"{asked.metric}: {RATE_NOT_KNOWN}, so nothing can be said of a holdout"]
    rows, sentences = [], []
    for name, users, held in _picked(sizes):
        found = holdout_needed(
            users=users,
            base_rate=rate.value,
            difference=asked.difference,
            alpha=asked.alpha,
            power_wanted=asked.power,
            contacts_per_user=price.contacts_per_user,
            cost_per_contact=price.cost_per_contact,
        )
        now = _sees(asked, rate.value, users, held)
        rows.append(
            {
                "among": name,
                "picked": users,
                "held_out": held,
                "sees_points": _points(now),
                "needs": found.users,
                "needs_share": _percent(found.share),
                "contacts_not_sent": None if found.contacts_not_sent is None else _up(found.contacts_not_sent),
                "cost_not_spent": None if found.cost_not_spent is None else round(found.cost_not_spent, 2),
            }
        )
        sentences.append(f"{name}: {found.says}")
    return rows, sentences


def shares(asked: Question, *, sizes: Mapping[str, int], rate: BaseRate, price: Price) -> list[Row]:
    """What other shares would show of the model's picks, and what each costs. No rows while there is no base rate."""
    users = next(users for name, users, _ in _picked(sizes) if name == "touch_model")
    if rate.value is None:
        return []
    return [
        {
            "holdout_share": f"{share:.0%}",
            "held_out": held,
            "sees_points": _points(_sees(asked, rate.value, users, held)),
            "contacts_not_sent": _up(held * price.contacts_per_user),
            "cost_not_spent": round(held * price.contacts_per_user * price.cost_per_contact, 2),
        }
        for share in SHARES
        for held in [round(users * share)]
    ]


def rate_of(metric: str, base_rates: Mapping[str, BaseRate]) -> BaseRate:
    """The base rate of a metric, not known where there is none."""
    return base_rates.get(metric, NOT_KNOWN)


def _picked(sizes: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Name, picked users in the month's comparison, and those of them held out: per cell, and all cells as one."""
    cells = policies_in({name.partition(".")[0] for name in sizes})
    touched, held = ([sizes[f"{policy}.selected.{touch}"] for policy in cells] for touch in ("touched", "holdout"))
    for policy, some, others in zip(cells, touched, held, strict=True):
        yield f"touch_{policy}", some + others, others
    yield EVERYBODY, sum(touched) + sum(held), sum(held)


def _sees(asked: Question, rate: float, users: int, held: int) -> float | None:
    return minimum_detectable(
        base_rate=rate, n_treatment=users - held, n_control=held, alpha=asked.alpha, power=asked.power
    )


def _enough(smallest: float | None, minimum: float) -> str:
    return "sees the registered minimum" if smallest is not None and smallest <= minimum else "sees only larger effects"


def _up(contacts: float) -> int:
    return ceil(contacts - 1e-9)


def _points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 3)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.2%}"

"""Allocations drawn at random, and other ways to fill them: the exact optimum, by score, and in chunks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from reactivation import randomization
from reactivation.campaign.planning import dual, priced
from reactivation.campaign.planning.cells import MICRO, NEVER, Ints, Limit

OPTIONS = 12
CHANNELS, BENEFITS, BRANCHES = 3, 4, 2


@dataclass(frozen=True)
class Instance:
    """Users to allocate. values: millionths, users x options, `NEVER`: not possible. group: branch by number."""

    values: Ints
    group: Ints
    limits: tuple[Limit, ...]

    def value_of(self, choice: Ints) -> int:
        """Total value of a choice, the number of each user's option, -1 for none."""
        who = np.flatnonzero(choice >= 0)
        return int(self.values[who, choice[who]].sum())

    def broken(self, choice: Ints) -> list[str]:
        """Limits that a choice breaks, and options given to who cannot get them."""
        who = np.flatnonzero(choice >= 0)
        impossible = ["impossible option"] if (self.values[who, choice[who]] <= NEVER // 2).any() else []
        return impossible + [limit.name for limit in self.limits if not limit.is_met(self.used(limit, choice))]

    def used(self, limit: Limit, choice: Ints) -> int:
        """Units of a limit that a choice takes."""
        who = np.flatnonzero((choice >= 0) & ((self.group == limit.group) if limit.group is not None else True))
        return int(np.array(limit.uses)[choice[who]].sum())


def drawn(seed: int, users: int, *, kind: Literal["learnt", "tiers"] = "learnt", options: int = OPTIONS) -> Instance:
    """An instance with ten limits at most; a quarter of the options cannot be had.

    kind: `learnt`, every user has a gain of the own; `tiers`, there are three gains by option. Limits: a capacity per
    channel, of which one also asks for a least volume, a budget, a stock per benefit, and a floor in each of two
    branches that hold an eighth of the users each.
    """
    rng = np.random.default_rng(seed)
    cost = rng.choice([0, 5, 30, 80, 155, 400], options) + rng.integers(0, 20, options)
    if kind == "learnt":
        gain = rng.beta(1.2, 12, users)[:, None] * rng.lognormal(0, 0.5, options)
        lift = gain * rng.lognormal(0, 0.2, (users, options))
    else:
        lift = rng.choice([0.02, 0.05, 0.07], (3, options))[rng.integers(0, 3, users)]
    values = np.rint(lift * 20 * MICRO).astype(np.int64) - cost * (MICRO // 100)
    values[rng.random(values.shape) < 0.25] = NEVER
    channel, benefit = rng.integers(0, CHANNELS, options), rng.integers(0, BENEFITS, options)
    group = np.minimum(rng.integers(0, 8, users), BRANCHES).astype(np.int64)
    most = np.floor(users * rng.uniform(0.03, 0.2, CHANNELS + BENEFITS)).astype(int)
    least = users // 200 if (channel == 0).any() else None
    limits = [
        *(Limit(f"capacity_{n}", _ones(channel == n), int(most[n]), None if n else least) for n in range(CHANNELS)),
        Limit("budget", tuple(int(c) for c in cost), int(users * rng.uniform(5, 40))),
        *(Limit(f"stock_{n}", _ones(benefit == n), int(most[CHANNELS + n])) for n in range(BENEFITS)),
        *(Limit(f"floor_{n}", (1,) * options, None, int((group == n).sum() // 20), n) for n in range(BRANCHES)),
    ]
    return Instance(values, group, tuple(limits))


def _ones(is_it: np.typing.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(one) for one in is_it)


def as_users(rows: DataFrame, *, options: int) -> DataFrame:
    """Rows of an instance, user_id, branch and v0, v1, … of the options, as `priced.valued` gives users."""
    names = [f"v{n}" for n in range(options)]
    worths = [F.when(F.col(name) > NEVER, F.col(name)) for name in names]
    return priced.valued(rows, worths, ties=randomization.hashed("ties"), group=F.col("branch")).drop(*names)


class Best(NamedTuple):
    """Value of the best plan found, and what none exceeds; the same, but for a relative 1e-7, where `is_proven`."""

    value: int
    at_most: float
    is_proven: bool


def best(instance: Instance, *, seconds: float = 60) -> Best:
    """The best plan by an integer programme of its own, over users x options (HiGHS). seconds: to look for it."""
    who, what = np.nonzero(instance.values > NEVER // 2)
    columns, users = np.arange(len(who)), len(instance.values)
    one_each = csr_array((np.ones(len(who)), (who, columns)), shape=(users, len(who)))
    worth = instance.values[who, what].astype(float)
    rows = [LinearConstraint(one_each, 0, 1)]
    for limit in instance.limits:
        is_in = True if limit.group is None else instance.group[who] == limit.group
        uses = np.where(is_in, np.array(limit.uses)[what], 0).astype(float)
        ends = -np.inf if limit.least is None else limit.least, np.inf if limit.most is None else limit.most
        rows.append(LinearConstraint(csr_array(uses[None, :]), *ends))
    found = milp(
        -worth / MICRO,
        constraints=rows,
        integrality=np.ones(len(who)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-7, "time_limit": seconds},
    )
    value = int(worth[np.rint(found.x).astype(bool)].sum())
    return Best(value, max(-found.mip_dual_bound * MICRO, value), found.status == 0)


def by_score(instance: Instance) -> Ints:
    """Users in the order of their best value take what is best for them and has room; least volumes are not seen."""
    order = np.argsort(-instance.values.max(axis=1), kind="stable")
    wishes = np.argsort(-instance.values[order], axis=1, kind="stable")
    left = np.array([_END if limit.most is None else limit.most for limit in instance.limits])
    uses = np.array([limit.uses for limit in instance.limits])
    is_own = np.array([limit.group is None for limit in instance.limits])
    choice = np.full(len(instance.values), -1, dtype=np.int64)
    open_options = set(range(uses.shape[1]))
    values = instance.values
    for user, wish in zip(order.tolist(), wishes.tolist(), strict=True):
        for option in wish:
            if values[user, option] <= 0 or not open_options:
                break
            if option in open_options:
                if (uses[is_own, option] <= left[is_own]).all():
                    left[is_own] -= uses[is_own, option]
                    choice[user] = option
                    break
                open_options.discard(option)
    return choice


_END = 1 << 60


def in_chunks(instance: Instance, *, size: int, only: int | None = None) -> Iterator[tuple[int, float]]:
    """Users and value of each chunk, solved by itself with an even part of every limit. only: so many chunks."""
    users = len(instance.values)
    parts = -(-users // size)
    for part in range(parts if only is None else min(only, parts)):
        here = slice(part * size, min((part + 1) * size, users))
        chunk = replace(
            instance, values=instance.values[here], group=instance.group[here], limits=_parts(instance.limits, parts)
        )
        plan = dual.of_equals(dual.equals(chunk.values, chunk.group), chunk.limits, is_finished=False)
        yield len(chunk.values), plan.value if plan else 0.0


def _parts(limits: Sequence[Limit], parts: int) -> tuple[Limit, ...]:
    return tuple(limit.share(1 / parts) for limit in limits)

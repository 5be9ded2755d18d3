"""Allocate any number of users by prices, and the same by score and in chunks, with value and seconds."""

from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from reactivation.campaign.planning import priced
from reactivation.campaign.planning.cells import MICRO
from reactivation.campaign.planning.priced import PLACE
from reactivation.frames import checkpointed
from reactivation.runtime.standalone import Bench
from reactivation_lab.comparisons import allocations
from reactivation_lab.comparisons.allocations import Instance


def add_arguments(parser: ArgumentParser) -> None:
    """How large."""
    parser.add_argument("--users", type=int, required=True, help="users to allocate")
    parser.add_argument("--seed", type=int, default=1, help="of the instance drawn (default: 1)")
    parser.add_argument("--chunks", type=int, default=50, help="chunks of 1 000 that are solved (default: 50)")


def run(b: Bench) -> None:
    """Prints value, seconds, certified gap and limits kept, by way."""
    instance = allocations.drawn(b.args.seed, b.args.users)
    users = checkpointed(_users(b, instance))
    b.say(
        f"{b.args.users} users x {instance.values.shape[1]} options x {len(instance.limits)} limits; scores are there"
    )
    first, bound, says = _by_prices(users, instance)
    b.say(f"    {first['way']}: {first['value']} in {first['seconds']} s; {says}")
    rows = [first]
    started = perf_counter()
    choice = allocations.by_score(instance)
    rows.append(
        _row("by score, greedily", instance.value_of(choice), perf_counter() - started, instance.broken(choice))
    )
    started = perf_counter()
    solved = list(allocations.in_chunks(instance, size=1_000, only=b.args.chunks))
    share = sum(n for n, _ in solved) / b.args.users
    seconds, value = perf_counter() - started, sum(v for _, v in solved)
    rows.append(_row(f"in chunks of 1 000, from {len(solved)} of them", value / share, seconds / share, []))
    b.show("Allocation", [{**row, "share_of_bound": round(row["value"] / bound, 6)} for row in rows])


def _row(way: str, value: float, seconds: float, broken: list[str]) -> dict[str, Any]:
    return {"way": way, "value": round(value / MICRO), "seconds": round(seconds, 1), "broken": ", ".join(broken) or "-"}


def _users(b: Bench, instance: Instance) -> DataFrame:
    """The users as `priced.valued` gives them, by way of a Parquet file."""
    values = {f"v{n}": instance.values[:, n] for n in range(instance.values.shape[1])}
    place = f"{b.root}/allocation-{b.args.users}-{b.args.seed}.parquet"
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"user_id": np.arange(len(instance.values)), "branch": instance.group, **values})
    pq.write_table(table, place, row_group_size=100_000)
    return allocations.as_users(b.spark.read.parquet(place), options=len(values))


def _by_prices(users: DataFrame, instance: Instance) -> tuple[dict[str, Any], float, str]:
    """Allocate, then count on the users themselves what the plan is worth; with its bound, and what it says."""
    started, options = perf_counter(), instance.values.shape[1]
    found = priced.allocate(users, instance.limits, options=options, at_most=len(instance.values))
    given = checkpointed(found.assigned(users).select("user_id", PLACE))
    seconds = perf_counter() - started
    rows = given.toArrow().sort_by("user_id")
    choice = np.array(rows.column(PLACE).fill_null(-1).to_numpy(), dtype=np.int64)
    value, broken = instance.value_of(choice), instance.broken(choice)
    says = f"certified gap {found.plan.gap(value):.7f} after {found.plan.looks} looks; limits broken: {len(broken)}"
    return _row("by prices", value, seconds, broken), found.plan.bound / MICRO, says

"""Hold the allocation by prices, its exact finish off, against exact optima of instances drawn at random."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

import numpy as np

from reactivation.campaign.planning import dual
from reactivation.campaign.planning.cells import MICRO
from reactivation.runtime.standalone import Bench
from reactivation_lab.comparisons import allocations


def add_arguments(parser: ArgumentParser) -> None:
    """How many, how large."""
    parser.add_argument("--instances", type=int, default=200, help="instances; seeds 0 to n - 1 (default: 200)")
    parser.add_argument("--users", type=int, default=2000, help="users of the largest (default: 2000)")
    parser.add_argument("--seconds", type=float, default=30, help="for the exact optimum of each (default: 30)")


def run(b: Bench) -> None:
    """Prints the worst share of the optimum, and how often the certified gap was below the true one: never."""
    rows: list[dict[str, Any]] = []
    for seed in range(b.args.instances):
        users = int(np.random.default_rng(10_000 + seed).integers(200, b.args.users + 1))
        instance = allocations.drawn(seed, users, kind="tiers" if seed % 4 == 0 else "learnt")
        started = perf_counter()
        plan = dual.of_equals(dual.equals(instance.values, instance.group), instance.limits, is_finished=False)
        seconds, best = perf_counter() - started, allocations.best(instance, seconds=b.args.seconds)
        value = plan.value if plan else 0.0
        rows.append(
            {
                "share": value / best.at_most,
                "is_below": plan is None or plan.gap(value) < (best.value - value) / best.value - 1e-9,
                "is_proven": best.is_proven,
                "seconds": seconds,
            }
        )
        b.say(f"    {seed}: {users} users, {value / MICRO:.2f} of at most {best.at_most / MICRO:.2f}")
    shares = [row["share"] for row in rows]
    told = {
        "instances": len(rows),
        "optimum proven": sum(row["is_proven"] for row in rows),
        "worst share of the optimum": f"{min(shares):.6f}",
        "below 0.999": sum(share < 0.999 for share in shares),
        "gap below the true one": sum(row["is_below"] for row in rows),
        "seconds, mean": round(float(np.mean([row["seconds"] for row in rows])), 2),
    }
    b.show("Against exact optima", [told])

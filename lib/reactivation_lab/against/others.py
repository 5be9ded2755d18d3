"""What takes hours or is asked for by name: features of a million users, and the tests."""

import sys
from typing import Any

from reactivation_lab.against import process
from reactivation_lab.against.bench import Place, arguments
from reactivation_lab.against.tree import TEST_COMMANDS, Unavailable

_LATER = ("build_features", "train_models", "score_users", "assign_tiers", "plan_wave", "evaluate_scores", "read_out")


def features(place: Place, *, users: int) -> dict[str, Any]:
    """Live and ingest six months of history one by one, then build features in a session of their own."""
    settings = {"sandbox.users": users, "sandbox.history_months": 6}
    given = arguments(place.tree, place.root, env="benchmark", settings=settings)
    history = (*given, "--as-of", "2026-05-01", "--leave-out", *_LATER)
    place.job("benchmark_month", *history)
    ran = place.job("build_features", *given)
    return {"users": users, **ran.cost(ran.started, ran.ended)}


def test(place: Place) -> dict[str, Any]:
    """All that `make test` runs but the cluster, one after the other, with this tree's code."""
    folder, env = place.tree.folder, place.tree.env()
    commands = [[sys.executable, *command] for command in TEST_COMMANDS]
    commands.append([str(folder / ".ci" / "tests"), sys.executable, "--ignore=tests/cycle/cluster"])
    seconds = cpu = 0.0
    for number, command in enumerate(commands):
        file = place.folder / f"test-{number}.log"
        ran = process.run(command, cwd=folder, env=env, log=file)
        if ran.code:
            said = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Unavailable(f"`{' '.join(command[1:])}` ended with {ran.code}: {' '.join(said[-3:])[-300:]}")
        seconds, cpu = seconds + ran.seconds, cpu + ran.cpu_seconds
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2)}

"""Score any number of users with and without reasons, on a built bank's rows repeated, to measure what reasons add."""

import time
from argparse import ArgumentParser
from math import ceil

import psutil
from pyspark.sql import functions as F

from reactivation import model
from reactivation.pipelines import configured_sources
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation_lab.benchmarks import copies


def add_arguments(parser: ArgumentParser) -> None:
    """How many users."""
    parser.add_argument("--users", type=int, default=3_370_000, help="about how many are scored (default: 3 370 000)")


def run(r: Run) -> None:
    """The champions that serve the cycle score its low-activity users, each as often as is asked; nothing is kept.

    The same rows are read, prepared and scored with and without reasons, so that the difference is what reasons cost.
    """
    is_sleeper = (F.col("cycle") == str(r.cycle)) & F.col("is_low_activity")
    features, registry = configured_sources.features_now(r, is_sleeper), Registry.open(r)
    sleepers = features.count()
    times = ceil(r.args.users / sleepers)
    users = sleepers * times
    spread = features.repartition(4 * r.spark.sparkContext.defaultParallelism)
    rows = copies.repeated(spread, copies=times)
    serving = {target: registry.serving(target, r.cycle) for target in model.TARGETS}
    scorers = {target: registry.load(target, str(v.version)) if v else None for target, v in serving.items()}
    found = []
    for reasons in (False, True) * 2:  # the first of each warms up
        began, cpu_then = time.monotonic(), _cpu_seconds()
        model.score_users(rows, scorers, reasons=reasons).write.format("noop").mode("overwrite").save()
        seconds, cpu = time.monotonic() - began, _cpu_seconds() - cpu_then
        found.append({"reasons": str(reasons), "users": users, "seconds": seconds, "cpu_seconds": cpu})
    trees = {target: model.explained(scorer.model) for target, scorer in scorers.items() if scorer}
    of_models = "; ".join(f"{target}: {len(of.inputs)} features in its trees" for target, of in trees.items())
    r.show(f"Scores with and without reasons ({of_models})", found)


def _cpu_seconds() -> float:
    """Processor time of this process and all it started: Spark's JVM and its Python workers."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)

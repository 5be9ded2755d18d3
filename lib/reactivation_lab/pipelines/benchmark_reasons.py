"""Score any number of users with and without reasons, on a built bank's rows repeated, to measure what reasons add."""

import time
from argparse import ArgumentParser
from math import ceil

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
    times = ceil(r.args.users / features.count())
    spread = features.repartition(4 * r.spark.sparkContext.defaultParallelism)
    rows = copies.repeated(spread, copies=times)
    serving = {target: registry.serving(target, r.cycle) for target in model.TARGETS}
    scorers = {target: registry.load(target, str(v.version)) if v else None for target, v in serving.items()}
    found = []
    for reasons in (False, True):
        began = time.monotonic()
        model.score_users(rows, scorers, reasons=reasons).write.format("noop").mode("overwrite").save()
        seconds, users = time.monotonic() - began, features.count() * times
        found.append({"reasons": str(reasons), "users": users, "seconds": seconds, "users_per_second": users / seconds})
    trees = {target: model.explained(scorer.model) for target, scorer in scorers.items() if scorer}
    of_models = "; ".join(f"{target}: {len(of.inputs)} features in its trees" for target, of in trees.items())
    r.show(f"Scores with and without reasons ({of_models})", found)

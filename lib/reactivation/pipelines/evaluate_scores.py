"""Say how good the scores of a cycle were, once its month has settled."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import features, labels, model
from reactivation.contracts import derived
from reactivation.errors import Finding, NotReady
from reactivation.frames import checkpointed
from reactivation.pipelines import configured_sources, evidence_months, permissions
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested
from reactivation.statistics.said import columns

DIGITS = 12
"""Significant decimals of a figure. Further ones depend on the order in which a cluster adds up rows."""


def run(r: Run) -> None:
    """All signed-up users are scored again with the versions that `scores` names, and compared with what they did.

    Who refuses profiling is neither.
    """
    versions = versions_used(r)
    require_ingested(r, r.calendar.settle_on(r.cycle))
    known = permissions.profiled(r, r.read(derived.FEATURES, F.col("cycle") == str(r.cycle)))
    happened = checkpointed(labels_of_cycle(r, known))
    registry, alone = Registry.open(r), evidence_months.untouched(r, [str(r.cycle)])

    def judge(target: str, version: str) -> dict[str, model.Quality]:
        examples = model.examples(known, happened, target=target)
        return model.qualities(examples, registry.load(target, version), settings=r.settings.model, untouched=alone)

    used = {target: version for target, version in versions.items() if version is not None}
    with ThreadPoolExecutor() as pool:
        judged = dict(zip(used, pool.map(judge, used, used.values()), strict=True))
    for target, qualities in judged.items():
        title = f"{target}, version {used[target]}, out of time on {r.cycle}"
        r.show(title, [{"population": name, **quality.figures} for name, quality in qualities.items()])
    for target in versions.keys() - used.keys():
        r.say(f"    {target}: no version gave scores in {r.cycle}, nothing to evaluate")
    records = [record for target, qualities in judged.items() for record in figures(r, target, qualities)]
    r.write(derived.SCORE_EVALUATION, r.rows(derived.SCORE_EVALUATION, records))


def versions_used(r: Run) -> dict[str, str | None]:
    """The version of each model that gave the scores of the cycle."""
    columns = [f"{target}_version" for target in model.TARGETS]
    row = r.read(derived.SCORES, F.col("cycle") == str(r.cycle)).select(*columns).head()
    if row is None:
        findings = [Finding("no rows", f"scores of {r.cycle}", "run jobs/score_users.py for this cycle first")]
        raise NotReady(f"cycle {r.cycle} has no scores to evaluate", findings)
    return dict(zip(model.TARGETS, row, strict=True))


def labels_of_cycle(r: Run, users: DataFrame) -> DataFrame:
    """What the users did in the cycle's own month, frozen at its settle date."""
    settle_on = r.calendar.settle_on(r.cycle)
    sources = configured_sources.sources(r)
    month = features.partials.in_window(
        sources,
        window=r.cycle.window,
        known_before=settle_on,
        calendar=r.calendar,
        settings=r.settings.activity,
    )
    return labels.build(
        users,
        sources=sources,
        months=month,
        cycles=[r.cycle],
        usable_on=r.as_of or settle_on,
        calendar=r.calendar,
        settings=r.settings.labels,
    )


def figures(r: Run, target: str, qualities: dict[str, model.Quality]) -> Iterator[dict[str, Any]]:
    """Rows of `score_evaluation`, one per figure."""
    for population, quality in qualities.items():
        for metric, value in quality.figures.items():
            number = None if value is None else round(float(value), DIGITS)
            reason = quality.reason if value is None else None
            key = {"cycle": str(r.cycle), "model": target, "population": population, "metric": metric}
            yield {**key, "value": number, "reason": reason and str(reason), **columns(reason)}

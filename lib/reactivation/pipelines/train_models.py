"""Train both models on settled months, test them on the newest one, and register what the gate says of them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from typing import Any

from pyspark.sql import DataFrame

from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError, SettingsError
from reactivation.periods import Month
from reactivation.pipelines import model_ledger, training_rows, version_cards
from reactivation.pipelines.permissions import PROD
from reactivation.runtime.console import ANSWER, NOTICE
from reactivation.runtime.decisions import record
from reactivation.runtime.registry import ModelVersion, Registry
from reactivation.runtime.run import Run


def run(r: Run) -> None:
    """One version per model; a version of the same cycle, settings and rows is used again unless --force.

    A region whose data cannot train one of the models (no balances: no asset uplift) goes on without it; without the
    model of activity there is nothing to go on with.
    """
    _require_reviewer(r)
    version_cards.require_answers(r)
    registry, material = Registry.open(r), training_rows.known(r)
    there = {target: is_there(r, registry, target, material.training) for target in model.TARGETS}
    news = [target for target, version in there.items() if version is None]
    with ThreadPoolExecutor() as pool:  # small jobs leave cores idle: the two models grow side by side
        examples = material.examples(news)
        results = list(pool.map(lambda target: train(r, registry, target, material, examples[target]), news))
    for target, result in zip(news, results, strict=True):
        if isinstance(result, ModelError):
            r.say(f"    {target}: no version this time. {result}", NOTICE)
            continue
        trained, there[target] = result
        tell(r, target, trained, result[1])
    lift = r.settings.model.lift
    for name in (*(model.LIFTS if lift.is_learnt else ()), *([model.OPTION_LIFT] if lift.option else [])):
        there[name] = learn_lift(r, registry, name, material)
    for target, version in there.items():
        if version is not None:
            decide(r, registry, target, version)


def _require_reviewer(r: Run) -> None:
    """SettingsError in `prod` where conf would let a version go live without a person."""
    if r.env == PROD and r.settings.model.auto_approve:
        advice = "true, by --set or a file of conf: take it out; a reviewer approves by jobs/approve_model.py"
        finding = Finding("not in prod", "model.auto_approve", advice)
        raise SettingsError("no model goes live by itself; nothing was trained", [finding])


def is_there(r: Run, registry: Registry, target: str, training: model.Training) -> ModelVersion | None:
    """A version of the same cycle, settings and rows, which can be used again; says so."""
    version = None if r.force else registry.reusable(target, training)
    if version is not None:
        r.say(f"    {target}: version {version.version} has the same cycle, settings and rows; nothing to train")
    return version


def train(
    r: Run, registry: Registry, target: str, material: training_rows.Material, examples: DataFrame
) -> tuple[model.Trained, ModelVersion] | ModelError:
    """Train one model and register it. Where its data cannot train it: the error as a value if the programme goes on
    without this model, else it is raised."""
    champion, not_compared = live(r, registry, target, material.training.months.test)
    training, salt = material.training, training_rows.salt(r, target)
    how: dict[str, Any] = {"salt": salt, "settings": r.settings.model, "at_most": material.at_most}
    how |= {"champion": champion, "not_compared": not_compared, "rivals": model_ledger.rivals(registry, target)}
    how |= {"card": r.settings.model_card, "facts": material.facts}
    try:
        trained = model.train(examples, months=training.months, **how)
    except ModelError as error:
        if target == "active":
            raise
        return error
    review = version_cards.review(r, trained, examples, material, salt=salt)
    version = registry.register(target, trained, training=training, examples=examples, r=r, review=review)
    version_cards.describe(r, registry, target, version, trained=trained, review=review, training=training)
    return trained, version


def learn_lift(r: Run, registry: Registry, name: str, material: training_rows.Material) -> ModelVersion | None:
    """Learn what a month open to contact adds, or conf's option in its wave, judge and register it.

    None, and why, where nothing can be learnt.
    """
    training, option = material.training, r.settings.model.lift.option if name == model.OPTION_LIFT else None
    version = is_there(r, registry, name, training)
    if version is not None:
        return version
    champion, not_compared = live(r, registry, name, training.months.test, option)
    try:
        rows = material.lift_rows(model.LIFTS[name]) if name in model.LIFTS else material.option_rows(str(option))
        how: dict[str, Any] = {"salt": training_rows.salt(r, name), "settings": r.settings.model, "option": option}
        how |= {"champion": champion, "not_compared": not_compared, "srm_p": r.settings.experiment.srm_p}
        how |= {"rivals": model_ledger.rivals(registry, name)}
        trained = model.train_lift(rows, **how)
    except ModelError as error:
        r.say(f"    {name}: no version this time. {error}", NOTICE)
        return None
    version = registry.register(name, trained, training=training, examples=rows, r=r)
    version_cards.describe_lift(r, registry, name, version, trained)
    r.show(f"{name}, version {version.version}: by decile of {trained.months.judge}; decides nothing", trained.bands)
    r.say(f"  {name}: {trained.card}", ANSWER if trained.gate.is_ready else NOTICE)
    return version


def live(
    r: Run, registry: Registry, target: str, test: Month, option: str | None = None
) -> tuple[model.Scorer | None, str | None]:
    """The version that speaks for the cycle, or why it cannot be compared with; neither where there is none.

    test: the month on which the two are compared. option: of which the version is; one of another is no rival.
    """
    serving = registry.serving(target, r.cycle)
    if serving is not None and serving.tags.get(model.OPTION) != option:
        return None, None
    if serving is None:
        return None, None
    try:
        scorer = registry.load(target, str(serving.version), tested_on=test)
    except ModelError as error:
        return None, " ".join(str(error).split())
    if target in model.TARGETS:
        return scorer, None
    then = registry.evidence(serving)
    slope, high = then.get("calibration_slope"), then.get("calibration_high")
    reach = (high - slope) / slope if slope and high is not None else inf
    return replace(scorer, judged_on=serving.tags.get("test_month"), calibration_reach=reach), None


def tell(r: Run, target: str, trained: model.Trained, version: ModelVersion) -> None:
    """Say how good the version is, and what the gate says."""
    title = f"{target}, version {version.version}: tested on {version.tags['test_month']}"
    r.show(title, [{"population": name, **quality.figures} for name, quality in trained.quality.items()])
    if trained.refitted:
        months = f"{trained.refit_months[0]} to {trained.refit_months[-1]}"
        r.say(f"  refitted on {months}: that fit goes live; the figures are those of the one that was judged")
    for note in trained.notes:
        r.say(f"  {note}")
    said = f"gate: {'ready for review' if trained.gate.is_ready else 'refused'}. {trained.gate.text}"
    r.say(f"  {target}: {said}", ANSWER if trained.gate.is_ready else NOTICE)


def decide(r: Run, registry: Registry, target: str, version: ModelVersion) -> None:
    """Write the gate's decision into the ledger, and let the version go live at once where conf says so.

    Where the version's month refutes the approved champion beside which it was judged, that is written as well, once.
    What stands there already is not said twice; a version whose run broke off after it was registered gets its decision
    from the next one.
    """
    number, is_ready, gate = str(version.version), version.tags["ready_for_review"] == "true", version.tags["gate"]
    name, found = registry.name(target), registry.evidence(version)
    known = model_ledger.events(r, name)
    said = {one.event for one in known if one.version == number}
    decisions = [(number, "ready_for_review" if is_ready else model_ledger.REFUSED, "gate", gate)]
    if is_ready and r.settings.model.auto_approve and is_compared(r, registry, target, version, found):
        why = "model.auto_approve is set and the gate was passed"
        decisions.append((number, model_ledger.APPROVED, "auto (conf)", why))
    news = [decision for decision in decisions if decision[1] not in said]
    if any(
        event == model_ledger.APPROVED for _, event, _, _ in news
    ):  # the ledger comes last: what stands there is done
        is_newest = registry.promote(target, number, reviewer="auto (conf)", unless_older=True)
        r.say(
            f"  {target}: version {number} is {'champion' if is_newest else 'no champion, for it is older'}, approved"
        )
    refuted, against = str(found["champion_version"]), found.get("champion_refuted")
    month = version.tags["test_month"]
    if against is not None and model_ledger.is_news(known, refuted, month):
        news.append((refuted, model_ledger.REFUTED, "gate", f"{against}; judged on {month}"))
        r.say(f"  {target}: version {refuted} is refuted: {against}", NOTICE)
    if not news:
        return
    evidence = json.dumps(found, sort_keys=True)
    records = [
        record(name, of, cycle=r.cycle, event=event, actor=actor, reason=reason, evidence=evidence)
        for of, event, actor, reason in news
    ]
    r.append(derived.MODEL_LEDGER, r.rows(derived.MODEL_LEDGER, records))


def is_compared(r: Run, registry: Registry, target: str, version: ModelVersion, evidence: Mapping[str, Any]) -> bool:
    """True where the gate compared a version with the one that is live now; says so where another has gone live."""
    serving, number = registry.serving(target, r.cycle), str(version.version)
    if serving is None or str(serving.version) in (number, evidence["champion_version"]):
        return True
    if serving.tags.get(model.OPTION) != version.tags.get(model.OPTION):  # no rival
        return True
    since = f"version {serving.version} has gone live since: jobs/approve_model.py compares {number} with it"
    r.say(f"  {target}: {since}", NOTICE)
    return False

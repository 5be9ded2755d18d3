"""Let reviewed model versions go live: move the alias `champion` and write it into the ledger."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from pyspark.sql import functions as F

from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError, NotReady, SettingsError
from reactivation.periods import Month
from reactivation.pipelines import model_ledger, training_rows, version_cards
from reactivation.runtime import version_page
from reactivation.runtime.decisions import record
from reactivation.runtime.registry import ModelVersion, Registry
from reactivation.runtime.run import Run


class Approval(NamedTuple):
    """What a reviewer decided of a version. overruled: why it goes live uncompared, None where it must be compared."""

    target: str
    version: str
    reviewer: str
    reason: str
    overruled: str | None


class Judgement(NamedTuple):
    """A version that may go live. today: the champion it was compared with and how, for the ledger."""

    approval: Approval
    version: ModelVersion
    today: Mapping[str, str | None]


def add_arguments(parser: ArgumentParser) -> None:
    """Which version, who reviewed it, and why it may go live; or that the registry says so."""
    parser.add_argument("--model", choices=list(model.NAMES), help="which of the models")
    parser.add_argument("--version", help="registered version, a number")
    parser.add_argument("--reviewer", help="who or which board decided")
    parser.add_argument("--reason", help="why, in a sentence")
    parser.add_argument(
        "--without-comparison",
        metavar="WHY",
        help="why it may go live although the champion cannot be compared with it on the same rows",
    )
    parser.add_argument(
        "--from-registry",
        action="store_true",
        help="carry out what reviewers wrote into the tags `decision` and `reason` of versions, of all models",
    )


def run(r: Run) -> None:
    """Only a version that its gate tagged `ready_for_review` goes live, compared once more with today's champion.

    Where the two cannot be compared on the same rows, a reviewer says in words why it goes live; there is no other way
    round.
    """
    version_cards.require_answers(r)
    registry = Registry.open(r)
    if r.args.from_registry:
        carry_out(r, registry)
        return
    a = r.args
    given = {"model": a.model, "version": a.version, "reviewer": a.reviewer, "reason": a.reason}
    if missing := [Finding("missing", f"--{name}", "or say --from-registry") for name in given if not given[name]]:
        raise SettingsError("an approval says which version, who decided, and why", missing)
    approval = Approval(a.model, a.version, a.reviewer, a.reason, a.without_comparison)
    name = registry.name(approval.target)
    last = model_ledger.decided(r).get((name, approval.version))
    if is_champion(registry, approval) and last is not None and last.event == model_ledger.APPROVED:
        r.say(f"{name} version {approval.version} is champion already")
        return
    go_live(r, registry, judged(r, registry, approval))


def carry_out(r: Run, registry: Registry) -> None:
    """Do what the tags of all models' versions say and nobody has done yet; nothing where anything is wrong with it."""
    by_name = {registry.name(target): target for target in model.NAMES}
    versions = [version for target in model.NAMES for version in registry.versions(target)]
    decisions, wrong = version_page.decisions(versions)
    approved, rejected = [], []
    for decision in decisions:
        version, reviewer = decision.version, decision.reviewer or f"tags of the registry, by {r.principal}"
        target, number = by_name[version.name], str(version.version)
        approval = Approval(target, number, reviewer, decision.reason, decision.without_comparison)
        if decision.decision == version_page.APPROVED:
            try:
                approved.append((decision, judged(r, registry, approval)))
            except ModelError as error:
                wrong += [
                    Finding(f.kind, f"{version.name} version {number}", f"{f.what}: {f.advice}") for f in error.findings
                ]
        elif is_champion(registry, approval):
            advice = "it is the champion: approve the version that takes its place, or take the alias away first"
            wrong.append(Finding("rejected", f"{version.name} version {number}", advice))
        else:
            rejected.append((decision, approval))
    if wrong:
        raise ModelError("the registry's tags cannot be carried out; nothing was done", wrong)
    for decision, judgement in approved:
        go_live(r, registry, judgement)
        version_page.note_carried_out(registry.client, decision)
    for decision, approval in rejected:
        reject(r, decision.version, approval)
        version_page.note_carried_out(registry.client, decision)
    if not decisions:
        r.say("no version has a decision in its tags that is not carried out yet")


def is_champion(registry: Registry, approval: Approval) -> bool:
    """True for the version that is live."""
    champion = registry.champion(approval.target)
    return champion is not None and str(champion.version) == approval.version


def judged(r: Run, registry: Registry, approval: Approval) -> Judgement:
    """Compare a version with today's champion; ModelError says why it stays out."""
    target, overruled = approval.target, approval.overruled
    last = model_ledger.decided(r).get((registry.name(target), approval.version))
    was_live = last is not None and last.event == model_ledger.REFUTED  # whatever was overruled then stands
    version = registry.check_approvable(target, approval.version, is_overruled=bool(overruled) or was_live)
    name, champion = f"{version.name} version {version.version}", registry.champion(target)
    is_rival = champion is not None and champion.tags.get(model.OPTION) == version.tags.get(model.OPTION)
    is_compared = is_rival and not is_champion(registry, approval)
    found = compared(r, registry, target, version) if is_compared else model.Comparison(None, None)
    if found.why_not is not None:
        if not overruled:
            advice = f"{found.why_not}; say why it goes live all the same: --without-comparison '…'"
            raise ModelError(f"{name} stays out", [Finding("not compared", "champion", advice)])
        reason = f"{approval.reason}; not compared with the champion ({found.why_not}), because: {overruled}"
        approval = approval._replace(reason=reason)
    today = {"champion_today": None if champion is None else str(champion.version)}
    if found.difference is not None:
        judged_there = model_ledger.rivals(registry, target).get(version.tags["test_month"], 1)
        recipe = model.Recipe(found.is_refit, judged_there)
        if against := model.holds_against_champion(found.difference, r.settings.model.gate, recipe):
            raise ModelError(f"{name} stays out", [Finding("champion", "of today", a) for a in against])
        today["log_loss_against_champion_today"] = model.interval(found.difference)
    return Judgement(approval, version, today)


def go_live(r: Run, registry: Registry, judgement: Judgement) -> None:
    """Move the alias and write the ledger."""
    approval, version = judgement.approval, judgement.version
    registry.promote(approval.target, approval.version, reviewer=approval.reviewer)
    _write(r, version, model_ledger.APPROVED, approval, judgement.today)
    r.say(f"{version.name} version {version.version} is champion, approved by {approval.reviewer}")


def reject(r: Run, version: ModelVersion, approval: Approval) -> None:
    """Write into the ledger that a reviewer refused a version."""
    _write(r, version, model_ledger.REFUSED, approval, {})
    r.say(f"{version.name} version {version.version} was rejected by {approval.reviewer}: {approval.reason}")


def compared(r: Run, registry: Registry, target: str, version: ModelVersion) -> model.Comparison:
    """A version against today's champion, on the rows of the version's own test month as they are now."""
    champion, month = registry.champion(target), version.tags["test_month"]
    assert champion is not None
    if target not in model.TARGETS:  # a lift: compared when it was trained, on pseudo-outcomes of its own
        is_same = registry.evidence(version)["champion_version"] == str(champion.version)
        return model.Comparison(None, None if is_same else f"it was judged beside another than {champion.version}")
    if champion.tags.get("test_month", "") > month:
        return model.Comparison(None, f"champion {champion.version} has learnt from {month}, the test month")
    try:
        known = training_rows.known(replace(r, cycle=Month.parse(version.tags["cycle"])))
        ours, its = (registry.load(target, str(v.version), tested_on=Month.parse(month)) for v in (version, champion))
    except (NotReady, ModelError) as error:
        return model.Comparison(None, " ".join(str(error).split()))
    test = known.examples([target])[target].where(F.col("cycle") == month)
    return model.compare(ours, its, test, settings=r.settings.model)


def _write(r: Run, version: ModelVersion, event: str, approval: Approval, more: Mapping[str, str | None]) -> None:
    decision = record(
        version.name,
        str(version.version),
        cycle=r.cycle,
        event=event,
        actor=approval.reviewer,
        reason=approval.reason,
        evidence=json.dumps({**version.tags, **more}, sort_keys=True),
    )
    r.append(derived.MODEL_LEDGER, r.rows(derived.MODEL_LEDGER, [decision]))

"""Let reviewed model versions go live: move the alias `champion` and write it into the ledger."""

import json
from argparse import ArgumentParser
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


def add_arguments(parser: ArgumentParser) -> None:
    """Which version, who reviewed it, and why it may go live; or that the registry says so."""
    parser.add_argument("--model", choices=list(model.TARGETS), help="which of the models")
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
    approve(r, registry, Approval(a.model, a.version, a.reviewer, a.reason, a.without_comparison))


def carry_out(r: Run, registry: Registry) -> None:
    """Do what the tags of all models' versions say and nobody has done yet; all that is wrong with them comes first."""
    by_name = {registry.name(target): target for target in model.TARGETS}
    versions = [version for target in model.TARGETS for version in registry.versions(target)]
    decisions, wrong = version_page.decisions(versions)
    approvals = [
        Approval(
            by_name[each.version.name],
            str(each.version.version),
            each.reviewer or f"tags of the registry, by {r.principal}",
            each.reason,
            each.without_comparison,
        )
        for each in decisions
    ]
    for decision, approval in zip(decisions, approvals, strict=True):
        if decision.decision == version_page.APPROVED:
            wrong += not_approvable(registry, approval)
        elif is_champion(registry, approval):
            advice = "it is the champion: approve the version that takes its place, or take the alias away first"
            wrong.append(Finding("rejected", f"{decision.version.name} version {approval.version}", advice))
    if wrong:
        raise ModelError("the registry's tags cannot be carried out; nothing was done", wrong)
    for decision, approval in zip(decisions, approvals, strict=True):
        if decision.decision == version_page.APPROVED:
            approve(r, registry, approval, again=True)
        else:
            reject(r, decision.version, approval)
        version_page.note_carried_out(registry.client, decision)
    if not decisions:
        r.say("no version has a decision in its tags that is not carried out yet")


def is_champion(registry: Registry, approval: Approval) -> bool:
    """True for the version that is live."""
    champion = registry.champion(approval.target)
    return champion is not None and str(champion.version) == approval.version


def not_approvable(registry: Registry, approval: Approval) -> tuple[Finding, ...]:
    """Why a version may not go live whoever says so: its gate refused it."""
    try:
        registry.check_approvable(approval.target, approval.version, is_overruled=bool(approval.overruled))
    except ModelError as error:
        return error.findings
    return ()


def approve(r: Run, registry: Registry, approval: Approval, *, again: bool = False) -> None:
    """Compare a version with today's champion, move the alias, write the ledger. again: also of a champion already."""
    target, overruled, reason = approval.target, approval.overruled, approval.reason
    version = registry.check_approvable(target, approval.version, is_overruled=bool(overruled))
    name, number, champion = registry.name(target), str(version.version), registry.champion(target)
    is_live = is_champion(registry, approval)
    if is_live and "approved" in model_ledger.events(r, name, number) and not again:
        r.say(f"{name} version {number} is champion already")
        return
    found = model.Comparison(None, None) if is_live or champion is None else compared(r, registry, target, version)
    if found.why_not is not None:
        if not overruled:
            advice = f"{found.why_not}; say why it goes live all the same: --without-comparison '…'"
            raise ModelError(f"{name} version {number} stays out", [Finding("not compared", "champion", advice)])
        reason = f"{reason}; not compared with the champion ({found.why_not}), because: {overruled}"
    against = model.holds_against_champion(found.difference, r.settings.model.gate)
    if against:
        raise ModelError(f"{name} version {number} stays out", [Finding("champion", "of today", a) for a in against])
    today = {"champion_today": None if champion is None else str(champion.version)}
    if found.difference is not None:
        today["log_loss_against_champion_today"] = model.interval(found.difference)
    registry.promote(target, number, reviewer=approval.reviewer)
    _write(r, version, "approved", approval._replace(reason=reason), today)
    r.say(f"{name} version {number} is champion, approved by {approval.reviewer}")


def reject(r: Run, version: ModelVersion, approval: Approval) -> None:
    """Write into the ledger that a reviewer refused a version."""
    _write(r, version, "refused", approval, {})
    r.say(f"{version.name} version {version.version} was rejected by {approval.reviewer}: {approval.reason}")


def compared(r: Run, registry: Registry, target: str, version: ModelVersion) -> model.Comparison:
    """A version against today's champion, on the rows of the version's own test month as they are now."""
    champion, month = registry.champion(target), version.tags["test_month"]
    assert champion is not None
    if champion.tags.get("test_month", "") > month:
        return model.Comparison(None, f"champion {champion.version} has learnt from {month}, the test month")
    try:
        known = training_rows.known(replace(r, cycle=Month.parse(version.tags["cycle"])))
        ours, its = (registry.load(target, str(each.version)) for each in (version, champion))
    except (NotReady, ModelError) as error:
        return model.Comparison(None, " ".join(str(error).split()))
    test = known.examples([target])[target].where(F.col("cycle") == month)
    return model.compare(ours, its, test, settings=r.settings.model)


def _write(r: Run, version: ModelVersion, event: str, approval: Approval, more: dict[str, str | None]) -> None:
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

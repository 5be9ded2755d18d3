"""Let a reviewed model version go live: move the alias `champion` and write it into the ledger."""

import json
from argparse import ArgumentParser
from dataclasses import replace

from pyspark.sql import functions as F

from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError, NotReady
from reactivation.periods import Month
from reactivation.pipelines import model_ledger, training_rows
from reactivation.runtime.decisions import record
from reactivation.runtime.registry import ModelVersion, Registry
from reactivation.runtime.run import Run


def add_arguments(parser: ArgumentParser) -> None:
    """Which version, who reviewed it, and why it may go live."""
    parser.add_argument("--model", required=True, choices=list(model.TARGETS), help="which of the models")
    parser.add_argument("--version", required=True, help="registered version, a number")
    parser.add_argument("--reviewer", required=True, help="who or which board decided")
    parser.add_argument("--reason", required=True, help="why, in a sentence")
    parser.add_argument(
        "--without-comparison",
        metavar="WHY",
        help="why it may go live although the champion cannot be compared with it on the same rows",
    )


def run(r: Run) -> None:
    """Only a version that its gate tagged `ready_for_review` goes live, compared once more with today's champion.

    Where the two cannot be compared on the same rows, a reviewer says in words why it goes live; there is no other way
    round.
    """
    registry, target, overruled = Registry.open(r), r.args.model, r.args.without_comparison
    version = registry.check_approvable(target, r.args.version, is_overruled=bool(overruled))
    name, number, champion = registry.name(target), str(version.version), registry.champion(target)
    is_live = champion is not None and str(champion.version) == number
    if is_live and "approved" in model_ledger.events(r, name, number):
        r.say(f"{name} version {number} is champion already")
        return
    found = model.Comparison(None, None) if is_live or champion is None else compared(r, registry, version, champion)
    reason = r.args.reason
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
    decision = record(
        name,
        number,
        cycle=r.cycle,
        event="approved",
        actor=r.args.reviewer,
        reason=reason,
        evidence=json.dumps({**version.tags, **today}, sort_keys=True),
    )
    registry.promote(target, number, reviewer=r.args.reviewer)
    r.append(derived.MODEL_LEDGER, r.rows(derived.MODEL_LEDGER, [decision]))
    r.say(f"{name} version {number} is champion, approved by {r.args.reviewer}")


def compared(r: Run, registry: Registry, version: ModelVersion, champion: ModelVersion) -> model.Comparison:
    """A version against today's champion, on the rows of the version's own test month as they are now."""
    target, month = r.args.model, version.tags["test_month"]
    if champion.tags.get("test_month", "") > month:
        return model.Comparison(None, f"champion {champion.version} has learnt from {month}, the test month")
    try:
        known = training_rows.known(replace(r, cycle=Month.parse(version.tags["cycle"])))
        ours, its = (registry.load(target, str(v.version), tested_on=Month.parse(month)) for v in (version, champion))
    except (NotReady, ModelError) as error:
        return model.Comparison(None, " ".join(str(error).split()))
    test = known.examples([target])[target].where(F.col("cycle") == month)
    return model.compare(ours, its, test, settings=r.settings.model)

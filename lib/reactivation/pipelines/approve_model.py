"""Let a reviewed model version go live: move the alias `champion` and write it into the ledger."""

import json
from argparse import ArgumentParser

from reactivation import model
from reactivation.contracts import derived
from reactivation.pipelines import model_ledger
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run


def add_arguments(parser: ArgumentParser) -> None:
    """Which version, who reviewed it, and why it may go live."""
    parser.add_argument("--model", required=True, choices=list(model.TARGETS), help="which of the models")
    parser.add_argument("--version", required=True, help="registered version, a number")
    parser.add_argument("--reviewer", required=True, help="who or which board decided")
    parser.add_argument("--reason", required=True, help="why, in a sentence")


def run(r: Run) -> None:
    """Only a version that its gate tagged `ready_for_review` goes live; there is no way round."""
    registry = Registry.open(r)
    version = registry.check_approvable(r.args.model, r.args.version)
    name, champion = registry.name(r.args.model), registry.champion(r.args.model)
    is_live = champion is not None and str(champion.version) == str(version.version)
    if is_live and "approved" in model_ledger.events(r, name, str(version.version)):
        r.say(f"{name} version {version.version} is champion already")
        return
    evidence = json.dumps(dict(version.tags), sort_keys=True)
    record = registry.record(
        r.args.model,
        str(version.version),
        cycle=r.cycle,
        event="approved",
        actor=r.args.reviewer,
        reason=r.args.reason,
        evidence=evidence,
    )
    registry.promote(r.args.model, str(version.version), reviewer=r.args.reviewer)
    r.append(derived.MODEL_LEDGER, r.rows(derived.MODEL_LEDGER, [record]))
    r.say(f"{name} version {version.version} is champion, approved by {r.args.reviewer}")

"""Print a version's card, as MLflow's page of the version shows it."""

from argparse import ArgumentParser

from reactivation import model
from reactivation.errors import Finding, ModelError
from reactivation.runtime import version_page
from reactivation.runtime.registry import ModelVersion, Registry
from reactivation.runtime.standalone import Bench


def add_arguments(parser: ArgumentParser) -> None:
    """Which version."""
    parser.add_argument("--model", required=True, choices=list(model.TARGETS), help="which of the models")
    parser.add_argument("--version", help="registered version, a number (default: the newest)")


def run(bench: Bench) -> None:
    """Print the newest version's card, or that of a version; of an old version without a card its tags."""
    registry, target = Registry.open(bench), bench.args.model
    version = chosen(registry, target, bench.args.version)
    champion = registry.champion(target)
    is_live = champion is not None and champion.version == version.version
    bench.say(f"# {version.name} version {version.version}{' (champion)' if is_live else ''}\n")
    card = version_page.card(version)
    if card is None:
        known = [f"- {name}: {value}" for name, value in sorted(version.tags.items())]
        card = "\n".join(["This version has no card: an older release trained it. Its tags:", "", *known])
    bench.say(card)


def chosen(registry: Registry, target: str, number: str | None) -> ModelVersion:
    """The version of that number, or the newest; ModelError says which there are."""
    versions = registry.versions(target)
    found = next((v for v in versions if number is None or str(v.version) == number), None)
    if found is None:
        known = ", ".join(str(v.version) for v in versions) or "none: run jobs/train_models.py first"
        findings = [Finding("missing", f"version {number or 'any'}", f"versions there are: {known}")]
        raise ModelError(f"`{registry.name(target)}` has no such version", findings)
    return found

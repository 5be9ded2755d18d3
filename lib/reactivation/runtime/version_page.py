"""MLflow's own page of a model and of a version: what stands there for a reviewer, and what a reviewer says there."""

from collections.abc import Iterable
from typing import NamedTuple

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from reactivation.errors import Finding

CARD = "card.md"
"""The whole card, among the files of a version's run."""
DECISION, REASON, REVIEWER, WITHOUT_COMPARISON = "decision", "reason", "reviewer", "without_comparison"
"""Tags that a reviewer sets."""
CARRIED_OUT = "decision_carried_out"
"""Tag of a version: the decision and its words as they were carried out; other words are a new decision."""
APPROVED, REJECTED = "approved", "rejected"


class Decision(NamedTuple):
    """What a reviewer's tags say of a version. without_comparison: why it may go live uncompared, None where unsaid."""

    version: ModelVersion
    decision: str
    reason: str
    reviewer: str | None
    without_comparison: str | None

    @property
    def text(self) -> str:
        return f"{self.decision}: {self.reason}"


def describe(client: mlflow.MlflowClient, version: ModelVersion, *, of_model: str, card: str, whole: str) -> None:
    """Write the descriptions of the registered model and of the version, and the whole card into the version's run."""
    client.log_text(version.run_id, whole, CARD)
    client.update_registered_model(version.name, description=of_model)
    client.update_model_version(version.name, str(version.version), description=card)


def card(version: ModelVersion) -> str | None:
    """The whole card of a version; None for one of a release that made none."""
    try:
        return str(mlflow.artifacts.load_text(f"runs:/{version.run_id}/{CARD}")) if version.run_id else None
    except (MlflowException, OSError):
        return version.description or None


def decisions(versions: Iterable[ModelVersion]) -> tuple[list[Decision], list[Finding]]:
    """Decisions in the tags of some versions that are not carried out yet, and what is wrong with others."""
    found, wrong = [], []
    for version in versions:
        tags, name = version.tags, f"{version.name} version {version.version}"
        word, reason = (tags.get(tag, "").strip() for tag in (DECISION, REASON))
        if not word:
            continue
        if word not in (APPROVED, REJECTED):
            wrong.append(Finding("tag", name, f"`{DECISION}` is `{word}`; say `{APPROVED}` or `{REJECTED}`"))
        elif not reason:
            wrong.append(Finding("tag", name, f"`{DECISION}` is `{word}`; say why in the tag `{REASON}`"))
        else:
            others = (tags.get(tag, "").strip() or None for tag in (REVIEWER, WITHOUT_COMPARISON))
            found.append(Decision(version, word, reason, *others))
    news = [each for each in found if each.version.tags.get(CARRIED_OUT) != each.text]
    for name in dict.fromkeys(each.version.name for each in news):
        approved = [str(e.version.version) for e in news if e.version.name == name and e.decision == APPROVED]
        if len(approved) > 1:
            advice = f"versions {', '.join(approved)} are approved at once; leave the tag on one"
            wrong.append(Finding("tag", name, advice))
    return news, wrong


def note_carried_out(client: mlflow.MlflowClient, decision: Decision) -> None:
    """Note in a version's tags that a decision was carried out; the ledger is what counts."""
    name, number = decision.version.name, str(decision.version.version)
    client.set_model_version_tag(name, number, CARRIED_OUT, decision.text)

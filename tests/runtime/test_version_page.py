"""What reviewers write into a version's tags, on a registry in a temporary folder; no Spark."""

from pathlib import Path

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion

from reactivation.runtime import version_page

pytestmark = pytest.mark.edges

NAME = "north_sleepers_active"


@pytest.fixture
def client(tmp_path: Path) -> mlflow.MlflowClient:
    """Three versions of one model, each of a run."""
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("north", artifact_location=(tmp_path / "files").as_uri())
    client.create_registered_model(NAME)
    for _ in range(3):
        run = client.create_run(experiment)
        client.create_model_version(NAME, f"{tmp_path}/model", run_id=run.info.run_id)
    return client


def versions(client: mlflow.MlflowClient) -> list[ModelVersion]:
    return [client.get_model_version(NAME, str(n)) for n in (3, 2, 1)]


def tag(client: mlflow.MlflowClient, version: int, **tags: str) -> None:
    for name, value in tags.items():
        client.set_model_version_tag(NAME, str(version), name, value)


def test_a_card_stands_on_the_page_and_whole_among_the_files(client: mlflow.MlflowClient) -> None:
    version = client.get_model_version(NAME, "2")
    version_page.describe(client, version, of_model="what it is", card="short", whole="the whole card")
    again = client.get_model_version(NAME, "2")
    assert again.description == "short"
    assert client.get_registered_model(NAME).description == "what it is"
    assert version_page.card(again) == "the whole card"
    assert version_page.card(client.get_model_version(NAME, "1")) is None  # an older release made none


def test_decisions_are_read_from_tags_and_not_twice(client: mlflow.MlflowClient) -> None:
    tag(client, 3, decision="approved", reason="figures read", reviewer="risk board")
    tag(client, 1, decision="rejected", reason="branch 7 ranks otherwise")
    found, wrong = version_page.decisions(versions(client))
    assert wrong == []
    assert [(d.version.version, d.decision, d.reason, d.reviewer, d.without_comparison) for d in found] == [
        (3, "approved", "figures read", "risk board", None),
        (1, "rejected", "branch 7 ranks otherwise", None, None),
    ]
    for decision in found:
        version_page.note_carried_out(client, decision)
    assert version_page.decisions(versions(client)) == ([], [])
    tag(client, 3, reason="figures read once more")  # other words are another decision, such as a way back
    assert [d.reason for d in version_page.decisions(versions(client))[0]] == ["figures read once more"]


def test_all_that_is_wrong_with_tags_is_told_at_once(client: mlflow.MlflowClient) -> None:
    tag(client, 3, decision="yes", reason="good")
    tag(client, 2, decision="approved", reason="  ")
    _, wrong = version_page.decisions(versions(client))
    assert [(f.what, f.advice) for f in wrong] == [
        (f"{NAME} version 3", "`decision` is `yes`; say `approved` or `rejected`"),
        (f"{NAME} version 2", "`decision` is `approved`; say why in the tag `reason`"),
    ]
    tag(client, 3, decision="approved")
    tag(client, 2, reason="good as well")
    _, wrong = version_page.decisions(versions(client))
    assert [f.advice for f in wrong] == ["versions 3, 2 are approved at once; leave the tag on one"]

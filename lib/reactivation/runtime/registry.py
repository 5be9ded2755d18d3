"""All that touches MLflow: runs, registered versions, the alias `champion`, and what a version's tags say.

A version's tags are its passport: the cycle and settings it was trained for, its test month, the tables it saw, and
what the gate said. Nothing goes live without `ready_for_review`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from pyspark.sql import DataFrame

from reactivation import model
from reactivation.errors import Finding, ModelError, SettingsError
from reactivation.periods import Month
from reactivation.runtime import logged_models, mlflow_log
from reactivation.runtime.run import Run
from reactivation.runtime.session import is_of_this_machine
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import is_catalog_schema

__all__ = ["ALIAS", "ModelVersion", "Registry"]

ALIAS = "champion"
_GIVEN_URI = os.environ.get("MLFLOW_TRACKING_URI")
"""The tracking server somebody chose, read at the start: MLflow puts every URI it is told into the same variable."""
_DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
"""Tracking URIs that keep no files; MLflow would put those into the folder where a job was started."""
_NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class Registry:
    """The models of one region and scenario, `<region>_<scenario>_<target>`."""

    def __init__(self, *, prefix: str, experiment: str, tracking_uri: str, artifacts: str | None) -> None:
        mlflow_log.errors_alone()
        mlflow.set_tracking_uri(tracking_uri)
        self.client = mlflow.MlflowClient()
        self._prefix = prefix
        self._experiment = experiment
        self._artifacts = artifacts

    @classmethod
    def open(cls, r: Run | Bench) -> Self:
        """The registry of a run: `MLFLOW_TRACKING_URI`, else conf, else a database under the root.

        Files of a database lie under the root. A root `catalog.schema` means Databricks: its server and Unity Catalog.
        SettingsError where neither is named and the root is no folder of this machine: a database on the disk of a
        cluster's driver would be gone with it.
        """
        name = f"{r.region}_{r.scenario}"
        uri = _GIVEN_URI or r.settings.model.tracking_uri
        if is_catalog_schema(r.root):
            mlflow.set_registry_uri("databricks-uc")
            prefix, experiment = f"{r.root}.{name}", f"/Shared/{name}"
            return cls(prefix=prefix, experiment=experiment, tracking_uri=uri or "databricks", artifacts=None)
        if uri:
            files = f"{r.root}/mlartifacts" if uri.startswith(_DATABASES) else None
            return cls(prefix=name, experiment=name, tracking_uri=uri, artifacts=files)
        if not is_of_this_machine(r.spark, r.root):
            advice = "set MLFLOW_TRACKING_URI or model.tracking_uri to a server"
            raise SettingsError("MLflow's database needs a folder of this machine", [Finding("root", r.root, advice)])
        root = Path(r.root).resolve()
        database, artifacts = mlflow_log.whole_database(root), (root / "mlartifacts").as_uri()
        return cls(prefix=name, experiment=name, tracking_uri=f"sqlite:///{database}", artifacts=artifacts)

    def name(self, target: str) -> str:
        """Registered name of the model for a target (`active`, `asset_uplift`)."""
        return f"{self._prefix}_{target}"

    def versions(self, target: str) -> list[ModelVersion]:
        """All registered versions, newest first, with their tags: Unity Catalog finds versions without them."""
        name = self.name(target)
        numbers = sorted((int(v.version) for v in self.client.search_model_versions(f"name = '{name}'")), reverse=True)
        return [self.client.get_model_version(name, str(number)) for number in numbers]

    def reusable(self, target: str, training: model.Training) -> ModelVersion | None:
        """The newest version with the same cycle, settings and rows; training again would give it again."""
        return next((v for v in self.versions(target) if training.key.items() <= v.tags.items()), None)

    def champion(self, target: str) -> ModelVersion | None:
        """The version behind the alias `champion`."""
        try:
            return self.client.get_model_version_by_alias(self.name(target), ALIAS)
        except MlflowException as error:
            if error.error_code in _NOT_THERE:
                return None
            raise

    def serving(self, target: str, cycle: Month) -> ModelVersion | None:
        """The version that speaks for a cycle: the champion, unless it was trained for a later one.

        A past cycle that is scored again is scored by the newest approved version that had not seen its months.
        """
        champion = self.champion(target)
        if champion is None or champion.tags.get("cycle", "") <= str(cycle):
            return champion
        approved = [v for v in self.versions(target) if "approved_by" in v.tags and v.tags["cycle"] <= str(cycle)]
        return max(approved, key=lambda v: (v.tags["cycle"], int(v.version)), default=None)

    def load(self, target: str, version: str, *, tested_on: Month | None = None) -> model.Scorer:
        """A version's pipeline and the features of its own signature; a session reads each version once.

        tested_on: a month to judge it on: of a refit that has learnt from that month, the fit it was judged by.
        ModelError where there is no such version or its files are gone.
        """
        uri = f"models:/{self.name(target)}/{version}"
        if tested_on is not None:
            uri = self._judged(target, version, tested_on) or uri
        try:
            return model.Scorer(str(version), *logged_models.pipeline(uri))
        except MlflowException as error:
            known = [str(v.version) for v in self.versions(target)]
            missing = Finding("missing", uri, f"versions there are: {', '.join(known) or 'none'}")
            lost = Finding("unreadable", uri, f"were its files moved or removed? {str(error).splitlines()[0]}")
            finding = lost if str(version) in known else missing
            raise ModelError(f"`{self.name(target)}` version {version} cannot be loaded", [finding]) from error

    def _judged(self, target: str, version: str, month: Month) -> str | None:
        """Where the fit lies that a refit was judged by, if the refit has learnt from a month."""
        found = next((v for v in self.versions(target) if str(v.version) == str(version)), None)
        if found is None or found.tags.get(model.LEARNT_UNTIL, "") < str(month):
            return None
        return f"runs:/{found.run_id}/{logged_models.JUDGED}"

    def register(
        self,
        target: str,
        trained: model.Trained | model.TrainedLift,
        *,
        training: model.Training,
        examples: DataFrame,
        r: Run,
        review: model.Review | None = None,
    ) -> ModelVersion:
        """Log a trained model, or lift, with all that a reviewer needs, and register it under its passport.

        What was logged is loaded once before, and must score as what was trained does; else ModelError.
        """
        settings = r.settings.model
        signature, rows = logged_models.interface(examples, trained.fitted.features)
        run_name, experiment = f"{training.cycle} {target}", self._experiment_id()
        with mlflow.start_run(experiment_id=experiment, run_name=run_name, tags=training.tags) as run:
            mlflow.log_params(training.parameters(target, settings.flat))
            mlflow.log_text(r.settings_yaml, "settings.yml")
            logged_models.log_evidence(trained)
            logged_models.log_data(training, r)
            if isinstance(trained, model.Trained) and review is not None:
                logged_models.log_review(trained, review)
            logged_models.log_model(trained, run_id=run.info.run_id, signature=signature, rows=rows, settings=settings)
        passport = {
            **training.tags,
            "test_month": str(training.months.test),
            **trained.tags,
            logged_models.EXAMPLE: logged_models.MADE_UP,
        }
        logged = f"runs:/{run.info.run_id}/{logged_models.PLACE}"
        if not rows.empty:
            logged_models.require_same_scores(trained.served, logged, logged_models.as_frame(r.spark, rows))
        mlflow_log.errors_alone()  # parts of MLflow that a log imports take its silence back
        made = mlflow.register_model(logged, self.name(target), tags=passport)
        return self.client.get_model_version(made.name, made.version)

    def evidence(self, version: ModelVersion) -> dict[str, Any]:
        """The figures that a version's gate went by, as its run keeps them."""
        return dict(mlflow.artifacts.load_dict(f"runs:/{version.run_id}/evidence.json"))

    def check_approvable(self, target: str, version: str, *, is_overruled: bool = False) -> ModelVersion:
        """The version, where it may go live; ModelError says why not.

        is_overruled: a reviewer says in words why it may although the champion could not be compared.
        """
        chosen = next((v for v in self.versions(target) if str(v.version) == str(version)), None)
        if chosen is None:
            known = ", ".join(f"{v.version} (cycle {v.tags.get('cycle')})" for v in self.versions(target)) or "none"
            findings = [Finding("missing", f"version {version}", f"versions there are: {known}")]
            raise ModelError(f"`{self.name(target)}` has no version {version}", findings)
        may_be_overruled = is_overruled and chosen.tags.get("overrulable") == "true"
        if chosen.tags.get("ready_for_review") != "true" and not may_be_overruled:
            reasons = chosen.tags.get("gate", "it has not been through the gate").split("; ")
            findings = [Finding("gate", f"version {version}", reason) for reason in reasons]
            if chosen.tags.get("overrulable") == "true":
                findings.append(Finding("reviewer", "--without-comparison", "may say why it goes live all the same"))
            raise ModelError(f"`{self.name(target)}` version {version} is not ready for review", findings)
        return chosen

    def promote(self, target: str, version: str, *, reviewer: str, unless_older: bool = False) -> bool:
        """Note who approved a version and move the alias `champion` to it; unless_older: not from a later cycle's."""
        name, champion = self.name(target), self.champion(target)
        self.client.set_model_version_tag(name, version, "approved_by", reviewer)
        own = self.client.get_model_version(name, version).tags.get("cycle", "")
        if unless_older and champion is not None and champion.tags.get("cycle", "") > own:
            return False
        self.client.set_registered_model_alias(name, ALIAS, version)
        return True

    def without_users(self, target: str, *, erased: Mapping[str, str]) -> int:
        """Take users' rows out of what MLflow keeps of a target's versions: see `logged_models.without_users`."""
        return logged_models.without_users(self.client, self.versions(target), erased=erased)

    def overview(self, target: str) -> list[dict[str, Any]]:
        """One row per version for people: what it was trained for, how good it is for the low-active, the gate."""
        champion = self.champion(target)
        rows = []
        for version in self.versions(target):
            metrics = self.client.get_run(version.run_id).data.metrics
            rows.append(
                {
                    "version": int(version.version),
                    "cycle": version.tags.get("cycle"),
                    "test_month": version.tags.get("test_month"),
                    **{name: metrics.get(f"low_activity_{name}") for name in model.METRICS},
                    "ready": version.tags.get("ready_for_review"),
                    "gate": version.tags.get("gate"),
                    "champion": champion is not None and champion.version == version.version,
                }
            )
        return rows

    def table(self, target: str, kind: str) -> list[dict[str, Any]]:
        """Table `deciles` or `calibration` of the newest version on its test month, for every population."""
        newest = next(iter(self.versions(target)), None)
        if newest is None:
            return []
        content = mlflow.artifacts.load_dict(f"runs:/{newest.run_id}/quality.json")
        return [{"population": name, **row} for name, tables in content.items() for row in tables[kind]]

    def note_plan(self, cycle: Month, **sealed: str) -> None:
        """Keep a registered experiment: see `logged_models.log_plan`."""
        logged_models.log_plan(self.client, self._experiment_id(), cycle, **sealed)

    def _experiment_id(self) -> str:
        found = self.client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        try:
            return str(self.client.create_experiment(self._experiment, artifact_location=self._artifacts))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # else the other model's training made it meanwhile
                raise
            return str(self.client.get_experiment_by_name(self._experiment).experiment_id)

"""Models as MLflow keeps them: logged with signature and example, loaded once, held against the fitted ones."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import Model, ModelSignature, get_model_info
from mlflow.types import ColSpec, Schema
from pandas.api.types import is_numeric_dtype
from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError
from reactivation.model import plots
from reactivation.periods import Month
from reactivation.runtime.run import Run

PLACE, JUDGED = "model", "judged_model"
"""Folders of a run: the model that serves, and where that is a refit, the one that its figures are of."""
EXAMPLE, MADE_UP = "input_example", "made_up"
"""Tag of a version, and its value where no user's row stands in the model's input example."""
_EXAMPLE_FILES = ("input_example.json", "serving_input_example.json")
_EXAMPLE_ROWS = 5
_DIGEST = 36
"""Characters that MLflow keeps of a digest."""
_COMPARED_ROWS = 200
"""On which a logged model must score as the trained one does."""
_LOADED: dict[tuple[str, str], PipelineModel] = {}
"""Pipelines by session and model."""


def interface(examples: DataFrame, features: tuple[str, ...]) -> tuple[ModelSignature, pd.DataFrame]:
    """Signature of the pipeline, where every feature may be missing, and some users' rows, which no artifact holds."""
    texts = {name for name, kind in examples.dtypes if kind == "string"}
    columns: list[Column] = [F.col(n) if n in texts else F.col(n).cast("double").alias(n) for n in features]
    inputs = Schema([ColSpec("string" if n in texts else "double", n, required=False) for n in features])
    signature = ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", "prediction")]))
    return signature, examples.select(*columns).limit(_COMPARED_ROWS).toPandas()


def as_frame(spark: SparkSession, rows: pd.DataFrame) -> DataFrame:
    """Rows of `interface` as Spark had them; a text that nobody of them has says no type of its own."""
    types = ", ".join(f"`{name}` {'double' if is_numeric_dtype(rows[name]) else 'string'}" for name in rows.columns)
    return spark.createDataFrame(rows, types)


def made_up(rows: pd.DataFrame) -> pd.DataFrame:
    """A few rows that are nobody's, within the ranges of some users' rows.

    A number lies halfway between two neighbouring values of its feature, a text is one that several users have; each
    row takes another place in each feature's order, so that no two features of it come from one user.
    """
    example: dict[str, list[str | float | None]] = {}
    for place, name in enumerate(rows.columns):
        counts = rows[name].value_counts()
        between: list[str] | list[float]
        if is_numeric_dtype(rows[name]):
            seen = sorted(float(value) for value in counts.index)
            between = [(low + high) / 2 for low, high in pairwise(seen)] or seen
        else:
            between = sorted(str(text) for text in counts.index[counts > 1])
        at = [((row + place) % _EXAMPLE_ROWS + 0.5) / _EXAMPLE_ROWS for row in range(_EXAMPLE_ROWS)]
        example[name] = [between[int(share * len(between))] if between else None for share in at]
    return pd.DataFrame(example, columns=rows.columns)


def without_users(client: mlflow.MlflowClient, versions: Iterable[ModelVersion], *, erased: Mapping[str, str]) -> int:
    """Take users' rows out of what is kept of some versions; returns how many were changed.

    Input examples of older releases are emptied. erased: by the fingerprint of rows that a version was trained on, that
    of the same rows without a user who was erased since; the version then says how many users are missing.
    """
    changed = 0
    for version in versions:
        news = {} if version.tags.get(EXAMPLE) == MADE_UP else _without_example(client, version)
        if version.tags.get("rows") in erased:
            missing = int(version.tags.get("users_erased", "0")) + 1
            news |= {"rows": erased[version.tags["rows"]], "users_erased": str(missing)}
        for tag, value in news.items():
            client.set_model_version_tag(version.name, str(version.version), tag, value)
        changed += bool(news)
    return changed


def _without_example(client: mlflow.MlflowClient, version: ModelVersion) -> dict[str, str]:
    """Put nulls into a version's input example; returns the version's new tag."""
    for file in client.list_artifacts(version.run_id, PLACE) if version.run_id else ():
        if file.path.rsplit("/", 1)[-1] in _EXAMPLE_FILES:
            content = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{file.path}")
            rows = content.get("dataframe_split", content)
            rows["data"] = [[None] * len(rows["columns"])]
            client.log_text(version.run_id, json.dumps(content), file.path)
    return {EXAMPLE: MADE_UP}


def log_data(training: model.Training, r: Run) -> None:
    """Name the tables that a model was made of, each with place, version and a digest of the rows that were read."""
    digests = dict(zip(training.tables, training.rows.split(), strict=False))
    for name, version in training.tables.items():
        place = r.store.place(derived.BY_NAME[name])
        at = {"delta_table_name": place} if r.store.is_catalog else {"path": place}
        source = DeltaDatasetSource(**at, delta_table_version=version)
        digest = hashlib.sha256(digests.get(name, training.rows).encode()).hexdigest()[:_DIGEST]
        mlflow.log_input(MetaDataset(source, name=name, digest=digest), context="training and test")


def log_review(trained: model.Trained, review: model.Review) -> None:
    """Put into the run what a card tells, as numbers, tables and pictures."""
    mlflow.log_metrics(review.metrics)
    mlflow.log_dict(review.evidence, "review.json")
    log_contributions(review.contributions)
    for name, rows in (("groups", review.groups), ("drift", review.drift), ("backtest", review.backtest)):
        mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), f"{name}.csv")
    both = {"low_activity": review.counts.low, "all": review.counts.everybody}
    pictures = plots.curves({name: bins for name, bins in both.items() if bins is not None})
    pictures |= {"importances": plots.importances(trained.fitted.importances), "drift": plots.drift(review.drift)}
    for name, figure in (pictures | {"groups": plots.groups(review.groups)}).items():
        mlflow.log_figure(figure, f"{name}.png")


def log_contributions(contributions: Sequence[dict[str, Any]]) -> None:
    """Put into the run how much each feature moves what a model says, where reasons are asked for."""
    if contributions:
        mlflow.log_dict({"mean_contributions": list(contributions)}, "contributions.json")


def log_evidence(trained: model.Trained | model.TrainedLift) -> None:
    """Put into the run what the gate went by: figures, tables and plots; of a lift its bands."""
    mlflow.log_metrics(trained.metrics)
    mlflow.log_dict(trained.evidence, "evidence.json")
    if isinstance(trained, model.TrainedLift):
        mlflow.log_text(pd.DataFrame(trained.bands).to_csv(index=False), "bands.csv")
        log_contributions(trained.contributions)
        return
    mlflow.log_dict(trained.fitted.importances, "importances.json")
    tables = {n: {"deciles": q.deciles, "calibration": q.calibration} for n, q in trained.quality.items()}
    mlflow.log_dict(tables, "quality.json")
    mlflow.log_figure(plots.calibration(trained.quality), "calibration.png")
    mlflow.log_figure(plots.lift(trained.quality), "lift.png")


def log_model(
    trained: model.Trained | model.TrainedLift,
    *,
    run_id: str,
    signature: ModelSignature,
    rows: pd.DataFrame,
    settings: model.ModelSettings,
) -> None:
    """Put the model into the run. `mlflow.spark.log_model` would load it again only to try the example.

    A refit is put there beside the fit that was judged. rows: of users, from which the example is made up.
    """
    models = {PLACE: trained.served, **({JUDGED: trained.fitted} if trained.refitted else {})}
    with TemporaryDirectory() as folder:
        for place, fitted in models.items():
            mlflow.spark.save_model(
                fitted.model,
                f"{folder}/{place}",
                mlflow_model=Model(artifact_path=place, run_id=run_id),
                signature=signature,
                input_example=made_up(rows),
                pip_requirements=list(settings.pip_requirements),
            )
            mlflow.log_artifacts(f"{folder}/{place}", place)


def require_same_scores(fitted: model.Fitted | model.FittedLift, logged: str, rows: DataFrame) -> None:
    """ModelError where a logged model, or lift, says of some rows what the fitted one does not; one query."""
    loaded, features = pipeline(logged)
    is_lift = isinstance(fitted, model.FittedLift)
    score, figures = (model.lifts, ["lift"]) if is_lift else (model.score, ["raw", "p"])
    ours = score(fitted.model, rows, features=fitted.features, keep=features)
    ours = ours.withColumnsRenamed({name: f"{name}_fitted" for name in figures})
    both = score(loaded, ours, features=features, keep=[f"{name}_fitted" for name in figures])
    differs = reduce(or_, (~F.col(name).eqNullSafe(F.col(f"{name}_fitted")) for name in figures))
    if not both.where(differs).isEmpty():
        advice = "MLflow kept another model than was trained: check its artifact store, then train again"
        raise ModelError("a logged model scores otherwise than the trained one", [Finding("differs", logged, advice)])


def pipeline(uri: str) -> tuple[PipelineModel, tuple[str, ...]]:
    """A logged model's pipeline and the features of its signature. MlflowException where it cannot be read.

    Its description is read each time, so that files which are gone are noticed; the pipeline once per session.
    """
    info = get_model_info(uri)
    key = SparkSession.active().sparkContext.applicationId, str(info.model_uuid)
    if key not in _LOADED:
        _LOADED[key] = mlflow.spark.load_model(uri)
    return _LOADED[key], tuple(info.signature.inputs.input_names())


def log_plan(client: Any, experiment: str, cycle: Month, *, plan_json: str, power_json: str, plan_hash: str) -> None:
    """Keep a registered experiment as a run `<cycle> experiment plan`; the same plan and power are kept once."""
    power_hash = hashlib.sha256(power_json.encode()).hexdigest()
    tags = {"cycle": str(cycle), "plan_hash": plan_hash, "power_hash": power_hash}
    asked = " and ".join(f"tags.{key} = '{value}'" for key, value in tags.items())
    if client.search_runs([experiment], filter_string=asked, max_results=1):
        return
    with mlflow.start_run(experiment_id=experiment, run_name=f"{cycle} experiment plan", tags=tags):
        mlflow.log_text(plan_json, "plan.json")
        mlflow.log_text(power_json, "power.json")

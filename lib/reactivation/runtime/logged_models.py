"""Models as MLflow keeps them: logged with signature and example, loaded once, held against the fitted ones."""

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import Model, ModelSignature, get_model_info
from mlflow.types import ColSpec, Schema
from pandas.api.types import is_numeric_dtype
from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model
from reactivation.errors import Finding, ModelError
from reactivation.model import plots

PLACE = "model"
"""Folder of the model in its run."""
EXAMPLE, MADE_UP = "input_example", "made_up"
"""Tag of a version, and its value where no user's row stands in the model's input example."""
_EXAMPLE_FILES = ("input_example.json", "serving_input_example.json")
_EXAMPLE_ROWS = 5
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


def log_evidence(trained: model.Trained) -> None:
    """Put into the run what a reviewer reads of a model: figures, tables and plots."""
    mlflow.log_metrics(trained.metrics)
    mlflow.log_dict(trained.evidence, "evidence.json")
    mlflow.log_dict(trained.fitted.importances, "importances.json")
    tables = {n: {"deciles": q.deciles, "calibration": q.calibration} for n, q in trained.quality.items()}
    mlflow.log_dict(tables, "quality.json")
    mlflow.log_figure(plots.calibration(trained.quality), "calibration.png")
    mlflow.log_figure(plots.lift(trained.quality), "lift.png")


def log_contributions(trained: model.Trained, rows: DataFrame) -> None:
    """Put into the run how much each feature moves the scores of some users. rows: their features."""
    own = trained.fitted
    found = model.mean_contributions(own.model, rows.select("cycle", "user_id", *own.features))
    mlflow.log_dict({"mean_contributions": found}, "contributions.json")


def log_model(
    trained: model.Trained, *, run_id: str, signature: ModelSignature, rows: pd.DataFrame, settings: model.ModelSettings
) -> None:
    """Put the model into the run. `mlflow.spark.log_model` would load it again only to try the example.

    rows: of users, from which the example is made up.
    """
    with TemporaryDirectory() as folder:
        mlflow.spark.save_model(
            trained.fitted.model,
            f"{folder}/{PLACE}",
            mlflow_model=Model(artifact_path=PLACE, run_id=run_id),
            signature=signature,
            input_example=made_up(rows),
            pip_requirements=list(settings.pip_requirements),
        )
        mlflow.log_artifacts(f"{folder}/{PLACE}", PLACE)


def require_same_scores(fitted: model.Fitted, logged: str, rows: DataFrame) -> None:
    """ModelError where a logged model scores some rows otherwise than the fitted one; one query."""
    loaded, features = pipeline(logged)
    ours = model.score(fitted.model, rows, features=fitted.features, keep=features)
    ours = ours.withColumnsRenamed({"raw": "raw_fitted", "p": "p_fitted"})
    both = model.score(loaded, ours, features=features, keep=["raw_fitted", "p_fitted"])
    is_same = F.col("raw").eqNullSafe(F.col("raw_fitted")) & F.col("p").eqNullSafe(F.col("p_fitted"))
    if not both.where(~is_same).isEmpty():
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

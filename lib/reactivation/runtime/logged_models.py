"""Models as MLflow keeps them: logged with signature and example, loaded once, held against the fitted ones."""

from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
from mlflow.models import Model, ModelSignature, get_model_info
from mlflow.types import ColSpec, Schema
from pyspark.ml import PipelineModel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation import model
from reactivation.errors import Finding, ModelError

PLACE = "model"
"""Folder of the model in its run."""
_EXAMPLE_ROWS = 5
_COMPARED_ROWS = 200
"""On which a logged model must score as the trained one does."""
_LOADED: dict[tuple[str, str], PipelineModel] = {}
"""Pipelines by session and model."""


def interface(examples: DataFrame, features: tuple[str, ...]) -> tuple[ModelSignature, pd.DataFrame]:
    """Signature of the pipeline and some rows of input; every feature may be missing."""
    texts = {name for name, kind in examples.dtypes if kind == "string"}
    columns: list[Column] = [F.col(n) if n in texts else F.col(n).cast("double").alias(n) for n in features]
    inputs = Schema([ColSpec("string" if n in texts else "double", n, required=False) for n in features])
    signature = ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", "prediction")]))
    return signature, examples.select(*columns).limit(_COMPARED_ROWS).toPandas()


def log_model(
    trained: model.Trained, *, run_id: str, signature: ModelSignature, rows: pd.DataFrame, settings: model.ModelSettings
) -> None:
    """Put the model into the run. `mlflow.spark.log_model` would load it again only to try the example."""
    with TemporaryDirectory() as folder:
        mlflow.spark.save_model(
            trained.fitted.model,
            f"{folder}/{PLACE}",
            mlflow_model=Model(artifact_path=PLACE, run_id=run_id),
            signature=signature,
            input_example=rows[:_EXAMPLE_ROWS],
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

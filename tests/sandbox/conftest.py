"""Few rows through large expressions: interpreting them takes less time than compiling them."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

_INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@pytest.fixture(autouse=True, scope="module")
def interpreted(request: pytest.FixtureRequest) -> Iterator[None]:
    if "numbers" in {mark.name for mark in request.node.iter_markers()}:
        yield
        return
    spark: SparkSession = request.getfixturevalue("spark")
    before = {key: spark.conf.get(key, None) for key in _INTERPRETED}
    for key, value in _INTERPRETED.items():
        spark.conf.set(key, value)
    yield
    for key, value in before.items():
        spark.conf.unset(key) if value is None else spark.conf.set(key, value)

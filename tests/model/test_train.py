"""Training on a small example: no leak, no dependence on partitions, an order that calibration keeps."""

import pytest
from conftest import Rows  # noqa: F401  (the root's helpers come first on the path)
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import model
from reactivation.errors import ModelError
from reactivation.model.score import score
from reactivation.periods import Month
from reactivation.tables import derived

pytestmark = pytest.mark.rules

MONTHS = model.Months(train=(Month.parse("2026-01"), Month.parse("2026-02")), test=Month.parse("2026-03"))
KEYS = ["cycle", "user_id"]


@pytest.fixture(scope="module")
def trained(examples: DataFrame) -> model.Trained:
    from model.conftest import SMALL
    return model.train(examples, months=MONTHS, salt="s", settings=model.ModelSettings(**SMALL))

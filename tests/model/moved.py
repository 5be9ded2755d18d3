"""Made-up users of whom it is known by how much a contact moves them, as rows that teach a lift."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from reactivation.model.lift_rows import IS_TREATED, PROPENSITY
from reactivation.periods import Month

MONTHS = [Month.parse(f"2026-0{n}") for n in (1, 2, 3, 4)]
HELD_OUT = 0.3


def draw(seed: int, users: int, held_out: float) -> dict[str, Any]:
    """Users of whom a third are moved by 0.3, the others by nothing; half of all sleep deeper."""
    draws = np.random.default_rng(seed)
    kind, deep = draws.integers(0, 3, users), draws.integers(0, 2, users)
    lift = np.where(kind == 0, 0.3, 0.0)
    is_treated = (draws.random(users) >= held_out).astype(float)
    outcome = (draws.random(users) < 0.5 - 0.3 * deep + lift * is_treated).astype(float)
    return {"kind": kind, "deep": deep, "lift": lift, IS_TREATED: is_treated, "label": outcome}


def bank(spark: SparkSession, *, users: int = 3_000, moved: float = 1.0, seed: int = 5) -> DataFrame:
    """Rows of `month_lift`: the same users in four months, as `draw` makes them; moved: of the true lift."""
    frames = []
    for number, month in enumerate(MONTHS):
        one = draw(seed, users, 0.0)
        draws = np.random.default_rng(100 * seed + number)
        one[IS_TREATED] = (draws.random(users) >= HELD_OUT).astype(float)
        p = 0.5 - 0.3 * one["deep"] + moved * one["lift"] * one[IS_TREATED]
        one["label"] = (draws.random(users) < p).astype(float)
        frames.append(pd.DataFrame({"cycle": str(month), "user_id": np.arange(users), **one}))
    every = pd.concat(frames).assign(policy="model", is_low_activity=True, **{PROPENSITY: 1 - HELD_OUT})
    return spark.createDataFrame(pa.Table.from_pandas(every.drop(columns="lift"), preserve_index=False))

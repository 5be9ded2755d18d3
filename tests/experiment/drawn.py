"""Tables of an experiment drawn by a test, their sums without Spark, and how they are read out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiment.asked import settings_for
from reactivation.contracts.derived import READOUT
from reactivation.experiment import Metric
from reactivation.experiment.any_table import Spec, analyze
from reactivation.experiment.any_table.sums import ArmGroup, OutcomeSums
from reactivation.statistics.cuped import JointMoments

ROOT = Path(__file__).parents[2]
SETTINGS = settings_for(
    alpha=0.2,  # the spec's own counts
    metrics={"login": Metric(outcome="logged_in", minimum_effect=0.02)},
)
PLAIN: dict[str, Any] = {
    "table": "t.csv",
    "arm": "arm",
    "control": "no",
    "shares": {"yes": 1, "no": 1},
    "rates": ["came"],
    "means": ["spend"],
}


def spec(**changes: Any) -> Spec:
    return Spec.model_validate({**PLAIN, **changes})


def straight(table: pd.DataFrame, asked: Spec) -> tuple[ArmGroup, ...]:
    """The sums of a table without Spark, one group at a time."""
    strata = [table[name].astype(str) for name in asked.strata]
    key = [table["arm"].where(table["arm"].isin(list(asked.shares))).fillna("?"), *strata]
    found = []
    for place, part in table.groupby(key if strata else key[0]):
        values = place if isinstance(place, tuple) else (place,)
        arm = None if values[0] == "?" else str(values[0])
        stray = None if arm else part["arm"].dropna().min()
        stratum = ", ".join(f"{name}={value}" for name, value in zip(asked.strata, values[1:], strict=True))
        outcomes = {name: outcome(part, name, asked) for name in asked.outcomes}
        found.append(ArmGroup(arm, stratum, len(part), outcomes, stray if isinstance(stray, str) else None))
    return tuple(found)


def outcome(part: pd.DataFrame, name: str, asked: Spec) -> OutcomeSums:
    values = part[name].astype(float)
    is_fine = values.isin([0, 1]) if name in asked.rates else np.isfinite(values)
    known = part[is_fine]
    columns = [known[name].astype(float)]
    if asked.covariates:
        is_missing = known[list(asked.covariates)].isna().any(axis=1)
        columns += [known[covariate].astype(float).mask(is_missing, 0.0) for covariate in asked.covariates]
        columns.append(is_missing.astype(float))
    rows = np.column_stack(columns)
    joint = JointMoments.empty(asked.width)
    if len(rows):
        with np.errstate(over="ignore"):
            joint = JointMoments.of(len(rows), rows.mean(axis=0), np.atleast_2d(np.cov(rows.T, ddof=0)))
    return OutcomeSums(int(values.isna().sum()), int((~is_fine & values.notna()).sum()), joint)


def drawn(users: int = 4_000, *, came: Mapping[str, float] | None = None, seed: int = 20260621) -> pd.DataFrame:
    """Half `yes`, half `no`; who comes spends; `before` goes along with `spend`."""
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(users) % 2 == 0, "yes", "no")
    rates = came or {"yes": 0.30, "no": 0.20}
    before = rng.gamma(2, 5, users)
    has_come = rng.random(users) < np.where(arm == "yes", rates["yes"], rates["no"])
    return pd.DataFrame(
        {
            "arm": arm,
            "came": has_come,
            "spend": has_come * 5.0 + before + rng.normal(size=users),
            "before": before,
            "town": np.where(rng.random(users) < 0.3, "big", "small"),
        }
    )


def read(table: pd.DataFrame, asked: Spec) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = analyze(straight(table, asked), asked, settings=SETTINGS)
    assert all(tuple(row) == READOUT.column_names for row in found.rows)
    keyed = {(row["contrast"], row["metric"], row["segment"]): row for row in found.rows}
    assert len(keyed) == len(found.rows)  # the key is unique
    return keyed

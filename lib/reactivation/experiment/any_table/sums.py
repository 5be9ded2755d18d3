"""One pass over any table to sufficient statistics per arm and stratum; nothing that grows with it leaves Spark."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_
from typing import Any

import numpy as np
from pyspark.ml.functions import array_to_vector
from pyspark.ml.stat import Summarizer
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DataType, NumericType, StringType

from reactivation.errors import Finding, nearest
from reactivation.experiment.any_table.spec import Spec
from reactivation.frames import BAD_ROW, NUMBER, has_bad_rows, own_columns, quoted, records
from reactivation.statistics.cuped import JointMoments

MOST_GROUPS = 2_000
SAMPLE = 100
NO_VALUE = "(none)"
WEIGHS_NOTHING = 1e-300
"""The weight of a row that does not count: Spark's summarizer fails on a group of rows that all weigh 0."""


@dataclass(frozen=True)
class OutcomeSums:
    """One outcome in one group.

    unknown: rows without a value. wrong: rows whose value is infinite or no number, or for a rate neither 0 nor 1.
    joint: the outcome and the covariates of all other rows.
    """

    unknown: int
    wrong: int
    joint: JointMoments

    def merged(self, other: "OutcomeSums") -> "OutcomeSums":
        """Both groups as one."""
        return OutcomeSums(self.unknown + other.unknown, self.wrong + other.wrong, self.joint.merged(other.joint))


@dataclass(frozen=True)
class ArmGroup:
    """All rows of one arm in one stratum. arm: None for arms that the spec does not name, of which `stray` is one."""

    arm: str | None
    stratum: str
    users: int
    outcomes: Mapping[str, OutcomeSums]
    stray: str | None = None


def problems(table: DataFrame, spec: Spec, unusable: Mapping[str, str] | None = None) -> list[Finding]:
    """Columns that the spec names and the table does not have, or that are no numbers; empty where all is well.

    unusable: by lower-case name, why a column of the table's files cannot be used.
    """
    have = {name: table.schema[name].dataType for name in own_columns(table)}
    why = unusable or {}
    roles = {
        "arm": (spec.arm,),
        "rates": spec.rates,
        "means": spec.means,
        "covariates": spec.covariates,
        "strata": spec.strata,
    }
    found = [
        Finding("no such column", name, f"under {role}: {why.get(name.lower()) or nearest(name, have)}")
        for role, names in roles.items()
        for name in names
        if name not in have
    ]
    is_all_text = all(isinstance(kind, StringType) for kind in have.values())  # a CSV file: numbers come as text
    texts = [c for c in spec.covariates if isinstance(have.get(c), StringType) and not is_all_text]
    found += [Finding("type", name, "under covariates: is text; name it under strata") for name in texts]
    numbers = [(role, name) for role in ("rates", "means", "covariates") for name in roles[role] if name in have]
    return found + [
        Finding("type", name, f"under {role}: is {have[name].simpleString()}, must hold numbers")
        for role, name in numbers
        if not isinstance(have[name], NumericType | BooleanType | StringType)
    ]


def coarser(spec: Spec) -> list[Finding]:
    """What to do where the strata cut the table into too many groups."""
    return [
        Finding("too many", name, "name strata of few values, fixed before the draw: a band instead of a number")
        for name in spec.strata
    ]


def sums(table: DataFrame, spec: Spec) -> DataFrame:
    """Aggregate a table to one row per arm and stratum, at most `MOST_GROUPS` + 1 of them.

    Arms that the spec does not name share one row. Rows that their file broke (`BAD_ROW`) are only counted: `bad_rows`.
    A null or NaN outcome is unknown. Where a covariate has no finite value, all covariates of the row count as 0 and an
    indicator beside them tells so: nobody is left out for what was not known before. Means and variances come from
    Spark's one-pass algorithm for vectors, which keeps its digits for large means and needs one expression an outcome
    where each covariance by itself made a query that took longer to compile than to run.
    """
    types = {field.name: field.dataType for field in table.schema}
    arm = _column(spec.arm).cast("string")
    strata = [F.coalesce(_column(s).cast("string"), F.lit(NO_VALUE)).alias(f"s{i}") for i, s in enumerate(spec.strata)]
    bad = F.col(f"{BAD_ROW}.detail") if has_bad_rows(table) else F.lit(None).cast("string")
    strata = [F.when(bad.isNull(), stratum).alias(f"s{i}") for i, stratum in enumerate(strata)]
    keys = [F.when(bad.isNull() & arm.isin(*spec.shares), arm).alias("arm"), *strata, bad.alias("bad")]
    outcomes = [_number(name, types[name], is_rate=name in spec.rates) for name in spec.outcomes]
    covariates = [_number(name, types[name], is_rate=False).value for name in spec.covariates]
    read = table.select(
        *keys,
        F.when(~arm.isin(*spec.shares), arm).alias("stray"),
        *[outcome.value.alias(f"o{n}") for n, outcome in enumerate(outcomes)],
        *[outcome.is_unknown.alias(f"o{n}_is_unknown") for n, outcome in enumerate(outcomes)],
        *[covariate.alias(f"c{n}") for n, covariate in enumerate(covariates)],
    )
    names = [f"c{n}" for n in range(len(covariates))]
    is_missing = reduce(or_, [F.col(name).isNull() for name in names], F.lit(False))
    read = read.withColumn("is_missing", is_missing)
    beside = {name: F.when(F.col("is_missing"), 0.0).otherwise(F.col(name)) for name in names}
    beside |= {"is_missing": F.col("is_missing").cast("double")} if names else {}
    about = _about(read, [*names, *[f"o{n}" for n in range(len(outcomes))]])
    measures = [measure for number in range(len(outcomes)) for measure in _measures(number, beside, about)]
    totals = [F.count("*").alias("users"), F.min("stray").alias("stray"), *measures]
    return read.groupBy("arm", *[f"s{i}" for i in range(len(strata))], "bad").agg(*totals).limit(MOST_GROUPS + 1)


def groups(rows: Iterable[Mapping[str, Any]], spec: Spec) -> tuple[ArmGroup, ...]:
    """The rows of `sums` as values."""
    return tuple(
        ArmGroup(
            arm=row["arm"],
            stratum=", ".join(f"{name}={row[f's{i}']}" for i, name in enumerate(spec.strata)),
            users=row["users"],
            outcomes={name: _outcome(row, number, spec.width) for number, name in enumerate(spec.outcomes)},
            stray=row["stray"],
        )
        for row in rows
        if row["bad"] is None
    )


def bad_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Of the rows of `sums`: how many rows a file broke, by what is wrong with them."""
    return {row["bad"]: row["users"] for row in rows if row["bad"] is not None}


def _about(read: DataFrame, names: Sequence[str]) -> dict[str, float]:
    """A value amid those of each column: the median of a few rows. Digits are kept where values are taken from it."""
    few = records(read.select(*names).limit(SAMPLE))
    values = {name: [row[name] for row in few if row[name] is not None] for name in names}
    return {name: float(np.median(found)) if found else 0.0 for name, found in values.items()}


def _measures(number: int, beside: Mapping[str, Column], about: Mapping[str, float]) -> list[Column]:
    """What is known, what is not, and means and variances: of an outcome, the covariates, and the sum of each pair.

    beside: the covariates, never null, and whether any of them is missing. about: see `_about`.
    """
    outcome, is_unknown = F.col(f"o{number}"), F.col(f"o{number}_is_unknown")
    values = {f"o{number}": outcome, **beside}
    near = [F.coalesce(value - F.lit(about.get(name, 0.0)), F.lit(0.0)) for name, value in values.items()]
    vector = array_to_vector(F.array(*near, *[a + b for a, b in combinations(near, 2)]))
    is_known = outcome.isNotNull()
    weight = F.when(is_known, 1.0).otherwise(WEIGHS_NOTHING)
    return [
        F.count(outcome).alias(f"o{number}_known"),
        F.count_if(is_unknown).alias(f"o{number}_unknown"),
        F.count_if(outcome.isNull() & ~is_unknown).alias(f"o{number}_wrong"),
        *[F.avg(F.when(is_known, value)).alias(f"o{number}_mean_{i}") for i, value in enumerate(values.values())],
        Summarizer.variance(vector, weight).alias(f"o{number}_variances"),
    ]


@dataclass(frozen=True)
class _Read:
    """A column as numbers. value: null where there is none. is_unknown: nothing was there in the first place."""

    value: Column
    is_unknown: Column


def _number(name: str, data_type: DataType, *, is_rate: bool) -> _Read:
    column = _column(name)
    if isinstance(data_type, BooleanType):
        number = column.cast("int").cast("double")
    elif isinstance(data_type, StringType):
        number = F.when(F.trim(column).rlike(NUMBER), column.try_cast("double"))
        if is_rate:
            number = F.coalesce(number, column.try_cast("boolean").cast("int").cast("double"))
    else:
        number = column.cast("double")
    is_nan = F.lower(F.trim(column)) == "nan" if isinstance(data_type, StringType) else F.isnan(number)
    is_unknown = column.isNull() | F.coalesce(is_nan, F.lit(False))
    is_fine = number.isin(0.0, 1.0) if is_rate else F.abs(number) < float("inf")
    return _Read(F.when(~is_unknown & is_fine, number), is_unknown)


def _outcome(row: Mapping[str, Any], number: int, width: int) -> OutcomeSums:
    known = row[f"o{number}_known"]
    joint = JointMoments.empty(width)
    if known:
        means = [row[f"o{number}_mean_{i}"] for i in range(width)]
        variances = row[f"o{number}_variances"].toArray() * (known - 1) / known  # Spark divides by n - 1
        covariances = np.diag(variances[:width])
        for (i, j), of_sum in zip(combinations(range(width), 2), variances[width:], strict=True):
            covariances[i, j] = covariances[j, i] = (of_sum - variances[i] - variances[j]) / 2
        joint = JointMoments.of(known, means, covariances.tolist())
    return OutcomeSums(row[f"o{number}_unknown"], row[f"o{number}_wrong"], joint)


def _column(name: str) -> Column:
    return F.col(quoted(name))


def merged(groups: Sequence[ArmGroup], name: str, *, width: int) -> OutcomeSums:
    """One outcome over several groups."""
    whole = OutcomeSums(0, 0, JointMoments.empty(width))
    for group in groups:
        whole = whole.merged(group.outcomes[name])
    return whole

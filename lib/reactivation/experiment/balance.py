"""Before the launch: do the sides of each comparison differ in covariates, or in outcomes of the month before?

A fair draw makes the sides alike. A difference that chance hardly gives says that the draw, a join or the eligibility
is broken, while it can still be mended. Nothing here withholds an effect.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from reactivation.contracts.derived import ALL_POLICIES, TOUCHES, policies_in
from reactivation.contracts.expression import condition
from reactivation.errors import Finding, SettingsError, nearest
from reactivation.experiment.contrasts import AFTER_MONTHS, Comparison, Contrast, Side, among
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import Estimate, compare, gain
from reactivation.statistics.means import Moments, difference
from reactivation.statistics.multiplicity import holm, p_of_interval
from reactivation.statistics.proportions import Share

COVARIATE, PRE_PERIOD = "covariate", "pre_period"
_DIGITS = 9
_EMPTY = Moments(0, 0.0, 0.0)
Parts = Mapping[str, Moments]
Row = dict[str, Any]


def require_numbers(features: DataFrame, scores: DataFrame, settings: ExperimentSettings) -> None:
    """SettingsError names every covariate, of the balance and of CUPED, that is no column of numbers."""
    numbers, scored = (
        [field.name for field in table.schema if isinstance(field.dataType, NumericType)]
        for table in (features, scores)
    )
    asked = {
        "experiment.balance.covariates": (settings.balance.covariates, numbers),
        "experiment.covariates": (settings.covariates, [*numbers, *scored]),
    }
    findings = [
        Finding("no number", f"{key}: {name}", nearest(name, known))
        for key, (names, known) in asked.items()
        for name in names
        if name not in known
    ]
    if findings:
        raise SettingsError("conf names covariates that are no numbers of `features` (CUPED: or `scores`)", findings)


def aggregate(arms: DataFrame, features: DataFrame, *, settings: ExperimentSettings) -> DataFrame:
    """Aggregate users to sums of every covariate and counts of every pre-period outcome, in one pass.

    Grain and key: policy, is_selected, touch; at most 18 rows, however many users. Who is in no cell is not counted.
    """
    conditions = {
        f"did_{name}": condition(features, metric.pre_period, key=f"experiment.metrics.{name}.pre_period")
        for name, metric in settings.metrics.items()
        if metric.pre_period is not None
    }
    known = {f"is_{name}": F.col(name).cast("double") for name in settings.balance.covariates}
    users = features.select("user_id", *[c.alias(name) for name, c in {**known, **conditions}.items()])
    drawn = arms.where(F.col("touch").isNotNull()).select("user_id", "policy", "is_selected", "touch")
    sums = [
        c
        for name in known
        for c in (
            F.count(name).alias(f"{name}_n"),
            F.sum(name).alias(f"{name}_total"),
            F.sum(F.col(name) * F.col(name)).alias(f"{name}_squares"),
        )
    ]
    counts = [F.count_if(name).alias(f"{name}_n") for name in conditions]
    placed = drawn.join(users, "user_id", "inner")
    return placed.groupBy("policy", "is_selected", "touch").agg(F.count("*").alias("users"), *sums, *counts)


def balance(
    rows: Iterable[Mapping[str, Any]], *, cycle: str, settings: ExperimentSettings, is_first_month: bool
) -> list[Row]:
    """Rows of `balance`: covariates per comparison, then an A/A analysis of each contrast on the month before.

    rows: of `aggregate`. is_first_month: the long holdout begins with this cycle; later its past is an effect, and
    `cumulative_touch` is left out. p-values are Holm's, over all covariates and over the whole A/A analysis.
    """
    known = list(rows)
    cells = {row["policy"] for row in known}
    contrasts = [c for c in among(cells) if c.kind == "causal" and (is_first_month or c.name != AFTER_MONTHS)]
    pairs = {f"arms_{policy}": _arms(policy) for policy in policies_in(cells)}
    pairs |= {c.name: (c.treatment, c.control) for c in contrasts if isinstance(c, Comparison)}
    found = [
        _covariate(name, sides, covariate, parts)
        for covariate in settings.balance.covariates
        for parts in [_parts(known, covariate)]
        for name, sides in pairs.items()
    ]
    before = [
        _pre_period(contrast, metric, _shares(known, metric), settings)
        for metric, asked in settings.metrics.items()
        if asked.pre_period is not None
        for contrast in contrasts
    ]
    return [{"cycle": cycle, **row} for part in (found, before) for row in _judged(part, settings)]


def warnings(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What should be looked into before the first wave: a sentence of the counts, and one per warning."""
    found = [f"{row['contrast']}, {row['covariate']}: {row['warning']}" for row in rows if row["warning"]]
    asked = {kind: sum(row["kind"] == kind for row in rows) for kind in (COVARIATE, PRE_PERIOD)}
    said = f"{asked[COVARIATE]} comparisons of covariates and {asked[PRE_PERIOD]} of the month before the launch"
    return [f"{said}: {len(found)} to look into", *found] if found else [f"{said}: nothing to look into"]


def standardised(treatment: Moments, control: Moments) -> float | None:
    """Difference of means in standard deviations of a user; None where nobody is known or nothing varies.

    References: Austin, Statistics in Medicine 28 (2009).

    >>> standardised(Moments(3, 6.0, 14.0), Moments(3, 9.0, 29.0))
    -1.0
    """
    if min(treatment.n, control.n) < 2:
        return None
    spread = sqrt((treatment.variance + control.variance) / 2)
    return float((treatment.mean - control.mean) / spread) if spread else None


def _arms(policy: str) -> tuple[Side, Side]:
    return Side((policy,), None, ("touched",)), Side((policy,), None, ("holdout",))


def _covariate(name: str, sides: tuple[Side, Side], covariate: str, parts: Parts) -> Row:
    treatment, control = (_merged(side, parts) for side in sides)
    can_vary = standardised(treatment, control) is not None
    effect = difference(treatment, control, alpha=0.05) if can_vary else None
    return {
        "kind": COVARIATE,
        "contrast": name,
        "covariate": covariate,
        "n_treatment": int(treatment.n),
        "n_control": int(control.n),
        "mean_treatment": _kept(treatment.mean) if treatment.n else None,
        "mean_control": _kept(control.mean) if control.n else None,
        "standardised_difference": _kept(standardised(treatment, control)),
        "p_value": _kept(None if effect is None else float(effect.p_value)),
    }


def _pre_period(contrast: Contrast, metric: str, parts: Parts, settings: ExperimentSettings) -> Row:
    """One contrast on the outcome of the month before the draw: an A/A comparison."""
    found = _estimate(contrast, parts, settings)
    return {
        "kind": PRE_PERIOD,
        "contrast": contrast.name,
        "covariate": metric,
        "n_treatment": found.n_treatment,
        "n_control": found.n_control,
        "mean_treatment": _kept(found.estimate_treatment),
        "mean_control": _kept(found.estimate_control),
        "standardised_difference": None,
        "p_value": _kept(_p_value(found, alpha=settings.alpha)),
    }


def _estimate(contrast: Contrast, parts: Parts, settings: ExperimentSettings) -> Estimate:
    if isinstance(contrast, Comparison):
        sides = (_merged(side, parts) for side in contrast.sides)
        first, second = (Share(side.total, side.n) for side in sides)
        return compare(first, second, alpha=settings.alpha, minimum_events=settings.minimum_expected_events)
    return gain(*(_estimate(part, parts, settings) for part in (contrast.treatment, contrast.control)))


def _p_value(found: Estimate, *, alpha: float) -> float | None:
    """The estimate's own p-value; for a difference of differences the one that follows from its interval's width."""
    if found.p_value is not None or found.difference is None or found.half_width is None:
        return found.p_value
    return p_of_interval(found.difference, found.half_width, alpha=alpha)


def _judged(rows: Sequence[Row], settings: ExperimentSettings) -> Iterator[Row]:
    """Add the adjusted p-values, and the warning where a bound is passed."""
    bounds = settings.balance
    for row, p in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
        apart, said = row["standardised_difference"], []
        if apart is not None and abs(apart) > bounds.standardised_difference:
            said.append(f"{apart:+.3f} standard deviations apart, more than {bounds.standardised_difference:g}")
        if p is not None and p < bounds.p:
            said.append(f"chance hardly gives this (p = {p:.2g}, adjusted for {len(rows)} questions)")
        yield {**row, "p_adjusted": _kept(p), "warning": "; ".join(said) or None}


def _parts(rows: Iterable[Mapping[str, Any]], covariate: str) -> Parts:
    """Moments by the names that a side gives its groups: `model.selected.touched`, `rule.all.holdout`."""
    n, total, squares = (f"is_{covariate}_{part}" for part in ("n", "total", "squares"))
    return _by_key((row, Moments(row[n], row[total] or 0.0, row[squares] or 0.0)) for row in rows)


def _shares(rows: Iterable[Mapping[str, Any]], metric: str) -> Parts:
    return _by_key((row, Moments(row["users"], row[f"did_{metric}_n"], row[f"did_{metric}_n"])) for row in rows)


def _by_key(groups: Iterable[tuple[Mapping[str, Any], Moments]]) -> Parts:
    parts = ("selected", "unselected", "all")
    found = {f"{p}.{part}.{touch}": _EMPTY for p in ALL_POLICIES for part in parts for touch in TOUCHES}
    for row, moments in groups:
        for part in ("selected" if row["is_selected"] else "unselected", "all"):
            key = f"{row['policy']}.{part}.{row['touch']}"
            found[key] = found[key].merged(moments)
    return found


def _merged(side: Side, parts: Parts) -> Moments:
    whole = _EMPTY
    for key in side.size_keys:
        whole = whole.merged(parts[key])
    return whole


def _kept(value: float | None) -> float | None:
    """The value to nine digits. Further digits depend on the order in which a cluster adds up doubles."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")

"""All that a version's card tells of its quality, as plain numbers: what its run keeps and its pictures show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model import card_sample
from reactivation.model.card_sample import Sample
from reactivation.model.card_settings import BoundSettings, CardSettings
from reactivation.model.drift import SCORE, drift
from reactivation.model.group_figures import group_figures
from reactivation.model.reasons import mean_contributions
from reactivation.model.score_table import ScoreTable
from reactivation.model.settings import ModelSettings
from reactivation.model.trained import Trained
from reactivation.model.training import Training
from reactivation.statistics import ranking
from reactivation.statistics.ranking import ends
from reactivation.statistics.score_bins import ScoreBins, ks

FEW_MONTHS = 3


@dataclass(frozen=True)
class Review:
    """What was found of a version on the test month and beside it.

    performance: by population, `low_activity` and `everybody`. champion: the champion's area, and its log loss against
    the version's. benchmark, backtest, left_out, drift: see `rivals` and `drift`. groups: see `group_figures`.
    sample: share of the users and rows that benchmark, backtest, left_out and drift looked at. watched: the bounds of
    conf with the figure as it is now. findings: what a reviewer must know, in sentences. contributions: see
    `mean_contributions`; none where no reasons are asked for.
    """

    counts: ScoreTable
    performance: dict[str, dict[str, Any]]
    champion: dict[str, Any]
    benchmark: dict[str, Any]
    backtest: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    drift: list[dict[str, Any]]
    sample: dict[str, Any]
    watched: list[dict[str, Any]]
    findings: list[str]
    contributions: Sequence[dict[str, Any]] = ()

    @property
    def evidence(self) -> dict[str, Any]:
        """All but the counts, for `review.json`."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "counts"}

    @property
    def metrics(self) -> dict[str, float]:
        """Figures of the low-active under the names that MLflow's own evaluation and scikit-learn give them."""
        low, watched = self.performance.get("low_activity", {}), {row["figure"]: row["value"] for row in self.watched}
        named: dict[str, Any] = {
            "roc_auc": low.get("roc_auc"),
            "roc_auc_low": low.get("roc_auc_low"),
            "roc_auc_high": low.get("roc_auc_high"),
            "precision_recall_auc": low.get("average_precision"),
            "log_loss": low.get("log_loss"),
            "brier_score_loss": low.get("brier"),
            "ks_statistic": low.get("ks"),
            "example_count": low.get("users"),
            **{name: value for name, value in watched.items() if name != "calibration_slope"},
            "test_calibration_slope": watched.get("calibration_slope"),
        }
        return {name: float(value) for name, value in named.items() if value is not None}


def review(
    trained: Trained,
    examples: DataFrame,
    recent: DataFrame | None,
    *,
    training: Training,
    salt: str,
    settings: ModelSettings,
    card: CardSettings,
    top_share: float,
) -> Review:
    """Review a trained model by one query for the sample and one for reasons. It must have been counted for a card.

    examples: as in `train`. recent: features of the cycle's own month and the one before, None where there are none.
    top_share: share of the users whom a month selects.
    """
    months = training.months
    used = sum(trained.rows.values()) / trained.sample_share
    share = card_sample.share_of(training_rows=used, months=months, at_most=card.sample_rows)
    sample = card_sample.sample(
        examples, recent, fitted=trained.fitted, months=months, cycle=training.cycle, share=share, salt=salt
    )
    contributions: Sequence[dict[str, Any]] = ()
    if settings.reasons:
        tested = examples.where((F.col("cycle") == str(months.test)) & F.col("is_low_activity"))
        contributions = mean_contributions(
            trained.fitted.model, tested.select("cycle", "user_id", *trained.fitted.features)
        )
    how: dict[str, Any] = {"settings": settings, "card": card, "top_share": top_share}
    return of_sample(trained, sample, contributions=contributions, **how)


def of_sample(
    trained: Trained,
    sample: Sample,
    *,
    settings: ModelSettings,
    card: CardSettings,
    top_share: float,
    contributions: Sequence[dict[str, Any]] = (),
) -> Review:
    """The same from a sample that is there: no query."""
    assert trained.counts is not None
    confidence = settings.gate.confidence
    from reactivation.model import rivals  # noqa: PLC0415  (training alone needs scikit-learn and xgboost: a second)

    names = rivals.number_features(sample, list(trained.fitted.importances), card.benchmark_features)
    performance = {
        name: figures(bins, confidence=confidence)
        for name, bins in (("low_activity", trained.counts.low), ("everybody", trained.counts.everybody))
        if bins is not None
    }
    benchmark = rivals.benchmark(sample, names, confidence=confidence) if card.benchmark_features else {}
    moved = drift(sample)
    groups = group_figures(trained.counts, card=card, confidence=confidence, top_share=top_share)
    refits = rivals.Refits(sample, settings)
    backtest = rivals.backtest(refits, months=card.backtest_months)
    champion = _champion(trained, confidence)
    watched = _watched(card.monitoring, performance, moved, benchmark, champion)
    return Review(
        counts=trained.counts,
        performance=performance,
        champion=champion,
        benchmark=benchmark,
        backtest=backtest,
        left_out=rivals.left_out(refits, sensitive=card.sensitive) if card.leave_out else [],
        groups=groups,
        drift=moved,
        sample={"share_of_users": sample.share, "rows": len(sample.rows), "newest_month": sample.recent[0]},
        watched=watched,
        findings=_findings(trained, card, groups=groups, watched=watched, backtest=backtest),
        contributions=contributions,
    )


def figures(bins: ScoreBins, *, confidence: float) -> dict[str, Any]:
    """Figures of one population; those that cannot be had are None.

    roc_auc_ties: the most by which the bins can have moved the area. log_loss_against_own_base_rate: log loss less that
    of the month's own base rate, which nobody knows before; below 0 is better. skill: the same as a share of it.
    """
    area, rate = ranking.area(bins, confidence=confidence), ranking.base_rate(bins, confidence=confidence)
    line = ranking.calibration(bins, confidence=confidence)
    loss = ranking.log_loss(bins, confidence=confidence)
    own = ranking.log_loss(bins, confidence=confidence, against=rate.value) if rate else None
    found: dict[str, Any] = {"users": int(bins.users.sum()), "events": int(bins.events.sum())}
    found |= ends("base_rate", rate)
    found |= ends("roc_auc", area)
    found |= {"roc_auc_ties": area.ties if area else None, "ks": ks(bins) if bins.has_both else None}
    found |= ends("average_precision", ranking.average_precision(bins, confidence=confidence))
    found |= ends("log_loss", loss) | ends("brier", ranking.brier(bins, confidence=confidence))
    found |= ends("calibration_intercept", line[0] if line else None)
    found |= ends("calibration_slope", line[1] if line else None)
    found |= ends("log_loss_against_own_base_rate", own)
    is_known = own is not None and loss is not None and loss.value > own.value
    found["skill"] = -own.value / (loss.value - own.value) if is_known and own and loss else None
    return found


def _champion(trained: Trained, confidence: float) -> dict[str, Any]:
    if trained.champion_version is None:
        return {}
    bins, loss = trained.counts.champion if trained.counts else None, trained.against_champion
    area = ranking.area(bins, confidence=confidence) if bins is not None else None
    found = {"version": trained.champion_version, **ends("roc_auc", area)}
    if loss is not None:
        found |= {"log_loss_difference": loss.mean, "log_loss_low": loss.low, "log_loss_high": loss.high}
    return found


def _watched(
    bounds: tuple[BoundSettings, ...],
    performance: Mapping[str, Mapping[str, Any]],
    moved: list[dict[str, Any]],
    benchmark: Mapping[str, Any],
    champion: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The bounds of conf, each with the figure as it is now; `is_passed` is None where the figure is not known."""
    low = performance.get("low_activity", {})
    indices = {row["feature"]: row["psi_training"] for row in moved}
    of_features = {name: index for name, index in indices.items() if name != SCORE and index is not None}
    largest = max(of_features, key=lambda name: of_features[name], default=None)
    now = {
        "score_psi": indices.get(SCORE),
        "largest_feature_psi": of_features[largest] if largest else None,
        "calibration_slope": low.get("calibration_slope"),
        "roc_auc_against_benchmark": benchmark.get("roc_auc_difference"),
        "log_loss_against_own_base_rate": low.get("log_loss_against_own_base_rate"),
        "log_loss_against_champion": champion.get("log_loss_difference"),
    }
    return [
        {
            "figure": bound.figure,
            "value": (value := now[bound.figure]),
            "of": largest if bound.figure == "largest_feature_psi" else None,
            "bound": bound.text,
            "is_passed": None if value is None else bound.is_passed(value),
            "action": bound.action,
            "reason": bound.reason,
        }
        for bound in bounds
    ]


def _findings(
    trained: Trained,
    card: CardSettings,
    *,
    groups: list[dict[str, Any]],
    watched: list[dict[str, Any]],
    backtest: list[dict[str, Any]],
) -> list[str]:
    known = [row for row in backtest if "roc_auc" in row]
    found, flagged = list(card.open_findings), [row for row in groups if row["flag"]]
    if card.unanswered:
        found.append(f"model_card does not name {', '.join(card.unanswered)}")
    for row in watched:
        if row["is_passed"]:
            of = f" ({row['of']})" if row["of"] else ""
            found.append(f"{row['figure']}{of} is {row['value']:.3g}, {row['bound']}: {row['action']}")
    if flagged:
        names = ", ".join(f"{row['dimension']} {row['group']}" for row in flagged)
        found.append(f"differ from all others: {names}")
    if len(known) < FEW_MONTHS:
        found.append(f"the backtest has {len(known)} of {FEW_MONTHS} months: no more are known, or conf asks for fewer")
    if trained.counts is not None:
        found += [f"no figures by {name}: its column is not there" for name in trained.counts.missing]
    return found

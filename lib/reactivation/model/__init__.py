"""Examples, fit, calibrate, evaluate, gate, score: two models of what a low-active user will do in a month."""

from reactivation.model.comparison import Comparison, compare
from reactivation.model.evaluate import METRICS, POPULATIONS, Quality, quality
from reactivation.model.examples import TARGETS, Months, examples, feature_names, fingerprint, months, weighed
from reactivation.model.gate import Gate, holds_against_champion, interval
from reactivation.model.pipeline import Fitted
from reactivation.model.reasons import explained, mean_contributions
from reactivation.model.score import Scorer, score, score_users
from reactivation.model.settings import ModelSettings
from reactivation.model.train import Trained, qualities, train
from reactivation.model.training import Training

__all__ = [
    "METRICS",
    "POPULATIONS",
    "TARGETS",
    "Comparison",
    "Fitted",
    "Gate",
    "ModelSettings",
    "Months",
    "Quality",
    "Scorer",
    "Trained",
    "Training",
    "compare",
    "examples",
    "explained",
    "feature_names",
    "fingerprint",
    "holds_against_champion",
    "interval",
    "mean_contributions",
    "months",
    "qualities",
    "quality",
    "score",
    "score_users",
    "train",
    "weighed",
]

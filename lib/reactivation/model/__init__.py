"""Examples, fit, calibrate, evaluate, gate, score: two models of what a low-active user will do in a month."""

from reactivation.model.evaluate import METRICS, POPULATIONS, Quality, quality
from reactivation.model.examples import TARGETS, Months, examples, feature_names, fingerprint, months, weighed
from reactivation.model.gate import Gate
from reactivation.model.pipeline import Fitted
from reactivation.model.score import Scorer, score, score_users
from reactivation.model.settings import ModelSettings
from reactivation.model.train import Trained, qualities, train
from reactivation.model.training import Training

__all__ = [
    "METRICS",
    "POPULATIONS",
    "TARGETS",
    "Fitted",
    "Gate",
    "ModelSettings",
    "Months",
    "Quality",
    "Scorer",
    "Trained",
    "Training",
    "examples",
    "feature_names",
    "fingerprint",
    "months",
    "qualities",
    "quality",
    "score",
    "score_users",
    "train",
    "weighed",
]

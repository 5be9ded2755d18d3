"""Examples, fit, calibrate, evaluate, gate, score: two models of what a low-active user will do in a month."""

from reactivation.model import card
from reactivation.model.card import Surroundings
from reactivation.model.card_settings import CardSettings
from reactivation.model.comparison import Comparison, compare
from reactivation.model.evaluate import METRICS, POPULATIONS, Quality, quality
from reactivation.model.examples import TARGETS, Months, examples, feature_names, fingerprint, months, weighed
from reactivation.model.feasibility import feasibility
from reactivation.model.gate import Gate, Recipe, holds_against_champion, interval
from reactivation.model.lift_fit import FittedLift
from reactivation.model.lift_rows import LIFTS, NAMES, OPTION, OPTION_LIFT, month_lift, of_one_draw, option_lift
from reactivation.model.lift_train import TrainedLift, train_lift
from reactivation.model.pipeline import Fitted
from reactivation.model.populations import qualities
from reactivation.model.reasons import explained, mean_contributions
from reactivation.model.review import Review, review
from reactivation.model.score import Scorer, lifts, score, score_users
from reactivation.model.score_table import card_facts
from reactivation.model.settings import ModelSettings
from reactivation.model.train import train
from reactivation.model.trained import LEARNT_UNTIL, Trained
from reactivation.model.training import Training

__all__ = [
    "LEARNT_UNTIL",
    "LIFTS",
    "METRICS",
    "NAMES",
    "OPTION",
    "OPTION_LIFT",
    "POPULATIONS",
    "TARGETS",
    "CardSettings",
    "Comparison",
    "Fitted",
    "FittedLift",
    "Gate",
    "ModelSettings",
    "Months",
    "Quality",
    "Recipe",
    "Review",
    "Scorer",
    "Surroundings",
    "Trained",
    "TrainedLift",
    "Training",
    "card",
    "card_facts",
    "compare",
    "examples",
    "explained",
    "feasibility",
    "feature_names",
    "fingerprint",
    "holds_against_champion",
    "interval",
    "lifts",
    "mean_contributions",
    "month_lift",
    "months",
    "of_one_draw",
    "option_lift",
    "qualities",
    "quality",
    "review",
    "score",
    "score_users",
    "train",
    "train_lift",
    "weighed",
]

"""A trained model and all that its gate, its ledger and its card stand on."""

from dataclasses import dataclass
from typing import Any

from reactivation.model.evaluate import Quality
from reactivation.model.gate import Gate
from reactivation.model.paired import LossDifference
from reactivation.model.pipeline import Fitted
from reactivation.model.score_table import ScoreTable
from reactivation.periods import Month

LEARNT_UNTIL = "refit_until"
"""Tag of a version that is a refit: the newest month it has learnt from, on which its figures are not its own."""


@dataclass(frozen=True)
class Trained:
    """A fitted model with all that the gate stands on.

    rows: training rows by use. sample_share: share of the users that were used. base_rate: share of label 1 among the
    low-active rows of the training months, weighted as the training is. quality: on the test month, by population.
    counts: its users by group and score, where a card was asked for. refitted: the same recipe on `refit_months`, the
    test month among them, where conf asks for it and the gate was passed; nothing of it is judged.
    """

    fitted: Fitted
    rows: dict[str, int]
    sample_share: float
    base_rate: float
    quality: dict[str, Quality]
    against_base_rate: LossDifference
    against_champion: LossDifference | None
    champion_version: str | None
    gate: Gate
    notes: tuple[str, ...]
    counts: ScoreTable | None = None
    refitted: Fitted | None = None
    refit_months: tuple[Month, ...] = ()

    @property
    def served(self) -> Fitted:
        """The fit that scores users."""
        return self.refitted or self.fitted

    @property
    def tags(self) -> dict[str, str]:
        """What the version's tags say of gate and refit."""
        refit = {LEARNT_UNTIL: str(self.refit_months[-1])} if self.refitted else {}
        return {**self.gate.tags, **refit}

    @property
    def evidence(self) -> dict[str, Any]:
        """What the decision stands on, as plain values for the ledger."""
        figures = {name: q.figures | ({"reason": q.reason} if q.reason else {}) for name, q in self.quality.items()}
        return {
            "test": figures,
            "rows": self.rows,
            "base_rate_train": self.base_rate,
            "calibration_slope": self.fitted.slope,
            "log_loss_against_base_rate": self.against_base_rate._asdict(),
            "log_loss_against_champion": self.against_champion._asdict() if self.against_champion else None,
            "champion_version": self.champion_version,
            "notes": list(self.notes),
            **({"refit_months": [str(month) for month in self.refit_months]} if self.refitted else {}),
        }

    @property
    def metrics(self) -> dict[str, float]:
        """All figures that are there, by flat names such as `low_activity_auc`."""
        figures = {f"{group}_{name}": value for group, q in self.quality.items() for name, value in q.figures.items()}
        others: dict[str, float | None] = {
            "sample_share": self.sample_share,
            "trees": self.fitted.trees,
            "calibration_slope": self.fitted.slope,
            "calibration_intercept": self.fitted.intercept,
            "base_rate_train": self.base_rate,
            **{f"rows_{use}": count for use, count in self.rows.items()},
        }
        for name, paired in (("base_rate", self.against_base_rate), ("champion", self.against_champion)):
            if paired is not None:
                ends = {"mean": paired.mean, "low": paired.low, "high": paired.high}
                others |= {f"log_loss_against_{name}_{end}": value for end, value in ends.items()}
        return {name: float(value) for name, value in {**figures, **others}.items() if value is not None}

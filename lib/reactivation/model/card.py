"""A version's card: what MLflow's page of it says, in Markdown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from reactivation.model.card_settings import CardSettings
from reactivation.model.paired import LossDifference
from reactivation.model.review import Review
from reactivation.model.settings import ModelSettings
from reactivation.model.trained import Trained
from reactivation.model.training import Training

LONGEST = 5_000
"""Characters that MLflow's databases keep of a description."""
_LINES = (
    ("base_rate", "share with the outcome"),
    ("roc_auc", "ROC AUC"),
    ("average_precision", "average precision"),
    ("log_loss", "log loss, nats"),
    ("brier", "Brier score"),
    ("calibration_slope", "calibration slope"),
    ("calibration_intercept", "calibration intercept"),
)


@dataclass(frozen=True)
class Surroundings:
    """What a card says beside the figures.

    low_activity, label: conditions of conf, in words or SQL. common: arguments of all commands. back: how to return to
    what is live now, where anything is (has_champion). top_share: share of the users whom a month selects.
    """

    target: str
    low_activity: str
    label: str
    common: str
    back: str
    has_champion: bool
    code_version: str
    top_share: float


def render(
    trained: Trained,
    review: Review,
    *,
    training: Training,
    settings: ModelSettings,
    card: CardSettings,
    around: Surroundings,
    is_whole: bool,
) -> str:
    """The card. is_whole: with all groups and features; else what MLflow keeps, at most `LONGEST` characters."""
    page = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    page.filters |= {
        "shown": _shown,
        "signed": _signed,
        "percent": _percent,
        "ends": _ends,
        "paired": _paired,
        "cell": _cell,
    }
    template = files("reactivation.model").joinpath("card.md.j2").read_text(encoding="utf-8")
    empty = {"users": 0, "events": 0, "roc_auc_ties": None}
    text = page.from_string(template).render(
        **{
            name: getattr(review, name) for name in review.__dataclass_fields__ if name not in ("counts", "performance")
        },
        low=review.performance.get("low_activity", empty),
        everybody=review.performance.get("everybody", empty),
        dimensions=list(dict.fromkeys(row["dimension"] for row in review.groups)),
        flagged=[row for row in review.groups if row["flag"]],
        unflagged=[row for row in review.groups if row["flag"] is None],
        lines=_LINES,
        gate=trained.gate,
        gate_settings=settings.gate,
        rows=trained.rows,
        sample_share=trained.sample_share,
        base_rate=trained.base_rate,
        against_base_rate=trained.against_base_rate,
        against_champion=trained.against_champion,
        confidence=f"{100 * settings.gate.confidence:g} %",
        is_of_all=settings.train_population == "signed_up",
        excluded=settings.excluded_features,
        months=training.months,
        review_by=(training.cycle + card.review_months).first.isoformat(),
        purpose=card.purpose.get(around.target, f"It foretells {around.target}."),
        card=card,
        low_activity=around.low_activity,
        label=around.label,
        commands={"common": around.common, "back": around.back},
        has_champion=around.has_champion,
        top_share=around.top_share,
        code_version=around.code_version,
        is_whole=is_whole,
        most=10_000 if is_whole else 6,
    )
    plain = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    return plain if is_whole else _cut(plain)


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    end = "\n\n… cut here: MLflow keeps no more. The whole card is card.md of the run.\n"
    kept = text[: LONGEST - len(end)]
    return kept[: kept.rindex("\n")] + end


def _cell(text: str) -> str:
    """A bank's own word inside a table."""
    return text.replace("|", "/").replace("<", "&lt;").replace("\n", " ")


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _ends(row: Mapping[str, Any], name: str) -> str:
    """A figure with its interval; a difference has a sign."""
    value, low, high = (row.get(part) for part in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return "–"
    write = _signed if any(word in name for word in ("difference", "against", "cost", "intercept")) else _shown
    if low is None or high is None:
        return write(value)
    return f"{write(value)} ({write(low)}{'–' if write is _shown else ' to '}{write(high)})"


def _paired(loss: LossDifference | None) -> str:
    if loss is None or loss.mean is None:
        return "–"
    return _ends({"difference": loss.mean, "difference_low": loss.low, "difference_high": loss.high}, "difference")

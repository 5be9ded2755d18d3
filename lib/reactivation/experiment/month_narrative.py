"""What the report says beside the contrasts: the programme's own figures, guardrails, cost, and checks that failed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactivation.experiment.formatting import as_sentence
from reactivation.experiment.primary_estimator import ALL
from reactivation.experiment.secondary_estimates import COST
from reactivation.statistics.estimates import whole

Row = Mapping[str, Any]

CLAIMED = {"login": 2.5, "transaction": 3.2}
"""By metric: how many times as many of the model's campaign group the programme names, against the random group."""

_WHO = {"pick_model_vs_random": "users picked at random", "pick_model_vs_rule": "those of the bank's rule"}


def programme(rows: Sequence[Row], metric: str, *, alpha: float) -> list[str]:
    """The programme's headline figures as this month has them: they describe, and prove nothing of the campaign.

    Of the primary metric, and of the others that the programme names. Unadjusted, whatever the headline: they are
    counts of users.
    """
    found = {(row["metric"], row["contrast"]): row for row in rows if row["segment"] == ALL}
    touch = found.get((metric, "touch_model"))
    sentences = []
    if touch is not None and touch["estimate_treatment"] is not None:
        sentences.append(
            f"{metric}: {touch['estimate_treatment']:.1%} of the {whole(touch['n_treatment'])} users whom the model "
            f"picked and who were open to contact; {touch['estimate_control']:.1%} of its picks that were held out."
        )
    named = dict.fromkeys((metric, *CLAIMED))
    asked = [(one, who) for who in _WHO for one in named if who == "pick_model_vs_random" or one == metric]
    return sentences + [_against(found[pair], alpha=alpha) for pair in asked if pair in found]


def _against(row: Row, *, alpha: float) -> str:
    metric, who = row["metric"], _WHO[row["contrast"]]
    if row["ratio"] is None:
        return f"{metric} against {who}: cannot be said. {as_sentence(row['reason'] or row['status'])}"
    high = "no upper end" if row["ratio_high"] is None else f"{row['ratio_high']:.2f}"
    is_named = row["contrast"] == "pick_model_vs_random" and metric in CLAIMED
    claimed = f"; the programme names {CLAIMED[metric]:g}" if is_named else ""
    return (
        f"{metric}: {row['ratio']:.2f} times as many of the model's picks as of {who} "
        f"({100 * (1 - alpha):.4g}% interval {row['ratio_low']:.2f} to {high}{claimed}). "
        "This tells who they are and what moved them, together."
    )


def guardrails_told(checks: Iterable[Row]) -> list[str]:
    """Each guardrail, and whether all of a cell's hold."""
    return [f"{row['says']}." for row in checks if row["check"] in ("guardrail", "all_guardrails")]


def costs_told(rows: Iterable[Row]) -> list[str]:
    """Cost per incremental active user in each cell: contacts and redeemed benefits."""
    return [f"{row['contrast']}: {row['reason']}." for row in rows if row["metric"] == COST]


def failed(checks: Sequence[Row]) -> list[str]:
    """How many checks were made, and every one that did not hold."""
    wrong = [row for row in checks if row["verdict"] != "holds"]
    made = f"{len(checks)} checks were made, {len(checks) - len(wrong)} of them hold."
    return [made, *(f"{row['verdict'].capitalize()}, {row['check']}: {row['says']}." for row in wrong)]

"""A month in words: the programme's own figures, the contrasts, guardrails, cost, targeting, and checks that failed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactivation.contracts.derived import ALL_POLICIES
from reactivation.experiment import challenger
from reactivation.experiment.analysis import Answers
from reactivation.experiment.contrasts import CAUSAL
from reactivation.experiment.families import PROVEN, SAID_ONCE, in_order
from reactivation.experiment.formatting import MONTH, as_sentence, with_interval
from reactivation.experiment.narrative import Narrative, cannot_see, narratives
from reactivation.experiment.primary_estimator import ALL, COST, NET_GAIN, is_told_first
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import whole
from reactivation.statistics.uplift_curves import RANDOM

Row = Mapping[str, Any]

CLAIMED = {"login": 2.5, "transaction": 3.2}
"""By metric: how many times as many of the model's campaign group the programme names, against the random group."""

_CAUSAL = {contrast.name for contrast in CAUSAL}
_WHO = {"pick_model_vs_random": "users picked at random", "pick_model_vs_rule": "those of the bank's rule"}


def chapters(found: Answers, *, metrics: Sequence[str], settings: ExperimentSettings) -> list[Narrative]:
    """The month in words, the programme's own figures first and what the month cannot tell last.

    metrics: those that are told contrast by contrast; the programme's figures are of the primary one.
    """
    alpha, own_unit, primary = found.alpha, tuple(settings.means), settings.primary_metric
    judged = challenger.of_month(found.readout, settings)
    whole_policy = "a whole policy in a cell of its own, at equal allotted spend, over a settled month"
    return [
        Narrative("The programme's figures", "", tuple(programme(found.readout, primary, alpha=alpha))),
        Narrative("The questions, in their order", "", tuple(questions_told(found.readout, settings, alpha=alpha))),
        *narratives(found.readout, metrics, alpha=alpha, means=own_unit),
        *([Narrative("The challenger", whole_policy, (challenger.told(judged),))] if judged else []),
        Narrative("Net gain", "", tuple(net_gains_told(found.readout))),
        Narrative("Guardrails", "", tuple(guardrails_told(found.checks))),
        Narrative("Cost per incremental active user", "", tuple(costs_told(found.readout))),
        Narrative(
            "Who can be moved",
            "exploratory, each figure at its own level",
            tuple(targeting_told(found.targeting, primary, alpha=alpha)),
        ),
        Narrative("Checks", "", tuple(failed(found.checks))),
        Narrative("What this month cannot tell", "", tuple(cannot_see(found.readout))),
    ]


def questions_told(rows: Sequence[Row], settings: ExperimentSettings, *, alpha: float) -> list[str]:
    """The registered order: what is proven, where it ends, and that everything else is exploratory."""
    if not settings.sequence:
        return []
    sentences, is_open = [], True
    for number, (question, row) in enumerate(in_order(rows, settings), start=1):
        name = f"{number}. {question.contrast} on {question.metric}"
        if row is None or not is_open:
            why = "was not read out" if row is None else "not tested: an earlier question is not proven"
            word = "" if row is None or row["verdict"] is None else f"; {row['verdict']}"
            sentences.append(f"{name}: {why}{word}.")
            is_open = False
            continue
        seen = ""
        if row["difference"] is not None:
            is_rate = question.metric not in settings.means
            seen = f", {with_interval(row, MONTH, alpha=alpha, is_rate=is_rate)}"
        sentences.append(f"{name}: {row['verdict']}{seen}.")
        is_open = row["verdict"] in PROVEN
    rest = "everything else, guardrails apart, is exploratory: it gives hints for the next month, and proves nothing"
    once = sorted({row["metric"] for row in rows if row["family"] == SAID_ONCE})
    same = [f"{name} is the same as {settings.primary_metric} for every user, and told there once." for name in once]
    return [*sentences, f"Each is tested at full level until the first that is not proven; {rest}.", *same]


def net_gains_told(rows: Iterable[Row]) -> list[str]:
    """What each policy nets per user more than another, at the registered value of an active user and at others."""
    told = []
    for row in rows:
        if row["metric"] == NET_GAIN:
            start = f"{row['contrast']}, {row['reason']}"
            if row["difference"] is None:
                told.append(f"{row['contrast']}: not shown. {as_sentence(row['reason'])}")
                continue
            ends = f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}"
            level = f"{100 * (1 - row['alpha']):.4g}% interval"
            told.append(f"{start}: {row['difference']:+.3f} per user ({level} {ends}).")
    return list(dict.fromkeys(told))


def forest(readout: Sequence[Row], metric: str) -> list[dict[str, Any]]:
    """The causal contrasts on a metric that is a share, by the registered estimator; contrast, points and its ends."""
    names = ("difference", "difference_low", "difference_high")
    told = [
        row for row in readout if row["metric"] == metric and is_told_first(row, is_causal=row["contrast"] in _CAUSAL)
    ]
    return [
        {
            "contrast": row["contrast"],
            **{
                name: None if row[of] is None else 100 * row[of]
                for name, of in zip(("points", "low", "high"), names, strict=True)
            },
        }
        for row in told
        if row["contrast"] in _CAUSAL
    ]


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


def targeting_told(rows: Sequence[Row], metric: str, *, alpha: float) -> list[str]:
    """What the rankings are worth on one metric, in sentences."""
    mine = [row for row in rows if row["metric"] == metric]
    by_part = {(row["ranking"], row["part"]): row for row in mine}
    sentences = []
    for name in dict.fromkeys(row["ranking"] for row in mine if row["part"] == "qini" and row["ranking"] != RANDOM):
        qini, value, better = (by_part.get((name, part)) for part in ("qini", "value", "better"))
        if qini is None or value is None or better is None or qini["status"] != "estimated":
            why = qini["reason"] if qini else "there are no rows"
            sentences.append(f"{name}: cannot be judged on {metric}. {str(why).capitalize()}.")
            continue
        users = whole(qini["n_treatment"] + qini["n_control"])
        finds = "is not shown to find users who can be moved better"
        if qini["low"] > 0 or qini["high"] < 0:
            finds = f"finds users who can be moved {'better' if qini['low'] > 0 else 'worse'}"
        sentences.append(
            f"{name} {finds} than a random choice does, judged on {metric} by {users} users: Qini {_points(qini)}. "
            f"Touching the first {value['share_touched']:.0%} gains {_points(value)} of all users, {_points(better)} "
            f"more than a random choice of as many ({100 * (1 - alpha):.4g}% intervals)."
        )
    for policy in ALL_POLICIES:
        value = by_part.get((f"policy {policy}", "value"))
        if value is not None and value["status"] == "estimated":
            users = f"with the {value['share_touched']:.0%} of users that it picks"
            sentences.append(f"The policy {policy} gains {_points(value)} of all users {users}.")
    return sentences


def _points(row: Row) -> str:
    point, low, high = (f"{100 * row[name]:+.2f}" for name in ("estimate", "low", "high"))
    return f"{point} points ({low} to {high})"

"""The month's answers in a sentence each, with a light: for the screen with which a month ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reactivation.experiment.contrasts import GUARDED
from reactivation.experiment.formatting import MONTH, as_sentence, signed
from reactivation.experiment.narrative import cannot_see
from reactivation.experiment.primary_estimator import ALL, COST, SEGMENTS
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics import verdicts

Row = Mapping[str, Any]
_GUARDS = ("guardrail", "all_guardrails")
_LIGHTS = {
    verdicts.BETTER: "green",
    verdicts.BETTER_BUT_SMALL: "amber",
    verdicts.SAME: "amber",
    verdicts.WORSE: "red",
    verdicts.WITHHELD: "red",
}
_QUESTIONS = {
    "touch_model": "Did the campaign move anybody?",
    "policy_model_vs_rule": "Did the model choose better than the rule?",
}


@dataclass(frozen=True)
class Answer:
    """light: green, amber, red, or grey where it is not known. number, interval: as people write them, or None."""

    light: str
    question: str
    sentence: str
    number: str | None = None
    interval: str | None = None

    @property
    def word(self) -> str:
        """The light in a word."""
        return {"green": "good", "amber": "look", "red": "bad", "grey": "not known"}[self.light]


def answers(readout: Sequence[Row], checks: Sequence[Row], settings: ExperimentSettings) -> list[Answer]:
    """What was found of the registered questions, what it cost, whether it harmed and can be read; empty: no read-out.

    readout, checks: rows of one cycle.
    """
    return [*_asked(readout, settings), *_cost(readout), _harm(checks), _valid(checks)] if readout else []


def _asked(readout: Sequence[Row], settings: ExperimentSettings) -> Iterator[Answer]:
    rows = {(row["contrast"], row["metric"], row["segment"]): row for row in readout}
    for contrast, question in _QUESTIONS.items():
        row = rows.get((contrast, settings.primary_metric, SEGMENTS[settings.headline]))
        if row is None:
            yield Answer("grey", question, "It was not asked.")
            continue
        told = as_sentence(row["reason"] or row["verdict"] or row["status"].replace("_", " "))
        if row["difference"] is None:
            yield Answer("red" if row["status"] == "withheld" else "grey", question, f"Not shown. {told}")
            continue
        sides = (f"{row[f'estimate_{side}']:.1%}" for side in ("treatment", "control"))
        ends = (signed(row[f"difference_{end}"], MONTH, is_rate=True) for end in ("low", "high"))
        said = f"{settings.primary_metric}: {' against '.join(sides)}. {told}"
        number = signed(row["difference"], MONTH, is_rate=True, unit=True)
        yield Answer(_LIGHTS.get(row["verdict"], "grey"), question, said, number, " to ".join(ends))


def _cost(readout: Sequence[Row]) -> Iterator[Answer]:
    for row in readout:
        if (row["contrast"], row["metric"], row["segment"]) == ("touch_model", COST, ALL):
            light = "grey" if row["ratio"] is None else "amber" if row["ratio_high"] is None else "green"
            yield Answer(light, "What did one more active user cost?", as_sentence(row["reason"]))


def _harm(checks: Sequence[Row]) -> Answer:
    of_model = [
        row for row in checks if row["check"] == "guardrail" and str(row["subject"]).startswith(GUARDED[0].name)
    ]
    found = of_model or [row for row in checks if row["check"] == "guardrail"]
    words = [row["verdict"] for row in found]
    light = "red" if "broken" in words else "green" if found and set(words) == {"holds"} else "amber"
    return Answer(light if found else "grey", "Did it harm?", " ".join(as_sentence(row["says"]) for row in found[:1]))


def _valid(checks: Sequence[Row]) -> Answer:
    made = [row for row in checks if row["check"] not in _GUARDS]
    wrong = sorted((row for row in made if row["verdict"] != "holds"), key=lambda row: row["verdict"] != "withholds")
    light = "green" if not wrong else "red" if wrong[0]["verdict"] == "withholds" else "amber"
    first = (
        f" {wrong[0]['verdict'].capitalize()}, {wrong[0]['check']}: {as_sentence(wrong[0]['says'])}" if wrong else ""
    )
    said = f"{len(made) - len(wrong)} of {len(made)} checks hold.{first}"
    return Answer(light if made else "grey", "Is the comparison valid?", said)


def money(committed: Decimal, *, worst: Decimal, approved: Decimal | None) -> Answer:
    """What the month's releases commit, against what was approved. worst: if every benefit is redeemed."""
    of = "nothing was approved" if approved is None else f"of {approved:,.0f} approved".replace(",", " ")
    light = (
        "grey" if approved is None else "green" if worst <= approved else "amber" if committed <= approved else "red"
    )
    said = f"{committed:,.2f} committed by released waves, {of}; {worst:,.2f} if every benefit is redeemed."
    return Answer(light, "Is there money left?", said.replace(",", " "))


def unknown(readout: Sequence[Row]) -> str:
    """The first of what the month cannot tell, and how many more of them there are."""
    lines = cannot_see(readout)
    more = f" … and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"What the month cannot tell: {lines[0]}{more}" if lines else ""

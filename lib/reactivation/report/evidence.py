"""How a row of the read-out is to be taken: its state, its light, and how many users would tell what it cannot."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from reactivation.report.facts import Facts
from reactivation.report.words import Words
from reactivation.statistics import verdicts
from reactivation.statistics.said import SEVERAL

Row = Mapping[str, Any]
Light = Literal["green", "amber", "red", "grey"]
State = Literal["better", "small", "same", "worse", "open", "hint", "unknown", "withheld", "absent"]

ALL, COST, NET_GAIN = "all", "cost_per_active", "net_gain"
"""Values of `readout`: the segment of all users, and the metrics of prices."""
_STATES: Mapping[str, State] = {
    verdicts.BETTER: "better",
    verdicts.BETTER_BUT_SMALL: "small",
    verdicts.SAME: "same",
    verdicts.WORSE: "worse",
    verdicts.INCONCLUSIVE: "open",
    verdicts.NOT_ESTIMABLE: "unknown",
    verdicts.WITHHELD: "withheld",
    verdicts.HINTS[verdicts.BETTER]: "hint",
    verdicts.HINTS[verdicts.BETTER_BUT_SMALL]: "hint",
    verdicts.HINTS[verdicts.SAME]: "same",
    verdicts.HINTS[verdicts.WORSE]: "worse",
}
LIGHTS: Mapping[State, Light] = {
    "better": "green",
    "small": "amber",
    "same": "amber",
    "worse": "red",
    "withheld": "red",
    "open": "grey",
    "hint": "grey",
    "unknown": "grey",
    "absent": "grey",
}
"""The light of a state, before guardrails: green is proven in the registered order, grey is not known yet."""
_GUARDS: Mapping[str, Light] = {verdicts.SAME: "green", verdicts.INCONCLUSIVE: "amber", verdicts.WORSE: "red"}


def state_of(row: Row | None) -> State:
    """What a row of the read-out says; `absent` where there is none."""
    if row is None:
        return "absent"
    if row["status"] != "estimated":
        return "withheld" if row["status"] == "withheld" else "unknown"
    return _STATES.get(str(row["verdict"]), "open")


def worst(lights: Iterable[Light], *, of: Light) -> Light:
    """A light held down by others: what is proven is green only where these are; what is red stays red."""
    found = list(lights)
    if "red" in (of, *found):
        return "red"
    return "amber" if of == "green" and any(light != "green" for light in found) else of


@dataclass(frozen=True)
class Evidence:
    """The month's rows, found by contrast and metric."""

    facts: Facts

    @property
    def primary(self) -> str:
        return str(self.facts.asked["primary"])

    def row(self, contrast: str, metric: str, segment: str | None = None) -> Row | None:
        """A row over all users, by the registered estimator; None where there is none."""
        return self._rows.get((contrast, metric, segment or self.facts.asked.get("segment", ALL)))

    def plain(self, contrast: str, metric: str) -> Row | None:
        """The unadjusted row over all users: a count of users."""
        return self._rows.get((contrast, metric, ALL))

    def rows(self, *, contrast: str, metric: str, prefix: str) -> list[Row]:
        """The rows of segments that begin so."""
        return [
            row
            for (name, of, segment), row in self._rows.items()
            if (name, of) == (contrast, metric) and segment.startswith(prefix)
        ]

    def guardrails(self, contrast: str) -> list[Row]:
        """The rows of a contrast's guardrails."""
        found = (self.plain(contrast, name) for name in self.facts.asked["guardrails"])
        return [row for row in found if row is not None]

    def guard_lights(self, contrast: str) -> list[Light]:
        """The lights of these: amber is not shown to hold, red is broken."""
        return [
            "grey" if row["status"] != "estimated" else _GUARDS.get(str(row["verdict"]), "grey")
            for row in self.guardrails(contrast)
        ]

    def broken(self, contrast: str) -> list[Row]:
        """The rows of a contrast's guardrails that are red."""
        lights = zip(self.guardrails(contrast), self.guard_lights(contrast), strict=True)
        return [row for row, light in lights if light == "red"]

    def falls(self, guardrail: str) -> bool:
        """True where less of a guardrail is worse; where nothing is said, more is."""
        return bool(self.facts.asked["guardrails"][guardrail].get("harm") == "fall")

    def most_harm(self, row: Row) -> float | None:
        """The largest harm of a guardrail's row that is still plausible: a rise, or a fall, none below zero."""
        if row["difference"] is None:
            return None
        return float(max(0.0, -row["difference_low"] if self.falls(row["metric"]) else row["difference_high"]))

    def light(self, row: Row | None, *, guarded: str) -> Light:
        """A registered question's light. guarded: the contrast whose guardrails must hold."""
        return worst(self.guard_lights(guarded), of=LIGHTS[state_of(row)])

    def minimum(self, metric: str) -> float | None:
        """Smallest difference that would change a decision."""
        found = self.facts.asked["minimum"].get(metric)
        return None if found is None else float(found)

    def users_to_tell(self, row: Row | None) -> float | None:
        """How many users would settle an open row, or are needed on the smaller side of one that has no estimate.

        None where that cannot be said.
        """
        if row is None:
            return None
        told = values_of(row).get("users") if row["status"] != "estimated" else None
        minimum = self.minimum(row["metric"])
        if told is not None or minimum is None or row["difference_high"] is None:
            return None if told is None else float(told)
        return verdicts.users_to_settle(
            row["n_treatment"] + row["n_control"],
            (row["difference_high"] - row["difference_low"]) / 2,
            minimum,
            alpha=row["alpha"] or self.facts.asked["alpha"],
            power=self.facts.asked["power"],
        ).users

    def users_there(self, row: Row) -> float:
        """The users whom `users_to_tell` is to be compared with: of both sides, or of the smaller one."""
        sides = (row["n_treatment"], row["n_control"])
        return sum(sides) if row["status"] == "estimated" else values_of(row).get("have", min(sides))

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], Row]:
        return {(row["contrast"], row["metric"], row["segment"]): row for row in self.facts.readout}


def values_of(row: Row) -> dict[str, Any]:
    """The values of a row's reason; empty where it has none."""
    text = row.get("reason_values")
    return dict(json.loads(text)) if text else {}


def reason_of(row: Row, words: Words) -> str:
    """A row's reason in the words of the catalogue; where it has no code, that the table has it."""
    told, known = row.get("reason_code"), json.loads(row.get("reason_values") or "{}")
    if not told:
        return words("reason.in_the_table") if row.get("reason") else ""
    parts = known["parts"] if told == SEVERAL else [{"code": told, "values": known}]
    return words.sentences(*(words(f"reason.{part['code']}", **part["values"]) for part in parts))


def difference(row: Row | None, words: Words) -> tuple[str | None, str | None]:
    """The difference of a row of shares in points, and its interval."""
    if row is None or row["difference"] is None:
        return None, None
    return words("number.points", value=row["difference"]), words(
        "number.interval", alpha=row["alpha"], low=row["difference_low"], high=row["difference_high"]
    )

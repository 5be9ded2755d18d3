"""What is no longer as it was registered: values of conf, waves left out or moved, changes by force."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from reactivation.experiment.registration import PlanText, canonical, sealed

NOTE = "changed_after_the_first_wave"
"""Key of a plan that keeps what was changed by force while the experiment was running."""

NOT_THERE = "(not there)"
_IN_CONF = {"thresholds": "experiment", "arms": "campaign.arms", "tiers": "campaign.tiers", "offers": "campaign"}


class Difference(NamedTuple):
    """One value that is no longer what was registered."""

    what: str
    registered: str
    now: str

    @property
    def says(self) -> str:
        return f"{self.what}: registered {self.registered}, conf now {self.now}"

    @classmethod
    def read(cls, says: str) -> "Difference":
        """The value that a sentence of `says` is about, as a plan keeps what was changed by force."""
        what, _, values = says.partition(": registered ")
        return cls(what, *values.partition(", conf now ")[::2])


def differences(registered: PlanText, now: PlanText) -> list[Difference]:
    """Every value in which two plans differ, under its dotted name; notes of earlier changes are not compared.

    Nor are the words of a hypothesis: 0.1.0 registered a sentence where there is a key of the report's catalogues now.
    What is asked is the contrast.
    """
    before, after = (dict(_flat(_compared(plan))) for plan in (registered, now))
    return [
        Difference(name, before.get(name, NOT_THERE), after.get(name, NOT_THERE))
        for name in dict.fromkeys([*before, *after])
        if before.get(name, NOT_THERE) != after.get(name, NOT_THERE)
    ]


class Change(NamedTuple):
    """One thing that is not as registered.

    code: changed (a value of conf), left_out or nobody (a wave that was not sent), moved (a wave on another day),
    stopped (contacts of a wave) or forced (changed by force after the first wave). registered, now: values; None where
    there is none.
    """

    code: str
    what: str
    registered: str | None
    now: str | None

    @classmethod
    def of(cls, code: str, found: Difference) -> "Change":
        """A change of a value of conf."""
        return cls(code, found.what, *(None if text == NOT_THERE else text for text in found[1:]))

    @property
    def says(self) -> str:
        """The change in a sentence."""
        before, after = self.registered, self.now
        of_conf = Difference(self.what, *(NOT_THERE if text is None else text for text in (before, after))).says
        if self.code == "left_out":
            return f"wave {self.what}: registered for {before}, left out: {after}"
        if self.code == "nobody":
            return f"wave {self.what}: registered for {before}, nobody was planned in it"
        if self.code == "stopped":
            return f"wave {self.what}: released for {before}, contacts stopped: {after}"
        if self.code == "moved":
            return f"wave {self.what}: registered for {before or 'no day'}, sent on {after}"
        if self.code == "forced":
            return f"changed by force after the first wave: {of_conf}"
        return of_conf


def changes(
    plan: PlanText,
    *,
    now: PlanText,
    waves: Mapping[str, str],
    until: date | None = None,
    skipped: Mapping[str, str] | None = None,
    stops: Iterable[Mapping[str, Any]] = (),
) -> list[Change]:
    """All that is not as registered.

    waves: the day each wave was really sent on. until: a look's day; waves of it and later ones are still to come.
    skipped: why a wave was left out. stops: the cycle's rows of `wave_releases` for contacts that were stopped.
    """
    why = skipped or {}
    planned, sent = (
        {name: day for name, day in each.items() if until is None or date.fromisoformat(day) < until}
        for each in ({str(w["wave"]): str(w["as_of"]) for w in plan["waves"]}, waves)
    )
    waived = [
        Change("left_out", name, day, why[name]) if name in why else Change("nobody", name, day, None)
        for name, day in planned.items()
        if name not in sent
    ]
    moved = [
        Change("moved", name, planned.get(name), day) for name, day in sorted(sent.items()) if planned.get(name) != day
    ]
    stopped = [
        Change("stopped", e["wave"], str(e["send_on"]), f"{e['contacts']}, {e['as_of']}: {e['reason']}")
        for e in stops
        if e["contacts"] and (until is None or e["as_of"] < until)
    ]
    forced = [Change.of("forced", Difference.read(says)) for note in plan.get(NOTE, []) for says in note]
    return [*(Change.of("changed", d) for d in differences(plan, now)), *waived, *moved, *stopped, *forced]


def told(plan: PlanText, found: Sequence[Change]) -> list[str]:
    """Whether what is analysed is what was registered, in sentences. found: of `changes`."""
    seal = f"Plan {sealed(canonical(plan))[:12]}"
    if not found:
        return [f"{seal}: what was analysed is what was registered."]
    return [
        f"{seal}: the read-out follows the registered plan. What is not as registered:",
        *(one.says for one in found),
    ]


def _compared(plan: PlanText) -> PlanText:
    thresholds = dict(plan.get("thresholds", {}))
    if "hypotheses" in thresholds:
        thresholds["hypotheses"] = sorted(thresholds["hypotheses"])
    known = {name: value for name, value in plan.items() if name != NOTE}
    return known | ({"thresholds": thresholds} if thresholds else {})


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of a plan under dotted names; a list of named things goes by their names, another list is one value."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        value = {str(item.get("wave") or item.get("name") or i): item for i, item in enumerate(value)}
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, _joined(name, str(key)))
    else:
        yield name, value if isinstance(value, str) else canonical(value)


def _joined(name: str, key: str) -> str:
    """`thresholds.alpha` is called as conf calls it: `experiment.alpha`."""
    return _IN_CONF.get(key, key) if not name else f"{name}.{key}"

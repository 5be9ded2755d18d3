"""The gate: whether a version is worth a reviewer's time, and if not, why not, in sentences."""

from typing import NamedTuple

from reactivation.model.evaluate import Quality
from reactivation.model.paired import LossDifference
from reactivation.model.settings import GateSettings


class Gate(NamedTuple):
    """The gate's decision. reasons: why not, all of them; where it is ready, what speaks for it.

    is_overrulable: all that speaks against it is that the champion could not be compared: a reviewer may decide.
    """

    is_ready: bool
    reasons: tuple[str, ...]
    is_overrulable: bool = False

    @property
    def text(self) -> str:
        return "; ".join(self.reasons)


def decide(
    *,
    test: Quality,
    slope: float,
    against_base_rate: LossDifference,
    against_champion: LossDifference | None,
    not_compared: str | None = None,
    settings: GateSettings,
) -> Gate:
    """Decide on the low-active users of the test month, which neither trained nor calibrated the model.

    against_base_rate, against_champion: log loss of the version less the other's, row by row. against_champion is None
    where there is no champion, or none that can score these rows: not_compared says why.
    """
    against = [
        *_estimable(test, settings),
        *_keeps_order(slope),
        *_beats_base_rate(against_base_rate),
        *holds_against_champion(against_champion, settings),
    ]
    uncompared = [] if not_compared is None else [f"it cannot be compared with the champion: {not_compared}"]
    if against or uncompared:
        return Gate(False, (*against, *uncompared), is_overrulable=not against)
    gains = [f"log loss differs from the base rate's by {interval(against_base_rate)}"]
    if against_champion is None:
        gains.append("there is no champion to compare with")
    else:
        gains.append(f"from the champion's by {interval(against_champion)}")
    return Gate(True, tuple(gains))


def _estimable(test: Quality, settings: GateSettings) -> list[str]:
    if test.users < settings.min_rows:
        return [f"{test.users} low-active users in the test month, at least {settings.min_rows} are needed to decide"]
    return [f"not estimable: {test.reason}"] if test.reason else []


def _keeps_order(slope: float) -> list[str]:
    return [] if slope > 0 else [f"the calibration's slope is {slope:.4g}, must be above 0 to keep the trees' order"]


def _beats_base_rate(paired: LossDifference) -> list[str]:
    if paired.high is None:
        return ["log loss cannot be compared with the base rate's: too few rows"]
    if paired.high >= 0:
        return [f"log loss is not below the base rate's: the difference is {interval(paired)}, must lie below 0"]
    return []


def holds_against_champion(paired: LossDifference | None, settings: GateSettings) -> list[str]:
    """Why a version is not let pass the champion, in sentences; none where it may pass, or there is no champion."""
    if paired is None:
        return []
    if paired.high is None:
        return ["log loss cannot be compared with the champion's: too few rows"]
    if paired.high >= settings.champion_margin:
        bound = f"its upper end must lie below {settings.champion_margin:g}"
        return [f"log loss may be worse than the champion's: the difference is {interval(paired)}, {bound}"]
    return []


def interval(paired: LossDifference) -> str:
    """Mean and interval of a difference, as people read it."""
    return f"{paired.mean:+.4f} ({paired.low:+.4f} to {paired.high:+.4f})"

"""The gate: whether a version is worth a reviewer's time, and if not, why not, in sentences."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from reactivation.model.evaluate import Quality
from reactivation.model.paired import LossDifference
from reactivation.model.settings import GateSettings
from reactivation.statistics.said import Said, joined, parts, said


class Recipe(NamedTuple):
    """Features and hyperparameters of a version beside the champion's.

    is_refit: they are the champion's, or there is none. challengers: versions of other recipes judged on its test month
    so far, with it: among many, one looks better by chance.
    """

    is_refit: bool = True
    challengers: int = 1

    @classmethod
    def of(cls, *, is_refit: bool, rivals: int) -> "Recipe":
        """The recipe of a version that comes after `rivals` versions of other recipes on its test month."""
        return cls(is_refit, 1 if is_refit else 1 + rivals)

    def held(self, paired: LossDifference, *, margin: float, confidence: float) -> tuple[LossDifference, float]:
        """The difference from the champion by which the version is judged, and what its upper end must lie below.

        A refit of the champion's recipe, which was accepted, may be worse by the margin at most. Another recipe must be
        better, by an interval adjusted for the month's challengers. paired: at the confidence.
        """
        return (paired, margin) if self.is_refit else (paired.among(self.challengers, confidence=confidence), 0.0)


REFIT = Recipe()
NONE_BEFORE: Mapping[str, int] = MappingProxyType({})
"""By test month, versions of other recipes that it has judged: no month has judged any."""


class Gate(NamedTuple):
    """The gate's decision. reasons: why not, all of them; where it is ready, what speaks for it. Each knows its code.

    is_overrulable: all that speaks against it is that the champion could not be compared: a reviewer may decide.
    recipe: that of the version.
    """

    is_ready: bool
    reasons: tuple[Said, ...]
    is_overrulable: bool = False
    recipe: Recipe = REFIT

    @property
    def text(self) -> str:
        return joined(self.reasons) or ""

    @property
    def codes(self) -> str:
        """Code and values of each reason, as JSON: for another language than the text's."""
        return parts(self.reasons)

    @property
    def tags(self) -> dict[str, str]:
        """What a version's tags say of it."""
        return {
            "ready_for_review": str(self.is_ready).lower(),
            "gate": self.text,
            "gate_codes": self.codes,
            "overrulable": str(self.is_overrulable).lower(),
            "is_refit": str(self.recipe.is_refit).lower(),
            "challengers": str(self.recipe.challengers),
        }


def decide(
    *,
    test: Quality,
    slope: float,
    against_base_rate: LossDifference,
    against_champion: LossDifference | None,
    not_compared: str | None = None,
    recipe: Recipe = REFIT,
    settings: GateSettings,
) -> Gate:
    """Decide on the low-active users of the test month, which neither trained nor calibrated the model.

    against_base_rate, against_champion: log loss of the version less the other's, row by row. against_champion is None
    where there is no champion, or none that can score these rows: not_compared says why. recipe:
    see `holds_against_champion`.
    """
    against = [
        *_estimable(test, settings),
        *_keeps_order(slope),
        *_beats_base_rate(against_base_rate),
        *holds_against_champion(against_champion, settings, recipe),
    ]
    told = f"it cannot be compared with the champion: {not_compared}"
    uncompared = [] if not_compared is None else [said("not_compared", told, why=not_compared)]
    if against or uncompared:
        return Gate(False, (*against, *uncompared), is_overrulable=not against, recipe=recipe)
    told = f"log loss differs from the base rate's by {interval(against_base_rate)}"
    gains = [said("beats_base_rate", told, **_ends(against_base_rate))]
    if against_champion is None:
        gains.append(said("no_champion", "there is no champion to compare with"))
    else:
        told = f"from the champion's by {interval(against_champion)}"
        gains.append(said("against_champion", told, **_ends(against_champion)))
    return Gate(True, tuple(gains), recipe=recipe)


def _estimable(test: Quality, settings: GateSettings) -> list[Said]:
    if test.users < settings.min_rows:
        told = f"{test.users} low-active users in the test month, at least {settings.min_rows} are needed to decide"
        return [said("few_users", told, users=test.users, needed=settings.min_rows)]
    return [said("not_estimable", f"not estimable: {test.reason}", why=test.reason)] if test.reason else []


def _keeps_order(slope: float) -> list[Said]:
    told = f"the calibration's slope is {slope:.4g}, must be above 0 to keep the trees' order"
    return [] if slope > 0 else [said("slope", told, slope=slope)]


def _beats_base_rate(paired: LossDifference) -> list[Said]:
    if paired.high is None:
        return [said("few_rows", "log loss cannot be compared with the base rate's: too few rows")]
    if paired.high >= 0:
        told = f"log loss is not below the base rate's: the difference is {interval(paired)}, must lie below 0"
        return [said("no_better_than_base_rate", told, **_ends(paired))]
    return []


def holds_against_champion(paired: LossDifference | None, settings: GateSettings, recipe: Recipe) -> list[Said]:
    """Why a version is not let pass the champion, in sentences; none where it may pass, or there is no champion.

    A refusal says how many users would tell. See `Recipe.held`.
    """
    if paired is None:
        return []
    if paired.high is None:
        return [said("few_rows", "log loss cannot be compared with the champion's: too few rows")]
    paired, bound = recipe.held(paired, margin=settings.champion_margin, confidence=settings.confidence)
    if paired.high is not None and paired.high >= bound:
        why = "" if recipe.is_refit else f", for features or trees are others than the champion's{_number(recipe)}"
        below = f"its upper end must lie below {bound:g}{why}"
        users = paired.rows_to_tell(bound)
        tells = "no number of users like these would tell" if users is None else f"about {users:.0f} users would tell"
        told = f"log loss may be worse than the champion's: the difference is {interval(paired)}, {below}; {tells}"
        return [said("worse_than_champion", told, **_ends(paired), bound=bound)]
    return []


def _number(recipe: Recipe) -> str:
    return "" if recipe.challengers < 2 else f", and it is one of {recipe.challengers} on this month"


def _ends(paired: LossDifference) -> dict[str, float | None]:
    return {"mean": paired.mean, "low": paired.low, "high": paired.high}


def interval(paired: LossDifference) -> str:
    """Mean and interval of a difference, as people read it."""
    return f"{paired.mean:+.4f} ({paired.low:+.4f} to {paired.high:+.4f})"

"""One question of the month: what is compared, how it is estimated, and how the answer is put into a row."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reactivation.experiment.any_table.arm_effects import Level, of_means
from reactivation.experiment.contrasts import Comparison, Contrast
from reactivation.experiment.groups import Group, Totals
from reactivation.experiment.metrics import Measured
from reactivation.experiment.primary_estimator import beside, is_beside
from reactivation.experiment.settings import ExperimentSettings
from reactivation.statistics.estimates import COMPARISON_METHOD, GAIN_METHOD, Estimate, compare, gain, withheld
from reactivation.statistics.means import DIFFERENCE_METHOD
from reactivation.statistics.verdicts import Unit, Verdict, verdict

Row = dict[str, Any]
Pair = tuple[Totals, Totals]
Estimates = dict[str, Estimate]

GAIN_OF_MEANS = "difference of two differences: MOVER from their intervals"


@dataclass(frozen=True)
class Asked:
    """What the month asks, and what its checks say.

    withheld: by contrast, the check that failed, or None. not_known: outcomes that nobody can know yet, each with the
    reason.
    """

    settings: ExperimentSettings
    measured: Measured
    withheld: Mapping[str, str | None]
    not_known: Mapping[str, str]

    @property
    def level(self) -> Level:
        """How sure an answer must be, at each of the registered looks."""
        return Level(self.settings.alpha_per_look, None, self.settings.looks)

    def estimate(self, pair: Pair, metric: str) -> Estimate:
        """The unadjusted comparison of two sides: Newcombe and Koopman for shares, Welch for means."""
        treatment, control = pair
        first, second = (int(side.of("known", metric)) for side in pair)
        blank = Estimate(first, second, status="not_estimable")
        if not first and not second and self.measured.outcome(metric) in self.not_known:
            return replace(blank, reason=self.not_known[self.measured.outcome(metric)])
        if metric in self.measured.rates:
            return self.of_shares(treatment, control, metric)
        alone = [name for name, n in (("treatment", first), ("control", second)) if n < 2]
        if alone:
            reason = f"fewer than two users with a known value on the side of the {' and of the '.join(alone)}"
            return replace(blank, reason=reason)
        return of_means(treatment.moments(metric), control.moments(metric), level=self.level, method=DIFFERENCE_METHOD)

    def of_shares(self, treatment: Totals, control: Totals, name: str) -> Estimate:
        """Two shares under the name of their sums."""
        found = compare(
            treatment.share(name),
            control.share(name),
            alpha=self.level.alpha,
            minimum_events=self.settings.minimum_expected_events,
        )
        return replace(found, method=f"{COMPARISON_METHOD}{self.level.words}") if found.method else found

    def gain(self, first: Estimate, second: Estimate, metric: str) -> Estimate:
        """The difference of two effects."""
        found = gain(first, second)
        method = GAIN_METHOD if metric in self.measured.rates else GAIN_OF_MEANS
        return replace(found, method=f"{method}{self.level.words}") if found.method else found

    def checked(self, contrast: str, found: Estimate) -> Estimate:
        """Withheld where a check of the contrast failed, whatever the numbers are."""
        why = self.withheld.get(contrast)
        return withheld(found, why) if why else found

    def verdict(self, found: Estimate, metric: str) -> Verdict:
        """The word for a causal estimate."""
        is_rate = metric in self.settings.metrics
        minimum = (
            self.settings.metrics[metric].minimum_effect if is_rate else self.settings.means[metric].minimum_effect
        )
        unit: Unit = "points" if is_rate else "own"
        return verdict(found, minimum_effect=minimum, alpha=self.level.alpha, power=self.settings.power, unit=unit)

    def row(self, contrast: Contrast, metric: str, segment: str, found: Estimate) -> Row:
        """An estimate with its verdict, where the contrast is causal and no other estimator is the headline."""
        row = {"contrast": contrast.name, "metric": metric, "segment": segment, **asdict(found), "verdict": None}
        if contrast.kind != "causal":
            return row
        if is_beside(segment, self.settings.headline):
            return row | {"reason": beside(segment) if found.status == "estimated" else found.reason}
        judged = self.verdict(found, metric)
        return row | {"verdict": judged.word, "reason": judged.reason}


def comparisons(contrasts: Iterable[Contrast]) -> tuple[Comparison, ...]:
    """The comparisons of some contrasts, those of which a gain is the difference among them; each once."""
    parts = [p for c in contrasts for p in ((c,) if isinstance(c, Comparison) else (c.treatment, c.control))]
    return tuple({part.name: part for part in parts}.values())


def pairs(contrasts: Iterable[Contrast], groups: Iterable[Group]) -> dict[str, Pair]:
    """Both sides of every comparison, summed once for all metrics."""
    known = tuple(groups)
    return {c.name: (c.treatment.totals(known), c.control.totals(known)) for c in comparisons(contrasts)}


def estimates(contrasts: Iterable[Contrast], sides: Mapping[str, Pair], metric: str, *, asked: Asked) -> Estimates:
    """Each contrast on one metric, unadjusted, whatever the checks say."""
    found = {name: asked.estimate(pair, metric) for name, pair in sides.items()}
    return with_gains(contrasts, found, metric, asked=asked)


def with_gains(contrasts: Iterable[Contrast], found: Estimates, metric: str, *, asked: Asked) -> Estimates:
    """The contrasts' own estimates: those of the comparisons as they are, the gains as differences of two."""
    return {
        c.name: found[c.name]
        if isinstance(c, Comparison)
        else asked.gain(found[c.treatment.name], found[c.control.name], metric)
        for c in contrasts
    }

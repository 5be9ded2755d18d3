"""Train a month lift and judge it on a later month: is it calibrated, does it rank, may it count?

A version counts where the line of the judging month has a slope whose interval holds 1 and excludes 0. Where it does
not, no lift of single users is written: the lift of a user is the pooled one of the user's band, and within a band the
order of the propensity stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.errors import Finding, ModelError
from reactivation.frames import checkpointed
from reactivation.model import lift_judgement
from reactivation.model.examples import LABEL, chosen_features
from reactivation.model.gate import NONE_BEFORE, Gate, Recipe
from reactivation.model.lift_fit import FOLD, FOLDS, PSEUDO, FittedLift, Line, fit, fold, line, with_pseudo_outcomes
from reactivation.model.lift_judgement import THEIRS
from reactivation.model.lift_rows import IS_TREATED, OPTION, POLICY, PROPENSITY, LiftMonths
from reactivation.model.paired import LossDifference
from reactivation.model.reasons import mean_contributions
from reactivation.model.score import LEARNT, Scorer, lifts, missing_features
from reactivation.model.settings import ModelSettings
from reactivation.periods import Month
from reactivation.statistics.sample_ratio import sample_ratio
from reactivation.statistics.uplift_curves import RankingQuality, quality


@dataclass(frozen=True)
class TrainedLift:
    """A fitted lift with all that its gate stands on.

    judged: the line of the judging month. ranking: area under the uplift curve and Qini of that month, beside a ranking
    at random, or why there are none. bands: lifts found in its deciles, the highest first; they decide nothing.
    against_champion: squared error less the champion's there; None where there is no champion, or none that can be
    compared. champion_judged: the champion's line there, where an earlier month judged it. champion_refuted: why that
    line says that it may not be believed any longer, else None. option: what is learnt of, None: a month open to
    contact. contributions: see `mean_contributions`, of the judging month.
    """

    fitted: FittedLift
    months: LiftMonths
    judged: Line
    ranking: list[RankingQuality] | str
    bands: list[dict[str, Any]]
    against_champion: LossDifference | None
    champion_version: str | None
    gate: Gate
    notes: tuple[str, ...]
    option: str | None = None
    champion_judged: Line | None = None
    champion_refuted: str | None = None
    contributions: Sequence[dict[str, Any]] = ()
    refitted: None = None

    @property
    def served(self) -> FittedLift:
        return self.fitted

    @property
    def tags(self) -> dict[str, str]:
        """What the version's tags say of its test month and the gate."""
        of_option = {} if self.option is None else {OPTION: self.option}
        return {"test_month": str(self.months.judge), **of_option, **self.gate.tags}

    @property
    def evidence(self) -> dict[str, Any]:
        """What the decision stands on, as plain values for the ledger."""
        against = self.against_champion
        return {
            "learner": self.fitted.learner,
            "train_months": [str(month) for month in self.months.train],
            "calibration_month": str(self.months.calibrate),
            "judging_month": str(self.months.judge),
            **{name: float(value) for name, value in self.metrics.items()},
            "ranking": self.ranking if isinstance(self.ranking, str) else [one.ranking for one in self.ranking],
            "squared_error_against_champion": against._asdict() if against else None,
            "champion_version": self.champion_version,
            "champion_refuted": self.champion_refuted,
            "notes": list(self.notes),
        }

    @property
    def metrics(self) -> dict[str, float]:
        """All figures that are there, by flat names: `qini_low`, `auuc_random_ranking`."""
        lines = {"calibration": self.fitted.calibration, "judged": self.judged}
        if self.champion_judged is not None:
            lines["champion_judged"] = self.champion_judged
        found: dict[str, float | None] = {
            f"squared_error_{name.replace(' ', '_')}": risk for name, risk in self.fitted.risks.items()
        }
        for name, of in lines.items():
            found |= {f"{name}_{part}": value for part, value in of._asdict().items()}
        for one in () if isinstance(self.ranking, str) else self.ranking:
            of_ranking = "" if one.ranking == LEARNT else f"_{one.ranking.replace(' ', '_')}"
            for figure, effect in (("auuc", one.auuc), ("qini", one.qini)):
                ends = {"": effect.estimate, "_low": effect.low, "_high": effect.high}
                found |= {f"{figure}{of_ranking}{end}": float(value) for end, value in ends.items()}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def card(self) -> str:
        """What MLflow's page of the version says."""
        m, of = self.metrics, self.judged
        slope = "none" if of.slope is None else f"{of.slope:.2f} ({of.low:.2f} to {of.high:.2f})"
        lines = [
            *(() if self.option is None else (f"Option: `{self.option}`.",)),
            f"Learner: {self.fitted.learner}; trained on {self.months.train[0]} to {self.months.train[-1]}, calibrated "
            f"on {self.months.calibrate}, judged on {self.months.judge} ({of.rows} users, mean lift {of.mean:.4f}).",
            f"Slope of what was found on the lifts: {slope}.",
            self.ranking
            if isinstance(self.ranking, str)
            else f"Qini {m['qini']:.4f} ({m['qini_low']:.4f} to {m['qini_high']:.4f}), area under the uplift curve "
            f"{m['auuc']:.4f}; a random ranking has {m['auuc_random_ranking']:.4f}.",
            f"Gate: {'ready for review' if self.gate.is_ready else 'refused'}. {self.gate.text}",
        ]
        if self.champion_judged is not None:
            found = self.champion_refuted or "it is not refuted"
            lines.append(f"Champion {self.champion_version}, judged anew on {self.months.judge}: {found}.")
        if self.contributions:
            moved = ", ".join(f"{row['feature']} {row['mean_contribution']:.4f}" for row in self.contributions[:5])
            lines.append(f"What moves a lift, mean amount as a share of users before calibration: {moved}.")
        return "\n\n".join([*lines, *self.notes])


def train_lift(
    rows: DataFrame,
    *,
    salt: str,
    settings: ModelSettings,
    srm_p: float,
    option: str | None = None,
    champion: Scorer | None = None,
    not_compared: str | None = None,
    rivals: Mapping[str, int] = NONE_BEFORE,
) -> TrainedLift:
    """Learn from all but the two newest months, calibrate on the older of them, judge on the newest.

    rows: of `month_lift`, settled months alone. A month whose sides are not split as drawn (p below srm_p) teaches
    nothing; of more than about `max_rows` training rows users are sampled by hash. ModelError says why where nothing
    can be learnt: fewer than three months, or too few users of a side. champion: the present version, held against this
    one on the judging month, which neither has learnt from. not_compared: why there is one that cannot be.
    option: of which the rows are, and the champion is; None: of a month open to contact. rivals: as for `train`.
    """
    features = chosen_features(rows.drop(POLICY, IS_TREATED, PROPENSITY), settings)
    rows = rows.withColumn(FOLD, fold(salt))
    by_side = rows.groupBy("cycle", FOLD, IS_TREATED).agg(
        F.count("*").alias("users"), F.first(PROPENSITY).alias(PROPENSITY)
    )
    counts = by_side.collect()
    months, notes = _months(counts, srm_p)
    _require_enough(counts, months, settings.lift.min_rows)
    is_train = F.col("cycle").isin([str(month) for month in months.train])
    total = sum(row.users for row in counts if row.cycle in {str(month) for month in months.train})
    if total > settings.max_rows:
        is_kept = randomization.is_within(randomization.bucket(f"{salt}|sample"), settings.max_rows / total)
        rows = rows.where(~is_train | is_kept)
    confidence = settings.gate.confidence
    fitted = fit(rows, months=months, features=features, settings=settings, confidence=confidence)
    is_refit = champion is None or champion.is_refitted_by(fitted.model, fitted.features)
    decided: dict[str, Any] = {"margin": settings.lift.champion_margin, "confidence": confidence}
    decided["recipe"] = Recipe.of(is_refit=is_refit, rivals=rivals.get(str(months.judge), 0))
    later = with_pseudo_outcomes(rows.where(F.col("cycle") == str(months.judge)), fitted.outcomes)
    keep, why_not = [LABEL, IS_TREATED, PSEUDO], not_compared
    if champion is not None and (champion.judged_on or "") > str(months.judge):
        why_not = f"champion {champion.version} was judged on {champion.judged_on} and may have learnt from this month"
    elif champion is not None and (missing := missing_features(later, champion.features)):
        why_not = f"champion {champion.version} cannot score these rows any more: they lack {', '.join(missing[:5])}"
    elif champion is not None:
        later = lifts(champion.model, later, features=champion.features, keep=later.columns)
        later, keep = later.withColumnRenamed(LEARNT, THEIRS), [*keep, THEIRS]
    scored = checkpointed(lifts(fitted.model, later, features=fitted.features, keep=keep))
    judged = line(scored, LEARNT, confidence=confidence)
    against, anew, refuted = None, None, None
    if champion is not None and THEIRS in keep:
        against = lift_judgement.against(scored, confidence=confidence)
        if champion.judged_on is not None and champion.judged_on < str(months.judge):
            anew = line(scored, THEIRS, confidence=confidence)
            refuted = lift_judgement.refutation(anew, champion.calibration_reach)
    deciles = lift_judgement.deciles(scored, settings.deciles)
    return TrainedLift(
        fitted=fitted,
        months=months,
        judged=judged,
        ranking=quality({LEARNT: deciles}, alpha=1 - confidence),
        bands=lift_judgement.bands(deciles, alpha=1 - confidence),
        against_champion=against,
        champion_version=champion.version if champion else None,
        gate=lift_judgement.decide(fitted.calibration, judged, against, not_compared=why_not, **decided),
        option=option,
        champion_judged=anew,
        champion_refuted=refuted,
        contributions=mean_contributions(fitted.model, later) if settings.reasons else (),
        notes=notes if why_not is None else (*notes, why_not),
    )


def _months(counts: Sequence[Row], srm_p: float) -> tuple[LiftMonths, tuple[str, ...]]:
    """The roles of the months, and what was left out; ModelError where too few are left."""
    usable, notes = [], []
    for cycle in sorted({row.cycle for row in counts}):
        of_month = [row for row in counts if row.cycle == cycle]
        sides = [sum(row.users for row in of_month if row[IS_TREATED] == side) for side in (1.0, 0.0)]
        p = of_month[0][PROPENSITY]
        if sample_ratio(cycle, sides, [p, 1 - p]).is_mismatch(srm_p):
            notes.append(f"{cycle} teaches nothing: {sides[0]} touched and {sides[1]} held out is not what was drawn")
        else:
            usable.append(Month.parse(cycle))
    months = LiftMonths.of(usable)
    if months is None:
        advice = "three are needed: one trains, one calibrates, one judges"
        findings = [Finding("too few", "months with a draw", f"{len(usable)} settled; {advice}")]
        raise ModelError("no lift can be learnt", [*findings, *(Finding("left out", "month", note) for note in notes)])
    return months, tuple(notes)


def _require_enough(counts: Sequence[Row], months: LiftMonths, least: int) -> None:
    """ModelError where a third of the training months' users, or a later month, has too few of a side."""
    train = {str(month) for month in months.train}
    found = {(part, side): 0 for part in (*FOLDS, months.calibrate, months.judge) for side in (1.0, 0.0)}
    later = {str(month): month for month in (months.calibrate, months.judge)}
    for row in counts:
        part = row[FOLD] if row.cycle in train else later.get(row.cycle)
        if part is not None:
            found[part, row[IS_TREATED]] += row.users
    named = {1.0: "touched", 0.0: "held out"}
    wrong = [
        Finding("too few", f"{named[side]} in {part}", f"{users} users, at least {least} are needed")
        for (part, side), users in found.items()
        if users < least
    ]
    if wrong:
        raise ModelError(f"no lift can be learnt from {months.train[0]} to {months.judge}", wrong)

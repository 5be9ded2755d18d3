"""Any randomised experiment as rows of the contract `readout`: checked, estimated, judged."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from scipy.stats import chi2_contingency

from reactivation.experiment.covariates import Joint
from reactivation.experiment.estimates import Estimate, whole, withheld
from reactivation.experiment.families import benjamini_hochberg
from reactivation.experiment.sample_ratio import SampleRatio, sample_ratio
from reactivation.experiment.settings import ExperimentSettings
from reactivation.experiment.strata import collapse
from reactivation.experiment.table.estimates import Level, headline, with_covariates, within_strata
from reactivation.experiment.table.spec import Spec
from reactivation.experiment.table.sums import Group, Outcome, merged
from reactivation.experiment.verdicts import INCONCLUSIVE, verdict
from reactivation.tables.derived import READOUT

Row = dict[str, Any]

NO_CYCLE = "-"
ALL, CUPED, STRATIFIED = "all", "all, CUPED", "all, post-stratified"
SMALLEST_STRATUM_PER_ARM = 20
CAUSES = (
    "likely causes: users of one arm were lost or counted twice on the way (a join, a filter that the arm decides, "
    "deliveries or visits instead of the draw), the draw had other shares, or it was changed while it ran"
)


class Analysis(NamedTuple):
    """rows: of `readout`, by outcome, contrast and segment. ratio: the arms as found. withheld: why, or None."""

    rows: tuple[Row, ...]
    ratio: SampleRatio
    withheld: str | None


def analyze(groups: Sequence[Group], spec: Spec, *, settings: ExperimentSettings) -> Analysis:
    """Every arm against the control on every outcome, from the sums of `table.sums`.

    Key: contrast, metric, segment. Segment `all` is the headline, unadjusted; `all, CUPED` and `all, post-stratified`
    stand beside it without a verdict of their own; the others are the strata one by one, their verdicts after
    Benjamini-Hochberg. settings: the sample ratio's p, the least expected events, and the power of what would settle.
    """
    ratio = sample_ratio("arms", [_users(groups, arm) for arm in spec.shares], list(spec.shares.values()))
    why = _why_withheld(groups, ratio, spec, srm_p=settings.srm_p)
    rows = [
        row
        for metric in spec.outcomes
        for row in _of_metric(metric, groups, spec, settings=settings, why=why or _lost(metric, groups, spec, settings))
    ]
    columns = READOUT.column_names
    return Analysis(tuple({name: row.get(name) for name in columns} for row in rows), ratio, why)


def _of_metric(
    metric: str, groups: Sequence[Group], spec: Spec, *, settings: ExperimentSettings, why: str | None
) -> list[Row]:
    level = Level.of(spec)
    width = 1 + 2 * len(spec.covariates)
    arms = {arm: merged([g for g in groups if g.arm == arm], metric, width=width) for arm in spec.shares}
    rows: list[Row] = []
    for arm in spec.treatments:
        contrast = {"cycle": NO_CYCLE, "contrast": f"{arm}_vs_{spec.control}", "metric": metric}
        plain = _headline(metric, arms, arm, spec, level=level, settings=settings)
        rows.append({**contrast, **_row(ALL, plain, metric, arms, arm, spec, settings=settings, level=level, why=why)})
        beside: dict[str, Estimate] = {}
        joints = {name: outcome.joint for name, outcome in arms.items()}
        if spec.covariates:
            beside[CUPED] = with_covariates(joints, arm, spec.control, level=level)
        if spec.strata:
            beside[STRATIFIED] = within_strata(_strata(metric, groups, spec), arm, spec.control, level=level)
        for segment, found in beside.items():
            usable = found if plain.status == "estimated" else replace(_blank(plain), reason=plain.reason)
            shown = withheld(usable, why) if why and usable.status == "estimated" else usable
            rows.append({**contrast, "segment": segment, **asdict(shown), "verdict": None})
        if spec.strata:
            rows += [{**contrast, **row} for row in _segments(metric, groups, arm, spec, settings, level, why)]
    return rows


def _headline(
    metric: str, arms: dict[str, Outcome], arm: str, spec: Spec, *, level: Level, settings: ExperimentSettings
) -> Estimate:
    return headline(
        arms[arm],
        arms[spec.control],
        is_rate=metric in spec.rates,
        names=(arm, spec.control),
        level=level,
        minimum_events=settings.minimum_expected_events,
    )


def _row(
    segment: str,
    found: Estimate,
    metric: str,
    arms: dict[str, Outcome],
    arm: str,
    spec: Spec,
    *,
    settings: ExperimentSettings,
    level: Level,
    why: str | None,
) -> Row:
    """A row with its verdict; what cannot be estimated stays so, whatever the checks say."""
    shown = withheld(found, why) if why and found.status == "estimated" else found
    judged = verdict(
        shown,
        minimum_effect=spec.minimum_effects.get(metric),
        alpha=level.alpha,
        power=settings.power,
        unit="points" if metric in spec.rates else "own",
    )
    unknown = arms[arm].unknown + arms[spec.control].unknown
    left_out = f"{whole(unknown)} rows whose outcome is not known are left out" if unknown else None
    reasons = [judged.reason, left_out if shown.status == "estimated" else None]
    reason = "; ".join(text for text in reasons if text) or None
    return {"segment": segment, **asdict(shown), "verdict": judged.word, "reason": reason}


def _segments(
    metric: str,
    groups: Sequence[Group],
    arm: str,
    spec: Spec,
    settings: ExperimentSettings,
    level: Level,
    why: str | None,
) -> list[Row]:
    """The effect within each stratum; proven only where it is so after Benjamini-Hochberg over all of them."""
    width = 1 + 2 * len(spec.covariates)
    rows: list[Row] = []
    for stratum in sorted({group.stratum for group in groups}):
        own = [group for group in groups if group.stratum == stratum]
        arms = {name: merged([g for g in own if g.arm == name], metric, width=width) for name in spec.shares}
        found = _headline(metric, arms, arm, spec, level=level, settings=settings)
        rows.append(_row(stratum, found, metric, arms, arm, spec, settings=settings, level=level, why=why))
    adjusted = benjamini_hochberg([row["p_value"] for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        if p is not None:
            told = f"Benjamini-Hochberg p = {p:.2g} over {len(rows)} segments"
            is_shown = p <= level.alpha or row["verdict"] not in ("proven better", "proven worse")
            row["verdict"] = row["verdict"] if is_shown else INCONCLUSIVE
            row["reason"] = "; ".join(text for text in (told, row["reason"]) if text)
    return rows


def _strata(metric: str, groups: Sequence[Group], spec: Spec) -> dict[str, dict[str, Joint]]:
    """Arms by stratum, small strata together: by their users over all arms, whatever came of them."""
    users: dict[str, int] = {}
    for group in groups:
        users[group.stratum] = users.get(group.stratum, 0) + (group.users if group.arm else 0)
    home = collapse(users, smallest=SMALLEST_STRATUM_PER_ARM * len(spec.shares))
    width = 1 + 2 * len(spec.covariates)
    return {
        name: {
            arm: merged([g for g in groups if g.arm == arm and home[g.stratum] == name], metric, width=width).joint
            for arm in spec.shares
        }
        for name in sorted(set(home.values()))
    }


def _why_withheld(groups: Sequence[Group], ratio: SampleRatio, spec: Spec, *, srm_p: float) -> str | None:
    """Rows of no known arm, or a split that chance would hardly give; None where neither is found."""
    unnamed = [group for group in groups if group.arm is None]
    if unnamed:
        names = sorted({group.stray for group in unnamed if group.stray is not None})
        what = f"arms that `shares` does not name (`{names[0]}`)" if names else f"no arm (`{spec.arm}` is null)"
        return (
            f"unknown arms: {whole(sum(g.users for g in unnamed))} rows have {what}; name all arms that were drawn, or "
            "take out the rows that were never part of the draw"
        )
    if not ratio.is_mismatch(srm_p):
        return None
    found = " : ".join(str(n) for n in ratio.counts)
    drawn = " : ".join(f"{share:.3g}" for share in ratio.expected)
    arms = " : ".join(f"`{arm}`" for arm in spec.shares)
    return f"sample ratio: {arms} are {found} where shares of {drawn} were drawn (p = {ratio.p_value:.2g}); {CAUSES}"


def _lost(metric: str, groups: Sequence[Group], spec: Spec, settings: ExperimentSettings) -> str | None:
    """An outcome that is known more often in one arm than in another compares other people than those drawn."""
    counts = {
        arm: (
            sum(g.outcomes[metric].unknown for g in groups if g.arm == arm),
            sum(g.users for g in groups if g.arm == arm),
        )
        for arm in spec.shares
    }
    table = [[unknown, users - unknown] for unknown, users in counts.values() if users]
    if len(table) < 2 or not all(sum(column) for column in zip(*table, strict=True)):
        return None
    p = float(chi2_contingency(table, correction=False).pvalue)
    if p >= settings.srm_p:
        return None
    found = ", ".join(f"{whole(unknown)} of {whole(users)} in `{arm}`" for arm, (unknown, users) in counts.items())
    return f"outcomes lost unequally: not known of {found} (p = {p:.2g}); those who are left are no longer the draw"


def _users(groups: Sequence[Group], arm: str) -> int:
    return sum(group.users for group in groups if group.arm == arm)


def _blank(found: Estimate) -> Estimate:
    return Estimate(found.n_treatment, found.n_control, status=found.status)

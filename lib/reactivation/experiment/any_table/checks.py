"""What must hold before effects in any table may be read: every arm named, as large as drawn, and seen to the end."""

from collections.abc import Sequence

from scipy.stats import chi2_contingency

from reactivation.experiment.any_table.spec import Spec
from reactivation.experiment.any_table.sums import ArmGroup
from reactivation.statistics.estimates import whole
from reactivation.statistics.sample_ratio import SampleRatio, sample_ratio

CAUSES = (
    "likely causes: users of one arm were lost or counted twice on the way (a join, a filter that the arm decides, "
    "deliveries or visits instead of the draw), the draw had other shares, or it was changed while it ran"
)


def arms_ratio(groups: Sequence[ArmGroup], spec: Spec) -> SampleRatio:
    """Rows found per arm against the shares that were drawn, in the spec's order."""
    return sample_ratio("arms", [_users(groups, arm) for arm in spec.shares], list(spec.shares.values()))


def why_withheld(groups: Sequence[ArmGroup], spec: Spec, *, srm_p: float) -> str | None:
    """Rows of no known arm, or a split that chance would hardly give, in words; None where neither is found."""
    unnamed = [group for group in groups if group.arm is None]
    if unnamed:
        names = sorted({group.stray for group in unnamed if group.stray is not None})
        what = f"`shares` does not name `{names[0]}`" if names else f"`{spec.arm}` is null"
        lost, everybody = (whole(sum(group.users for group in some)) for some in (unnamed, groups))
        return (
            f"unknown arms in {lost} of {everybody} rows: {what}; name all arms that were drawn, or take out the rows "
            "that were never part of the draw"
        )
    ratio = arms_ratio(groups, spec)
    if not ratio.is_mismatch(srm_p):
        return None
    found = " : ".join(str(n) for n in ratio.counts)
    drawn = " : ".join(f"{share:.3g}" for share in ratio.expected)
    arms = " : ".join(f"`{arm}`" for arm in spec.shares)
    return f"sample ratio: {arms} are {found} where shares of {drawn} were drawn (p = {ratio.p_value:.2g}); {CAUSES}"


def why_lost(metric: str, groups: Sequence[ArmGroup], spec: Spec, *, srm_p: float) -> str | None:
    """An outcome known more often in one arm than in another, in words: those left are no longer those drawn."""
    unknown = {arm: sum(g.outcomes[metric].unknown for g in groups if g.arm == arm) for arm in spec.shares}
    users = {arm: _users(groups, arm) for arm in spec.shares}
    table = [[unknown[arm], users[arm] - unknown[arm]] for arm in spec.shares if users[arm]]
    if len(table) < 2 or not all(sum(column) for column in zip(*table, strict=True)):
        return None
    p = float(chi2_contingency(table, correction=False).pvalue)
    if p >= srm_p:
        return None
    found = ", ".join(f"{whole(unknown[arm])} of {whole(users[arm])} in `{arm}`" for arm in spec.shares)
    return f"outcomes lost unequally: not known of {found} (p = {p:.2g}); those who are left are no longer the draw"


def _users(groups: Sequence[ArmGroup], arm: str) -> int:
    return sum(group.users for group in groups if group.arm == arm)

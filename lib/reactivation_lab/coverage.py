"""How often the read-out's intervals cover a truth that is known, over many months drawn anew."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statsmodels.stats.proportion import proportion_confint

from reactivation.contracts.derived import POLICIES
from reactivation.experiment.contrasts import Comparison, Contrast, Gain, among
from reactivation.experiment.groups import Group, Totals, sum_of, total
from reactivation.experiment.metrics import share
from reactivation.statistics.estimates import Estimate, compare, gain

MOVED, UNMOVED = "moved", "unmoved"
_FEWEST_EVENTS = 20
_LEVEL = 0.05


@dataclass(frozen=True)
class Trial:
    """One month: its groups as the read-out sees them, and the true difference of each causal contrast and metric."""

    groups: tuple[Group, ...]
    truths: Mapping[tuple[str, str], float]


def trials(rows: Iterable[Mapping[str, Any]], metrics: Sequence[str], world: str) -> Iterator[Trial]:
    """Months from sums per seed, policy, is_selected and touch: users, events__<metric>__<world>, rise__<metric> and
    rise__<metric>__<policy>. In the world `unmoved` every true difference is 0.
    """
    by_seed: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_seed.setdefault(row["seed"], []).append(row)
    for _, own in sorted(by_seed.items()):
        yield Trial(tuple(_group(row, metrics, world) for row in own), _truths(own, metrics, world))


def coverage(
    months: Iterable[Trial], metrics: Sequence[str], *, alpha: float, fewest_events: int = _FEWEST_EVENTS
) -> list[dict[str, Any]]:
    """Per contrast and metric: months, share of intervals that cover the truth, share that exclude zero.

    Left out are contrasts of which some side expects fewer than `fewest_events` events or others in the mean of all
    months; a month is never left out for what it showed, unless it shows nothing at all. covered_low, covered_high:
    Wilson's 95 % interval of the share itself. difference: mean of the estimates; truth: mean of the truths; null for a
    descriptive contrast, which has none.
    """
    known = list(months)
    rows = []
    for contrast in among(POLICIES):
        for metric in metrics:
            if _smallest(contrast, known, metric) >= fewest_events:
                found = [(_estimate(contrast, month.groups, metric, alpha=alpha), month) for month in known]
                seen = [(one, month.truths.get((contrast.name, metric))) for one, month in found if one is not None]
                rows.append(_row(contrast.name, metric, seen))
    return rows


def _row(contrast: str, metric: str, seen: Sequence[tuple[Estimate, float | None]]) -> dict[str, Any]:
    truths = [truth for _, truth in seen if truth is not None]
    covered = sum(truth is not None and _covers(found, truth) for found, truth in seen) if truths else None
    low, high = proportion_confint(covered, len(seen), alpha=_LEVEL, method="wilson") if truths else (None, None)
    return {
        "contrast": contrast,
        "metric": metric,
        "months": len(seen),
        "difference": sum(found.difference or 0.0 for found, _ in seen) / len(seen),
        "truth": sum(truths) / len(truths) if truths else None,
        "covered": covered / len(seen) if covered is not None else None,
        "covered_low": low,
        "covered_high": high,
        "excludes_zero": sum(not _covers(found, 0.0) for found, _ in seen) / len(seen),
    }


def _covers(found: Estimate, value: float) -> bool:
    assert found.difference_low is not None
    assert found.difference_high is not None
    return found.difference_low <= value <= found.difference_high


def _smallest(contrast: Contrast, months: Sequence[Trial], metric: str) -> float:
    """Expected events, or others, of the smallest side in the mean of all months; the sides have one rate in common."""
    shares = [[share(total(side.members(month.groups)), metric) for side in contrast.sides] for month in months]
    users = [sum(share.users for share in side) / len(months) for side in zip(*shares, strict=True)]
    everybody = sum(users)
    rate = sum(share.events for sides in shares for share in sides) / len(months) / everybody if everybody else 0.0
    return float(min(users) * min(rate, 1 - rate))


def _estimate(contrast: Contrast, groups: Sequence[Group], metric: str, *, alpha: float) -> Estimate | None:
    shares = [share(total(side.members(groups)), metric) for side in contrast.sides]
    pairs = zip(*[iter(shares)] * 2, strict=True)
    effects = [compare(one, other, alpha=alpha, minimum_events=0) for one, other in pairs]
    if any(effect.status != "estimated" for effect in effects):
        return None
    return gain(*effects) if isinstance(contrast, Gain) else effects[0]


def _group(row: Mapping[str, Any], metrics: Sequence[str], world: str) -> Group:
    sums = {"users": row["users"], "assigned": row["users"]}
    for metric in metrics:
        sums[sum_of("known", metric)] = row["users"]
        sums[sum_of("events", metric)] = row[f"events__{metric}__{world}"]
    return Group(row["policy"], row["is_selected"], row["touch"], Totals(sums))


def _truths(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], world: str) -> dict[tuple[str, str], float]:
    """touch_*: mean rise over the cell's selected, touched and held out. policy_*: mean over everybody of what one
    policy would move less what the other would, each applied to the whole population.
    """
    causal = [c for c in among(POLICIES) if c.kind == "causal" and c.name != "cumulative_touch"]
    found = {}
    for metric in metrics:
        touch = {policy: _mean_rise(rows, metric, policy) for policy in POLICIES}
        everybody = sum(row["users"] for row in rows)
        value = {p: sum(row[f"rise__{metric}__{p}"] or 0.0 for row in rows) / everybody for p in POLICIES}
        for contrast in causal:
            if world == UNMOVED:
                found[contrast.name, metric] = 0.0
            elif isinstance(contrast, Gain):
                one, other = (_policy(part) for part in (contrast.treatment, contrast.control))
                found[contrast.name, metric] = touch[one] - touch[other]
            elif contrast.name.startswith("touch_"):
                found[contrast.name, metric] = touch[_policy(contrast)]
            else:
                one, other = (side.policies[0] for side in contrast.sides)
                found[contrast.name, metric] = value[one] - value[other]
    return found


def _mean_rise(rows: Sequence[Mapping[str, Any]], metric: str, policy: str) -> float:
    own = [row for row in rows if row["policy"] == policy and row["is_selected"]]
    return float(sum(row[f"rise__{metric}"] for row in own) / sum(row["users"] for row in own))


def _policy(comparison: Comparison) -> str:
    return comparison.treatment.policies[0]

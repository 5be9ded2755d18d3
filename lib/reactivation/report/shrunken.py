"""Effects in parts of the users, each shrunk towards what they have in common: few users say little alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from reactivation.report.evidence import Evidence
from reactivation.report.facts import Facts
from reactivation.statistics.shrinkage import Posterior, shrunk

Row = Mapping[str, Any]
SMALL = 200
"""Fewer users than this on a side are shown as few."""
SPREAD = 0.02
"""Effects are taken to differ by at least so much (standard deviation, share of users) from their common mean."""
OPTION_SPREAD, MEAN_SPREAD = 0.03, 0.05
"""The lift of one option is taken to lie so far (standard deviation) from that of all, and theirs from a contact's."""
CONFIDENCE = 0.95


class Part(NamedTuple):
    """One part's effect after shrinkage, and as it was seen. first, second: users on the two sides."""

    key: str
    estimate: float
    low: float
    high: float
    seen: float
    first: int
    second: int
    wave: str = ""
    option: str = ""

    @property
    def is_small(self) -> bool:
        return min(self.first, self.second) < SMALL


class Seen(NamedTuple):
    """One part's effect as it was seen, with its standard error. shared: variance that options of a wave share."""

    key: str
    estimate: float
    error: float
    first: int
    second: int
    shared: float = 0.0
    wave: str = ""
    option: str = ""


def parts(seen: Sequence[Seen]) -> list[Part]:
    """Each part shrunk towards the mean of all; empty for none. One part alone stays as it is."""
    known = [one for one in seen if one.error > 0]
    errors = np.diag([one.error**2 for one in known])
    joint = shrunk([one.key for one in known], [one.estimate for one in known], errors, spread=SPREAD)
    return [_part(one, posterior) for one in known if (posterior := joint.of(one.key)) is not None]


def options(known: Evidence) -> list[Part]:
    """What each option does in each wave, from the exploration draws of all months, over all tiers.

    Tiers are pooled by precision. The options of a wave share the users who drew none: where these few were active by
    chance, all options look harmful, and their own mean is no better. So they are shrunk towards what a contact did on
    average by the month's own comparison, of which a single option may differ by `OPTION_SPREAD`, all by `MEAN_SPREAD`.

    References: Lindley and Smith, JRSS B 34 (1972), a normal prior of known variance.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for row in known.facts.response:
        if row["status"] == "estimated" and row["standard_error"]:
            found.setdefault((row["wave"], f"{row['channel']}/{row['benefit']}"), []).append(row)
    seen = [_pooled(wave, option, rows) for (wave, option), rows in sorted(found.items())]
    if not seen:
        return []
    errors = np.array([[_covariance(one, other) for other in seen] for one in seen])
    prior = OPTION_SPREAD**2 * np.eye(len(seen)) + MEAN_SPREAD**2
    kept = prior @ np.linalg.inv(prior + errors)
    centre = per_contact(known)
    means = centre + kept @ (np.array([one.estimate for one in seen]) - centre)
    variances = np.diag(prior - kept @ prior)
    return [
        _part(one, Posterior(float(mean), float(variance)))
        for one, mean, variance in zip(seen, means, variances, strict=True)
    ]


def per_contact(known: Evidence) -> float:
    """What a delivered contact did to the share active, on average: the effect among the model's picks over the
    contacts that each of them got; 0 where that is not known."""
    row = known.plain("touch_model", "active") or known.plain("touch_model", known.primary)
    is_picked = {"policy": "model", "is_selected": True, "touch": "touched"}
    picked = [r for r in known.facts.users if is_picked.items() <= r.items()]
    users, delivered = (sum(r.get(name) or 0 for r in picked) for name in ("users", "delivered"))
    if row is None or row["difference"] is None or not users:
        return 0.0
    per_user: float = max(delivered / users, 1.0)
    return float(row["difference"]) / per_user


def branches(known: Evidence, *, contrast: str = "touch_model") -> list[Part]:
    """The effect in each branch, as `readout` has it at its own level."""
    seen = []
    for row in known.rows(contrast=contrast, metric=known.primary, prefix="branch="):
        if row["status"] == "estimated" and row["difference_high"] is not None:
            width = row["difference_high"] - row["difference_low"]
            error = width / (2 * float(norm.isf((row["alpha"] or known.facts.asked["alpha"]) / 2)))
            name = row["segment"].removeprefix("branch=")
            seen.append(Seen(name, row["difference"], error, row["n_treatment"], row["n_control"]))
    return sorted(parts(seen), key=lambda part: -part.estimate)


def bands(facts: Facts) -> list[Part]:
    """The effect on picked users by band of p_active, 1 the highest: touched against held out, over all cells."""
    counts: dict[int, dict[str, list[int]]] = {}
    for row in facts.users:
        if row["band"] is not None and row["is_selected"] and row["touch"] in ("touched", "holdout"):
            side = counts.setdefault(row["band"], {}).setdefault(row["touch"], [0, 0])
            side[0] += row["users"]
            side[1] += row["active"]
    seen = []
    for band, sides in sorted(counts.items()):
        if {"touched", "holdout"} <= set(sides):
            (n1, k1), (n0, k0) = sides["touched"], sides["holdout"]
            seen.append(Seen(str(band), k1 / n1 - k0 / n0, _error([(k1, n1), (k0, n0)]), n1, n0))
    return parts(seen)


def _part(one: Seen, posterior: Posterior) -> Part:
    ends = posterior.interval(CONFIDENCE)
    sides = (one.estimate, one.first, one.second, one.wave, one.option)
    return Part(one.key, ends.estimate, ends.low, ends.high, *sides)


def _covariance(one: Seen, other: Seen) -> float:
    if one is other:
        return one.error**2
    return min(one.shared, other.shared) if one.wave == other.wave else 0.0


def _pooled(wave: str, option: str, rows: Sequence[Row]) -> Seen:
    weights = [1 / row["standard_error"] ** 2 for row in rows]
    total = sum(weights)
    each = list(zip([weight / total for weight in weights], rows, strict=True))
    lift = sum(weight * row["lift"] for weight, row in each)
    shared = sum((weight * (row["control_error"] or 0.0)) ** 2 for weight, row in each)
    first, second = (sum(row[name] for row in rows) for name in ("n_treatment", "n_control"))
    error = float(total**-0.5)
    return Seen(f"{wave} {option}", lift, error, first, second, 0.95 * min(shared, error**2), wave, option)


def _error(sides: Iterable[tuple[int, int]]) -> float:
    """Standard error of a difference of two shares; a half of a user is added to each kind, so that none is sure."""
    rates = [((k + 0.5) / (n + 1), n) for k, n in sides]
    return float(sum(rate * (1 - rate) / n for rate, n in rates) ** 0.5)

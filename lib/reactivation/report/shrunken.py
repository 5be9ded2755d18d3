"""Effects in parts of the users, each shrunk towards what they have in common: few users say little alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from reactivation.report.evidence import Evidence
from reactivation.report.facts import Facts
from reactivation.statistics.shrinkage import shrunk

Row = Mapping[str, Any]
SMALL = 200
"""Fewer users than this on a side are shown as few."""
SPREAD = 0.02
"""Effects are taken to differ by at least so much (standard deviation, share of users) from their common mean."""
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
    """One part's effect as it was seen, with its standard error. shared: variance that parts of a group share."""

    key: str
    estimate: float
    error: float
    first: int
    second: int
    group: str = ""
    shared: float = 0.0
    wave: str = ""
    option: str = ""


def parts(seen: Sequence[Seen]) -> list[Part]:
    """Each part shrunk towards the common mean; empty for none. One part alone stays as it is."""
    known = [one for one in seen if one.error > 0]
    if not known:
        return []
    variances = np.diag([one.error**2 for one in known])
    for i, first in enumerate(known):
        for j, second in enumerate(known):
            if i != j and first.group and first.group == second.group:
                variances[i, j] = min(first.shared, second.shared)
    joint = shrunk([one.key for one in known], [one.estimate for one in known], variances, spread=SPREAD)
    found = []
    for one in known:
        posterior = joint.of(one.key)
        assert posterior is not None
        ends = posterior.interval(CONFIDENCE)
        sides = (one.estimate, one.first, one.second, one.wave, one.option)
        found.append(Part(one.key, ends.estimate, ends.low, ends.high, *sides))
    return found


def options(facts: Facts) -> list[Part]:
    """What each option does in each wave, from the exploration draws of all months, over all tiers.

    Tiers are pooled by precision; options of a wave share the users who drew none.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for row in facts.response:
        if row["status"] == "estimated" and row["standard_error"]:
            found.setdefault((row["wave"], f"{row['channel']}/{row['benefit']}"), []).append(row)
    return parts([_pooled(wave, option, rows) for (wave, option), rows in sorted(found.items())])


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


def _pooled(wave: str, option: str, rows: Sequence[Row]) -> Seen:
    weights = [1 / row["standard_error"] ** 2 for row in rows]
    total = sum(weights)
    each = list(zip([weight / total for weight in weights], rows, strict=True))
    lift = sum(weight * row["lift"] for weight, row in each)
    shared = sum((weight * (row["control_error"] or 0.0)) ** 2 for weight, row in each)
    first, second = (sum(row[name] for row in rows) for name in ("n_treatment", "n_control"))
    error = float(total**-0.5)
    return Seen(f"{wave} {option}", lift, error, first, second, wave, 0.95 * min(shared, error**2), wave, option)


def _error(sides: Iterable[tuple[int, int]]) -> float:
    """Standard error of a difference of two shares; a half of a user is added to each kind, so that none is sure."""
    rates = [((k + 0.5) / (n + 1), n) for k, n in sides]
    return float(sum(rate * (1 - rate) / n for rate, n in rates) ** 0.5)

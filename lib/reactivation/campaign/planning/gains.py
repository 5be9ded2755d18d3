"""What each option of a wave is expected to add, learnt from exploration, and what the cell `model` makes of it.

Gains are known per tier, so within a tier all users of a wave have the same; the cells `rule` and `random` do not read
them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.stats import norm

from reactivation.campaign.planning.capacity import GUIDANCE, PricedOption
from reactivation.campaign.planning.settings import GUIDED_TIERS, NO_BENEFIT, Wave
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.contracts.derived import HALVES
from reactivation.frames import records
from reactivation.statistics.shrinkage import JointPosterior, shrunk

Lifted = tuple[str, str, str, str]
"""What a lift of `response` is of: tier, wave, channel and benefit."""
Known = Mapping[str, JointPosterior[Lifted]]
"""Expected gains of the options by tier."""

_CENT = Decimal("0.01")
_NOTHING: JointPosterior[Lifted] = shrunk([], [], np.empty((0, 0)), spread=0.0)


def known(rows: Iterable[Mapping[str, Any]], settings: TierSettings) -> Known:
    """Lifts of `response`, each drawn towards the mean of all options of its tier, in whatever wave.

    rows: of one cycle; what is not estimated is not known. Options of a tier and wave are compared with the same draws
    of `none`: what chance did to these is in all of their lifts, as `control_error` says. See `shrinkage`.
    """
    seen: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["status"] == "estimated" and row["standard_error"]:
            seen.setdefault(row["tier"], []).append(row)
    return {tier: _together(seen[tier], settings) for tier in sorted(seen)}


def _together(rows: Sequence[Mapping[str, Any]], settings: TierSettings) -> JointPosterior[Lifted]:
    return shrunk(
        [lifted(row) for row in rows],
        [row["lift"] for row in rows],
        covariance(rows),
        spread=settings.lift_spread_share,
    )


def lifted(row: Mapping[str, Any]) -> Lifted:
    """What a row of `response` is the lift of."""
    return row["tier"], row["wave"], row["channel"], row["benefit"]


def covariance(rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
    """Of the errors of lifts of one tier: options of a wave have the error of their control in common."""
    own, control = ([float(row[name] or 0.0) for row in rows] for name in ("standard_error", "control_error"))
    shared = [[a["wave"] == b["wave"] for a in rows] for b in rows]
    common = np.array(shared) * np.minimum.outer(control, control) ** 2
    found: npt.NDArray[np.float64] = np.where(
        np.eye(len(rows), dtype=bool), np.square(own), np.minimum(common, 0.99 * _least(own))
    )
    return found


def _least(errors: Sequence[float]) -> npt.NDArray[np.float64]:
    """The smaller variance of each pair: two errors cannot have more than that in common."""
    found: npt.NDArray[np.float64] = np.minimum.outer(errors, errors) ** 2
    return found


def reestimated(
    rows: Iterable[Mapping[str, Any]], *, wave: str, costs: Mapping[tuple[str, str], float], settings: TierSettings
) -> JointPosterior[Lifted]:
    """Lifts of a wave's options for high_potential, each valued by draws that did not choose it: cross-fitting.

    Whichever option looks best owes some of that to chance. So each half of the users puts the options in order, by
    gains as of `known` less costs; the other half's own lift, drawn to nothing, values whatever stands at a place; and
    an option gets the mean of both values of the place where the draws of all users put it. The mean is that of a
    choice by half of the draws, so it is unbiased for such a choice and, if anything, low for one by all of them.
    rows: as for `known`. costs: of a contact by (channel, benefit), as a share of what an active user is worth. Nothing
    where some option was estimated from all draws, but not from those of each half.

    References: Chernozhukov et al., Econometrica 93 (2025), sorted groups; Andrews, Kitagawa and McCloskey, Quarterly
    Journal of Economics 139 (2024), sample splitting.
    """
    every = [
        row
        for row in rows
        if row["tier"] == "high_potential" and row["status"] == "estimated" and row["standard_error"]
    ]
    samples = [every, *(_of_half(every, half) for half in HALVES)]
    own = [[row for row in sample if row["wave"] == wave and lifted(row)[2:] in costs] for sample in samples]
    if not own[0] or len({len(sample) for sample in own}) > 1:
        return _NOTHING

    def order(sample: int) -> list[Lifted]:
        gains = known(samples[sample], settings)["high_potential"]
        return sorted(map(lifted, own[sample]), key=lambda key: costs[key[2:]] - gains.combined({key: 1.0}).mean)

    keys, means, errors = order(0), np.zeros(len(own[0])), np.zeros((len(own[0]), len(own[0])))
    for chooses, values in ((1, 2), (2, 1)):
        place = {lifted(row): n for n, row in enumerate(own[values])}
        at = [place[key] for key in order(chooses)]
        means += np.array([float(row["lift"]) for row in own[values]])[at] / 2
        errors += covariance(own[values])[np.ix_(at, at)] / 4
    return JointPosterior(tuple(keys), means, errors)


def _of_half(rows: Sequence[Mapping[str, Any]], half: str) -> list[Mapping[str, Any]]:
    """Rows of `response` as one half of the users has them; those that it could not estimate are left out."""
    names, known_there = ("lift", "standard_error", "control_error"), f"standard_error_{half}"
    return [{**row, **{name: row[f"{name}_{half}"] for name in names}} for row in rows if row.get(known_there)]


def newest(response: DataFrame) -> list[dict[str, Any]]:
    """Rows of the newest cycle in some rows of `response`, of which every month has a few."""
    rows = records(response)
    last = max((row["cycle"] for row in rows), default=None)
    return [row for row in rows if row["cycle"] == last]


@dataclass(frozen=True)
class WaveGains:
    """Of one wave: gains of its options in conf's order (None: not known), and those of guidance by tier.

    order: the options as the cell `model` offers them, by their place in conf. mean: of the gains of all options of the
    tier, in whatever wave; None where none is known. others: the options' lifts by draws that did not choose them, of
    `reestimated`; nothing is decided by them.
    """

    options: tuple[float | None, ...]
    guidance: Mapping[str, float]
    order: tuple[int, ...]
    mean: float | None = None
    others: JointPosterior[Lifted] = _NOTHING

    def of_users(self, options: Sequence[PricedOption], *, lift: Column | None = None) -> list[Column]:
        """What each option adds to a user's P(active), in conf's order, null where it is not known.

        Learnt by tier, so all whom the model picks have the same. lift: what the whole month is learnt to add to the
        user, null where it is not; an option then adds that times its factor: its gain over the mean of all options.
        Gains are drawn towards that mean, and so the factors to 1.
        """
        of_tier = [F.lit(gain).cast("double") for _, gain in zip(options, self.options, strict=True)]
        if lift is None or self.mean is None or self.mean <= 0:
            return of_tier
        factors = [None if gain is None else gain / self.mean for gain in self.options]
        return [F.coalesce(lift * F.lit(by).cast("double"), one) for by, one in zip(factors, of_tier, strict=True)]

    def column(
        self,
        option: Column,
        *,
        options: Sequence[PricedOption],
        tier: Column,
        is_model: Column,
        lift: Column | None = None,
    ) -> Column:
        """Expected gain of the option (its label) that a user of the cell `model` gets; null in the other cells.

        options: the wave's, in conf's order. lift: as for `of_users`.
        """
        labels = [one.label for one in options]
        cases = [F.when(option == name, of) for name, of in zip(labels, self.of_users(options, lift=lift), strict=True)]
        is_guidance = option == GUIDANCE
        cases += [F.when(is_guidance & (tier == name), F.lit(gain)) for name, gain in self.guidance.items()]
        return F.when(is_model, F.coalesce(*cases, F.lit(None).cast("double")))


def of_wave(
    wave: Wave, name: str, costs: Sequence[Decimal], *, known: Known, guidance_channel: str, settings: TierSettings
) -> WaveGains:
    """What is known of a wave's options for the users whom the model picks (high_potential), and of guiding others.

    The model's cell offers conf's order, except that an option moves ahead of those before it which it surely beats:
    the interval of the difference of gains per unit of cost excludes 0 (a free contact costs one cent). An option whose
    gain is surely below 0 is not offered there. What is not known neither moves nor is passed. Surely: at the
    confidence of conf for all options of the tier together (Bonferroni), as any one of them would change the wave.
    """
    gains = known.get("high_potential", _NOTHING)
    keys = [("high_potential", name, option.channel, option.benefit) for option in wave.options]
    found = [gains.of(key) for key in keys]
    alpha = (1 - settings.confidence) / max(len(gains.keys), 1)
    z = float(norm.isf(alpha / 2))
    price = [1 / float(max(cost, _CENT)) for cost in costs]

    def surely_beats(one: int, other: int) -> bool:
        if found[one] is None or found[other] is None:
            return False
        mean, variance = gains.combined({keys[one]: price[one], keys[other]: -price[other]})
        return mean > z * sqrt(variance)

    order: list[int] = []
    for place, gain in enumerate(found):
        if gain is not None and gain.mean + z * sqrt(gain.variance) < 0:
            continue
        at = len(order)
        while at and surely_beats(place, order[at - 1]):
            at -= 1
        order.insert(at, place)
    guided = {tier: known.get(tier, _NOTHING).of((tier, name, guidance_channel, NO_BENEFIT)) for tier in GUIDED_TIERS}
    means = tuple(None if gain is None else gain.mean for gain in found)
    every = [gain.mean for key in gains.keys if (gain := gains.of(key))]
    mean = sum(every) / len(every) if every else None
    return WaveGains(means, {tier: gain.mean for tier, gain in guided.items() if gain}, tuple(order), mean)


def in_conf_order(wave: Wave) -> WaveGains:
    """While nothing is known: conf's order."""
    return WaveGains((None,) * len(wave.options), {}, tuple(range(len(wave.options))))


def told(gains: WaveGains, wave: Wave, name: str, *, moved: Mapping[str, float], confidence: float) -> list[str]:
    """What a run prints of the options that the model's cell chose. moved: users it expects them to move, by label."""
    every = sum(moved.values())
    if not every:
        return []
    first = f"the model's cell expects its options to move {every:.1f} users"
    weights = {
        key: moved.get(option.label, 0.0) / gain
        for option, gain in zip(wave.options, gains.options, strict=True)
        if gain and (key := ("high_potential", name, option.channel, option.benefit)) in gains.others.keys
    }
    if not weights:
        return [f"{first}; too few draws in each half of the users to value what the other half chooses"]
    found = gains.others.combined(weights).interval(confidence)
    return [f"{first}; by draws that did not choose them {found.estimate:.1f} ({found.low:.1f} to {found.high:.1f})"]

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
from reactivation.frames import by_value, records
from reactivation.statistics.shrinkage import JointPosterior, Posterior, shrunk

Lifted = tuple[str, str, str, str]
"""What a lift of `response` is of: tier, wave, channel and benefit."""
Known = Mapping[str, JointPosterior[Lifted]]
"""Expected gains of the options by tier."""

_CENT = Decimal("0.01")
NOTHING: JointPosterior[Lifted] = shrunk([], [], np.empty((0, 0)), spread=0.0)


def known(rows: Iterable[Mapping[str, Any]], settings: TierSettings, level: Posterior | None = None) -> Known:
    """Lifts of `response`, each drawn towards the mean of all options of its tier, in whatever wave.

    rows: of one cycle; what is not estimated is not known. Options of a tier and wave are compared with the same draws
    of `none`: what chance did to these is in all of their lifts, as `control_error` says. level: what a contact of
    high_potential adds (of `intensity.level`), where it is known; it steadies the mean, for few users draw `none`. See
    `shrinkage`.
    """
    seen: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["status"] == "estimated" and row["standard_error"]:
            seen.setdefault(row["tier"], []).append(row)
    return {tier: _together(seen[tier], settings, level if tier == "high_potential" else None) for tier in sorted(seen)}


def _together(
    rows: Sequence[Mapping[str, Any]], settings: TierSettings, level: Posterior | None
) -> JointPosterior[Lifted]:
    return shrunk(
        [lifted(row) for row in rows],
        [row["lift"] for row in rows],
        covariance(rows),
        spread=settings.lift_spread_share,
        level=level,
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


def figures_of(rows: Iterable[Mapping[str, Any]], named: str) -> list[Mapping[str, Any]]:
    """Rows of `response` with the figures that it has under other names; those without are left out.

    named: `{}_first` reads lift_first in place of lift, and so on.
    """
    names = ("lift", "standard_error", "control_error")
    asked = [row for row in rows if row.get(named.format("standard_error"))]
    return [{**row, **{name: row[named.format(name)] for name in names}} for row in asked]


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
    `reestimated`; nothing is decided by them. contacts_per_user: of a month, per pick of the model; None: not known.
    mean_variance: how unsure the mean is. assets: what each option adds to P(asset uplift), as `options`; empty: not
    asked for.
    """

    options: tuple[float | None, ...]
    guidance: Mapping[str, float]
    order: tuple[int, ...]
    mean: float | None = None
    others: JointPosterior[Lifted] = NOTHING
    contacts_per_user: float | None = None
    mean_variance: float = 0.0
    assets: tuple[float | None, ...] = ()

    def of_users(self, options: Sequence[PricedOption], *, lift: Column | None = None) -> list[Column]:
        """What each option adds to a user's P(active), in conf's order, null where it is not known.

        Learnt by tier, so all whom the model picks have the same. lift: what a month open to contact is learnt to add
        to the user, null where it is not; an option then adds that by contact of a pick (contacts are taken to add
        alike, as for `level`), times its `factor`. Where contacts per user are not known, the tier's gains count.
        """
        of_tier = [F.lit(gain).cast("double") for _, gain in zip(options, self.options, strict=True)]
        if lift is None or self.mean is None or self.mean <= 0 or not self.contacts_per_user:
            return of_tier
        by = [None if gain is None else self.factor(gain) / self.contacts_per_user for gain in self.options]
        return [F.coalesce(lift * F.lit(each).cast("double"), one) for each, one in zip(by, of_tier, strict=True)]

    def worths(
        self, options: Sequence[PricedOption], *, active_user: Decimal, asset_uplift: Decimal, lift: Column | None
    ) -> list[Column]:
        """What each option's gains are worth for a user, in conf's order; null where `of_users` does not know them.

        Each gain counts at what such a user is worth; one of assets that is not known counts nothing.
        """
        assets = [(gain or 0.0) * float(asset_uplift) for gain in self.assets or (None,) * len(self.options)]
        gains = self.of_users(options, lift=lift)
        return [gain * float(active_user) + of for gain, of in zip(gains, assets, strict=True)]

    def factor(self, gain: float) -> float:
        """A gain over the mean of all options, drawn to 1 as far as that mean is unsure: 1 + (g - m) m / (m² + var m).

        Never below 0: an option that harms on average does not help whom a contact is learnt to harm.
        """
        assert self.mean is not None
        return max(0.0, 1 + (gain - self.mean) * self.mean / (self.mean**2 + self.mean_variance))

    def columns(
        self,
        option: Column,
        *,
        options: Sequence[PricedOption],
        tier: Column,
        is_model: Column,
        lift: Column | None = None,
    ) -> dict[str, Column]:
        """expected_gain and expected_asset_gain of the option (its label) that a user of the cell `model` gets.

        Null in the other cells. options: the wave's, in conf's order. lift: as for `of_users`.
        """
        labels = [one.label for one in options]
        cases = [F.when(option == name, of) for name, of in zip(labels, self.of_users(options, lift=lift), strict=True)]
        is_guidance = option == GUIDANCE
        cases += [F.when(is_guidance & (tier == name), F.lit(gain)) for name, gain in self.guidance.items()]
        assets = dict(zip(labels, self.assets, strict=False))
        found = {"expected_gain": F.coalesce(*cases), "expected_asset_gain": by_value(option, assets)}
        return {name: F.when(is_model, gain.cast("double")) for name, gain in found.items()}


def of_wave(
    wave: Wave,
    name: str,
    costs: Sequence[Decimal],
    *,
    known: Known,
    guidance_channel: str,
    settings: TierSettings,
    level: Posterior | None = None,
) -> WaveGains:
    """What is known of a wave's options for the users whom the model picks (high_potential), and of guiding others.

    The model's cell offers conf's order, except that an option moves ahead of those before it which it surely beats:
    the interval of the difference of gains per unit of cost excludes 0 (a free contact costs one cent). An option whose
    gain is surely below 0 is not offered there. What is not known neither moves nor is passed. Surely: at the
    confidence of conf for all options of the tier together (Bonferroni), as any one of them would change the wave.
    level: as for `known`; where it is known, an option without an estimate of its own is worth the mean of the options.
    Guidance is known by draws of the option that sends the same message, if the wave has one.
    """
    gains = known.get("high_potential", NOTHING)
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
    message = (guidance_channel, NO_BENEFIT, wave.guide_to)
    is_drawn = message in [(option.channel, option.benefit, option.guide_to) for option in wave.options]
    guided = {tier: known.get(tier, NOTHING).of((tier, name, *message[:2])) for tier in GUIDED_TIERS if is_drawn}
    another = None if level is None else (gains.common or level).mean
    means = tuple(another if gain is None else gain.mean for gain in found)
    guides = {tier: gain.mean for tier, gain in guided.items() if gain}
    if not (every := [key for key in gains.keys if gains.of(key)]):
        return WaveGains(means, guides, tuple(order))
    mean, variance = gains.combined(dict.fromkeys(every, 1 / len(every)))
    return WaveGains(means, guides, tuple(order), mean, mean_variance=variance)


def of_assets(
    rows: Iterable[Mapping[str, Any]], wave: Wave, name: str, settings: TierSettings
) -> tuple[float | None, ...]:
    """What each option of a wave adds to P(asset uplift) of high_potential, in conf's order; None: nothing is known.

    rows: as for `known`; lifts of assets are drawn towards their mean in the same way, and one that is not known is it.
    """
    found = known(figures_of(rows, "asset_{}"), settings).get("high_potential", NOTHING)
    gains = [found.of(("high_potential", name, option.channel, option.benefit)) for option in wave.options]
    return tuple(None if gain is None else gain.mean for gain in (one or found.common for one in gains))


def in_conf_order(wave: Wave) -> WaveGains:
    """While nothing is known: conf's order."""
    return WaveGains((None,) * len(wave.options), {}, tuple(range(len(wave.options))))

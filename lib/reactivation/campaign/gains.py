"""What each option of a wave is expected to add, learnt from exploration, and what the cell `model` makes of it.

Gains are known per tier, so within a tier all users of a wave have the same; the cells `rule` and `random` do not read
them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.stats import norm

from reactivation.campaign.learning_settings import TierSettings
from reactivation.campaign.settings import NO_BENEFIT, Wave
from reactivation.campaign.shrinkage import Effect, Posterior, shrunk
from reactivation.frames import records

Known = Mapping[tuple[str, str, str, str], Posterior]
"""Expected gain by tier, wave, channel and benefit."""

_CENT = Decimal("0.01")


def known(rows: Iterable[Mapping[str, Any]], settings: TierSettings) -> dict[tuple[str, str, str, str], Posterior]:
    """Lifts of `response`, each drawn towards the mean of all options of its tier, in whatever wave.

    rows: of one cycle; what is not estimated is not known. See `shrinkage.shrunk`.
    """
    seen: dict[str, dict[tuple[str, str, str, str], Effect]] = {}
    for row in rows:
        if row["status"] == "estimated" and row["standard_error"]:
            key = (row["tier"], row["wave"], row["channel"], row["benefit"])
            seen.setdefault(row["tier"], {})[key] = Effect(row["lift"], row["standard_error"] ** 2)
    return {
        key: posterior
        for tier in sorted(seen)
        for key, posterior in shrunk(seen[tier], spread=settings.lift_spread_share).items()
    }


def newest(response: DataFrame) -> list[dict[str, Any]]:
    """Rows of the newest cycle in some rows of `response`."""
    cycle = response.agg(F.max("cycle").alias("cycle")).collect()[0].cycle
    return records(response.where(F.col("cycle") == F.lit(cycle)))


@dataclass(frozen=True)
class WaveGains:
    """Of one wave: gains of its options in conf's order (None: not known), and that of guidance.

    order: the options as the cell `model` offers them, by their place in conf.
    """

    options: tuple[float | None, ...]
    guidance: float | None
    order: tuple[int, ...]

    def column(self, option: Column, *, is_model: Column) -> Column:
        """Expected gain of the option a user of the cell `model` gets; null in the other cells, which read none."""
        gains = [*self.options, self.guidance]
        cases = [F.when(option == place, F.lit(gain)) for place, gain in enumerate(gains) if gain is not None]
        return F.when(is_model, F.coalesce(*cases, F.lit(None).cast("double")))


def of_wave(
    wave: Wave, name: str, costs: Sequence[Decimal], *, known: Known, guidance_channel: str, settings: TierSettings
) -> WaveGains:
    """What is known of a wave's options for the users whom the model picks (high_potential) and guides (low_potential).

    The model's cell offers conf's order, except that an option moves ahead of those before it which it surely beats:
    the interval of the difference of gains per unit of cost excludes 0 (a free contact costs one cent). An option whose
    gain is surely below 0 is not offered there. What is not known neither moves nor is passed.
    """
    found = [known.get(("high_potential", name, option.channel, option.benefit)) for option in wave.options]
    z = float(norm.ppf(0.5 + settings.confidence / 2))
    order: list[int] = []
    for place, gain in enumerate(found):
        if gain is not None and gain.mean + z * sqrt(gain.variance) < 0:
            continue
        at = len(order)
        while at and _surely_beats(gain, found[order[at - 1]], costs[place], costs[order[at - 1]], z):
            at -= 1
        order.insert(at, place)
    guided = known.get(("low_potential", name, guidance_channel, NO_BENEFIT))
    means = tuple(None if gain is None else gain.mean for gain in found)
    return WaveGains(means, None if guided is None else guided.mean, tuple(order))


def as_conf(wave: Wave) -> WaveGains:
    """While nothing is known: conf's order."""
    return WaveGains((None,) * len(wave.options), None, tuple(range(len(wave.options))))


def _surely_beats(one: Posterior | None, other: Posterior | None, cost: Decimal, others: Decimal, z: float) -> bool:
    if one is None or other is None:
        return False
    a, b = float(max(cost, _CENT)), float(max(others, _CENT))
    difference = one.mean / a - other.mean / b
    return difference > z * sqrt(one.variance / a**2 + other.variance / b**2)

"""What a wave's options are worth by draws that had no part in choosing them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reactivation.campaign.planning.gains import NOTHING, Lifted, WaveGains, covariance, figures_of, known, lifted
from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.contracts.derived import HALVES
from reactivation.statistics.shrinkage import JointPosterior


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
    samples = [every, *(figures_of(every, f"{{}}_{half}") for half in HALVES)]
    own = [[row for row in sample if row["wave"] == wave and lifted(row)[2:] in costs] for sample in samples]
    if not own[0] or len({len(sample) for sample in own}) > 1:
        return NOTHING

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


def told(gains: WaveGains, wave: Wave, name: str, *, moved: Mapping[str, float], confidence: float) -> list[str]:
    """What a run prints of the options that the model's cell chose. moved: users it expects them to move, by label.

    Draws that did not choose value the options of which each half of the users has draws; the rest is named apart.
    """
    every = sum(moved.values())
    if not every:
        return []
    first = f"the model's cell expects its options to move {every:.1f} users"
    known_of = {
        option.label: (key, gain)
        for option, gain in zip(wave.options, gains.options, strict=True)
        if gain and (key := ("high_potential", name, option.channel, option.benefit)) in gains.others.keys
    }
    weights = {key: moved[label] / gain for label, (key, gain) in known_of.items() if label in moved}
    if not weights:
        return [f"{first}; too few draws in each half of the users to value what the other half chooses"]
    found = gains.others.combined(weights).interval(confidence)
    others = f"by draws that did not choose them {found.estimate:.1f} ({found.low:.1f} to {found.high:.1f})"
    rest = sum(users for label, users in moved.items() if label not in known_of)
    if not rest:
        return [f"{first}; {others}"]
    valued = f"{every - rest:.1f} by options with draws in each half of the users, {others}"
    return [f"{first}: {valued}; {rest:.1f} by options without"]

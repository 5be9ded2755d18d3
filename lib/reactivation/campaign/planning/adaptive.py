"""Exploration that goes to what is likely best: probabilities by settled months, fixed before the first wave.

More draws of good options cost less and tell more of them. Each keeps a least probability, so that all stay known.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reactivation.campaign.planning.gains import Lifted, covariance, lifted
from reactivation.campaign.planning.settings import LEAST_SHARE, Wave
from reactivation.campaign.tiers.settings import TierSettings
from reactivation.statistics.shrinkage import JointPosterior, shrunk

_TIER = "high_potential"
_DRAWS, _SEED = 20_000, 20260501
_HUNDREDTHS = 100


def posterior(
    rows: Iterable[Mapping[str, Any]], months: Iterable[Mapping[str, Any]], settings: TierSettings
) -> JointPosterior[Lifted]:
    """Lifts of the options for high_potential, each drawn towards their mean; months differ by more than chance.

    rows: of `response`, over all months, with users as clusters. months: the same by `cycle`. An option's lift in a
    month is its lift plus a part of the month's own, whose variance comes from the months by moments, for all options
    together; of the mean over months it leaves the sum of the squares of the months' parts in the draws.

    Reference: DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
    """
    own = [row for row in rows if row["tier"] == _TIER and row["status"] == "estimated" and row["standard_error"]]
    by_option: dict[Lifted, list[Mapping[str, Any]]] = defaultdict(list)
    for row in months:
        if row["tier"] == _TIER and row["status"] == "estimated" and row["standard_error"]:
            by_option[lifted(row)].append(row)
    between = between_months(list(by_option.values()))
    of_month = [between * _concentration(by_option[lifted(row)]) for row in own]
    errors = covariance(own) + np.diag(of_month) if own else np.empty((0, 0))
    return shrunk([lifted(row) for row in own], [row["lift"] for row in own], errors, spread=settings.lift_spread_share)


def between_months(options: Sequence[Sequence[Mapping[str, Any]]]) -> float:
    """Variance of the months' own part in the lifts of some options, by moments; 0 where chance explains them."""
    excess = room = 0.0
    for rows in options:
        weights = np.array([row["standard_error"] ** -2 for row in rows])
        lifts, every = np.array([row["lift"] for row in rows]), float(weights.sum())
        off = lifts - float(weights @ lifts) / every
        excess += float(weights @ off**2) - (len(rows) - 1)
        room += every - float(weights @ weights) / every
    return max(0.0, excess / room) if room > 0 else 0.0


def odds(
    known: JointPosterior[Lifted], wave: Wave, name: str, *, costs: Mapping[str, float], none: float
) -> tuple[float, ...]:
    """Probabilities of a wave's options in conf's order; empty, so all alike, where one is not known or two are one.

    known: of `posterior`. costs: by label, as a share of what an active user is worth. none: P(nothing is sent). Each
    option has its least share, and a part of the rest by the probability that it is the best one, lift less cost.
    """
    keys = [(_TIER, name, option.channel, option.benefit) for option in wave.options]
    if not set(keys) <= set(known.keys) or len(set(keys)) < len(keys):
        return ()
    at = [known.keys.index(one) for one in keys]
    net = known.means[at] - np.array([costs[option.label] for option in wave.options])
    return probabilities(is_best(net, known.covariance[np.ix_(at, at)]).tolist(), none=none)


def is_best(means: npt.NDArray[np.float64], errors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """P(each is the largest) of jointly normal values, by draws of a fixed seed."""
    drawn = np.random.default_rng(_SEED).multivariate_normal(means, errors, size=_DRAWS, check_valid="ignore")
    found: npt.NDArray[np.float64] = np.bincount(drawn.argmax(axis=1), minlength=len(means)) / _DRAWS
    return found


def probabilities(best: Sequence[float], *, none: float) -> tuple[float, ...]:
    """Shares of all draws in whole hundredths: for each option the least one, the rest by `best`; largest remainders.

    >>> probabilities([0.62, 0.28, 0.10], none=0.25)
    (0.38, 0.23, 0.14)
    """
    least = round(LEAST_SHARE * _HUNDREDTHS)
    rest = int((1 - none) * _HUNDREDTHS + 1e-9) - least * len(best)
    wanted = rest * np.array(best) / sum(best)
    whole = np.floor(wanted + 1e-9)
    first = np.argsort(whole - wanted, kind="stable")[: rest - int(whole.sum())]
    whole[first] += 1
    return tuple(((least + whole) / _HUNDREDTHS).tolist())


def _concentration(rows: Sequence[Mapping[str, Any]]) -> float:
    """Sum of the squares of the months' parts in an option's draws; 1 where they are not known."""
    users = np.array([row["n_treatment"] for row in rows], dtype=float)
    return float((users**2).sum() / users.sum() ** 2) if users.sum() else 1.0

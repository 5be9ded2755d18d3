"""The best plan there is, when the truth is known: one contact per user at most, within the month's limits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from reactivation.errors import Finding, SettingsError

Floats = npt.NDArray[np.float64]


class Best(NamedTuple):
    """value: mean rise per user of the sample; contacted: share of them; spend: per user, in the region's currency."""

    value: float
    contacted: float
    spend: float


def best(
    gains: Floats,
    *,
    options: Sequence[tuple[str, str]],
    costs: Mapping[tuple[str, str], float],
    capacity: Mapping[str, float],
    budget: float,
) -> Best:
    """The plan with the largest mean rise, by linear programming (HiGHS); shares of a user are allowed.

    gains: rise of the true probability, users x options; nan where an option cannot be had. options: (channel, benefit)
    of the columns. capacity: contacts per channel and user of the sample. budget: spend per user of the sample. Few
    users are shared: at most as many as there are limits, so the value is that of a whole plan but for these.

    Reference: Dantzig, Operations Research 5 (1957), on the fractional knapsack, of which this is the one with several
    limits and choices.
    """
    users, width = gains.shape
    if width != len(options):
        raise SettingsError("gains do not fit", [Finding("shape", str(gains.shape), f"{len(options)} options")])
    who, what = np.nonzero(np.nan_to_num(gains, nan=0.0) > 0)
    if not len(who):
        return Best(0.0, 0.0, 0.0)
    worth = gains[who, what]
    price = np.array([costs[option] for option in options])[what]
    channels = sorted(capacity)
    place = np.array([channels.index(channel) for channel, _ in options])[what]
    column = np.arange(len(who))
    rows = np.concatenate([who, users + place, np.full(len(who), users + len(channels))])
    values = np.concatenate([np.ones(len(who)), np.ones(len(who)), price])
    limits = [*np.ones(users), *(capacity[channel] * users for channel in channels), budget * users]
    matrix = csr_matrix((values, (rows, np.tile(column, 3))), shape=(len(limits), len(who)))
    found = linprog(-worth, A_ub=matrix, b_ub=limits, bounds=(0, 1), method="highs")
    return Best(float(-found.fun / users), float(found.x.sum() / users), float(price @ found.x / users))

"""How much money a user has: a level of the user's own, raised by inflows that fade from month to month.

A user has at most one inflow a month. Its size is drawn for user and month, whether or not it comes; a delivered
contact adds to the hazard of its own month, and what it brought is gone a month later. So the probability that assets
rise by more than a share and an amount is known in closed form: that of the inflow, where it would be large enough.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from reactivation_lab.bank import touches
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.settings import SandboxSettings

_REMEMBERED_MONTHS = 3


def level(month: Column, inflow: Column, settings: SandboxSettings) -> Column:
    """Assets at the end of a month as a multiple of the user's usual ones; inflow: what came in this month."""
    return _before(month, settings) + inflow + _noise(month, settings)


def mid_level(month: Column, settings: SandboxSettings) -> Column:
    """Assets at the end of a month's 15th, before its contacts can have moved anything: half of the inflow is there."""
    alone = F.when(comes(month, F.lit(0.0), settings), size(month, settings)).otherwise(0.0)
    return _before(month, settings) + alone / 2


def size(month: Column, settings: SandboxSettings) -> Column:
    """What an inflow in this month would be, as a multiple of the usual assets."""
    flows, rng = settings.flows, HashRng(settings.seed)
    on_top = F.exp(flows.log_size + flows.size_spread * rng.normal("inflow_size", "user_id", month))
    return flows.smallest_share + on_top


def p_comes(moved: Column, settings: SandboxSettings) -> Column:
    """Probability of an inflow in a month, with what contacts add to its hazard or take from it."""
    least = F.col("flow_rate") * settings.effects.least_rate_share
    return 1 - F.exp(-F.greatest(F.col("flow_rate") + moved, least))


def comes(month: Column, moved: Column, settings: SandboxSettings) -> Column:
    """Whether the inflow comes: the same draw with and without contacts."""
    return HashRng(settings.seed).uniform("inflow", "user_id", month) < p_comes(moved, settings)


def moved(first: Column, last: Column, settings: SandboxSettings) -> Column:
    """What the contacts delivered from one day to another, both included, add to the hazard of their month's inflow."""
    added = touches.total(lambda touch: touch["strength"], lambda touch: touch["day"].between(first, last))
    return added * settings.effects.asset_flow


def _before(month: Column, settings: SandboxSettings) -> Column:
    """The usual level and what earlier months' inflows have left, those of contacts left out."""
    left = [
        F.when(comes(month - back, F.lit(0.0), settings), size(month - back, settings)).otherwise(0.0)
        * settings.flows.kept_share**back
        for back in range(1, _REMEMBERED_MONTHS + 1)
    ]
    return sum(left, F.lit(1.0))


def _noise(month: Column, settings: SandboxSettings) -> Column:
    return settings.flows.noise_share * (2 * HashRng(settings.seed).uniform("balance_noise", "user_id", month) - 1)

"""A part of `read_out`: what the users of the month's arms did, in the outcome window and once it is known after it."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import activity, campaign, experiment, labels
from reactivation.periods import Month, Window
from reactivation.runtime.ingested import require_ingested
from reactivation.runtime.run import Run
from reactivation.tables import canonical, derived


def write_outcomes(r: Run, window: Window) -> None:
    """Replaces exactly this cycle's outcomes."""
    sources, is_now = r.read_present(canonical.ALL), F.col("cycle") == str(r.cycle)
    assets = labels.asset_change(
        sources.get("asset_snapshots"),
        month=r.cycle,
        known_before=r.calendar.settle_on(r.cycle),
        calendar=r.calendar,
        settings=r.settings.labels,
    )
    table = experiment.outcomes(
        labels.with_active_days(_behaviour(r, sources, window, month=r.cycle), window),
        assets=assets,
        later=_later(r, sources),
        wave_plan=r.read(derived.WAVE_PLAN, is_now),
        sources=sources,
        benefits=campaign.waves.benefits_offered(r.settings.campaign),
        channel_cost=r.settings.campaign.channel_cost_cny,
        cycle=r.cycle,
        window=window,
        calendar=r.calendar,
    )
    r.write(derived.OUTCOMES, table)


def _behaviour(r: Run, sources: Mapping[str, DataFrame], window: Window, *, month: Month) -> DataFrame:
    """What the users of this cycle's arms did in a window of a month, as known when that month settled."""
    straight = activity.straight(
        sources,
        window=window,
        known_before=r.calendar.settle_on(month),
        calendar=r.calendar,
        settings=r.settings.activity,
        beside=labels.MEASURES,
    )
    users = r.read(derived.ARMS, F.col("cycle") == str(r.cycle)).select("user_id")
    return labels.on_spine(users, labels.behaviour(sources, straight, r.settings.labels), sources)


def _later(r: Run, sources: Mapping[str, DataFrame]) -> DataFrame | None:
    """What they did in the month after, once it has settled and its rows are in."""
    month, settles_on = r.cycle + 1, r.calendar.settle_on(r.cycle + 1)
    if r.as_of is None or r.as_of < settles_on:
        return None
    require_ingested(r, settles_on)
    follow_up = r.settings.experiment.follow_up(month.window)
    return labels.with_later(_behaviour(r, sources, month.window, month=month), follow_up=follow_up)

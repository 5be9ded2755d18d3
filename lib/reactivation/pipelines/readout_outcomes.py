"""A part of `read_out`: what the users of the month's arms did, in the outcome window and once it is known after it."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, features, labels
from reactivation.campaign.planning.settings import NO_BENEFIT
from reactivation.contracts import derived
from reactivation.frames import records
from reactivation.periods import Window
from reactivation.pipelines import configured_sources, releases
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import knows


def write_outcomes(r: Run, window: Window) -> None:
    """Replaces exactly this cycle's outcomes: those of the settled month, and of the next one once it is known."""
    settles_on = r.calendar.settle_on(r.cycle)
    r.write(derived.OUTCOMES, known_outcomes(r, window, known_before=settles_on, later=_later(r)))


def known_outcomes(r: Run, window: Window, *, known_before: date, later: DataFrame | None = None) -> DataFrame:
    """The cycle's outcomes in a window, as known before 00:00 of a day. later: see `experiment.outcomes`."""
    sources, is_now = configured_sources.sources(r), F.col("cycle") == str(r.cycle)
    is_over = known_before >= (r.cycle + 1).first
    assets = labels.asset_change(
        sources.get("asset_snapshots") if is_over else None,
        month=r.cycle,
        known_before=known_before,
        calendar=r.calendar,
        settings=r.settings.labels,
    )
    return experiment.outcomes(
        labels.with_active_days(behaviour(r, sources, window, known_before=known_before), window),
        assets=assets,
        later=later,
        released=releases.contacts(r, is_now),
        sources=_by_sender(r, sources),
        benefits=offered(r),
        channel_cost=r.settings.campaign.channel_cost_cny,
        cycle=r.cycle,
        window=window,
        known_before=known_before,
        calendar=r.calendar,
    )


def offered(r: Run) -> tuple[str, ...]:
    """Codes of the benefits that the cycle's waves offer, as registered, and of those that one offered by force."""
    released = records(releases.contacts(r, F.col("cycle") == str(r.cycle)).select("benefit").distinct())
    by_force = {row["benefit"] for row in released} - {NO_BENEFIT, None}
    return tuple(dict.fromkeys([*campaign.waves.benefits_offered(r.settings.campaign), *sorted(by_force)]))


def _by_sender(r: Run, sources: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """The sources, with contacts of other scenarios that share the ledger among those of other senders."""
    if (receipts := sources.get("contacts")) is None:
        return dict(sources)
    others = releases.receipts_of_others(r, receipts, are_others=True)
    return {
        **sources,
        "contacts": releases.receipts_of_others(r, receipts, are_others=False),
        "outside_contacts": campaign.facts.as_outside(others, sources.get("outside_contacts")),
    }


def behaviour(r: Run, sources: Mapping[str, DataFrame], window: Window, *, known_before: date) -> DataFrame:
    """What the users of this cycle's arms did in a window, as known before 00:00 of a day."""
    straight = features.partials.in_window(
        sources,
        window=window,
        known_before=known_before,
        calendar=r.calendar,
        settings=r.settings.activity,
        extra=labels.MEASURES,
    )
    users = r.read(derived.ARMS, F.col("cycle") == str(r.cycle)).select("user_id")
    did, channels = labels.behaviour(sources, straight, r.settings.labels), r.settings.activity.transaction_channels
    return labels.on_spine(users, did, sources, channels=channels)


def _later(r: Run) -> DataFrame | None:
    """What they did in the month after, once it has settled and its rows are in."""
    month, settles_on = r.cycle + 1, r.calendar.settle_on(r.cycle + 1)
    if not knows(r, settles_on):
        return None
    follow_up = r.settings.experiment.follow_up(month.window)
    did = behaviour(r, configured_sources.sources(r), month.window, known_before=settles_on)
    return labels.with_later(did, follow_up=follow_up)

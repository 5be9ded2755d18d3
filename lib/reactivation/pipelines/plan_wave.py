"""Plan one wave as of its day: who gets what, by which channel, and why the others do not; write the channel files."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, features, population
from reactivation.contracts import canonical, derived
from reactivation.frames import checkpointed
from reactivation.periods import Month, Window
from reactivation.pipelines import evidence_months, permissions, plan_registration
from reactivation.runtime.files import write_files
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested


def run(r: Run) -> None:
    """Replaces exactly this wave of this cycle."""
    settings, name = r.settings.campaign, r.wave
    as_of = campaign.waves.day_of(settings, cycle=r.cycle, wave=name, as_of=r.as_of)
    assert name is not None
    require_ingested(r, as_of)
    permissions.require_feeds(r, day=as_of)
    wave, is_now = settings.waves[name], F.col("cycle") == str(r.cycle)
    plan, now = plan_registration.row(r), plan_registration.draft(r)
    changed = experiment.registration_check.require(plan, now=now, wave=name, day=as_of, is_forced=r.force)
    for difference in changed:
        r.say(f"    by force, not as registered: {difference.says}")
    arms = r.read(derived.ARMS, is_now)
    cells = campaign.arms.cell_sizes(arms)
    salts = campaign.WaveSalts(*(r.salt(f"{name}_{purpose}") for purpose in ("explorers", "options", "guidance")))
    known = _known(r, arms, cells, as_of)
    common: dict[str, Any] = {"wave": wave, "name": name, "cells": cells, "settings": settings}
    eligible = checkpointed(campaign.eligibility.eligibility(known, **common, salts=salts))
    barred = eligible.where("is_barred_unread").count()
    r.say(f"    {barred} low-activity users are barred from a channel, or profiling, by rows that cannot be read")
    gains = evidence_months.gains(r, wave, name)
    planned = campaign.waves.plan(eligible, **common, cycle=str(r.cycle), as_of=as_of, gains=gains)
    r.write_together(
        [
            (derived.WAVE_PLAN, planned.plan, {}),
            (derived.WAVE_WATERFALL, r.rows(derived.WAVE_WATERFALL, planned.waterfall), {}),
            (derived.WAVE_LIMITS, r.rows(derived.WAVE_LIMITS, planned.limits), {}),
        ]
    )
    files = campaign.channel_files.contacts(planned.plan)
    folder = f"{r.exports}/{r.cycle}/{name}"
    write_files(files, folder, by="channel", names=canonical.CONTACT_CHANNELS, order_by="contact_id")
    sent = {channel: planned.contacts[channel] for channel in canonical.CONTACT_CHANNELS if channel in planned.contacts}
    r.say("    " + ", ".join(f"{channel}.csv: {count} contacts" for channel, count in sent.items()))


def _known(r: Run, arms: DataFrame, cells: Mapping[str, int], as_of: date) -> DataFrame:
    """Everything the wave looks at, as it was known at 00:00 of its day. cells: users per cell of `arms`."""
    here, is_now = r.read_present(canonical.ALL), F.col("cycle") == str(r.cycle)
    receipts = contacts = here.get("contacts")
    if r.has(derived.WAVE_PLAN):
        oldest = as_of - timedelta(days=r.settings.population.contact_policy.longest_days)
        may_count = (F.col("cycle") >= str(Month.of(oldest))) & (F.col("cycle") <= str(r.cycle))
        is_before = may_count & F.col("send_on").between(oldest, as_of - timedelta(days=1))
        plans = r.read(derived.WAVE_PLAN, is_before & ~(is_now & (F.col("wave") == r.wave)))
        contacts = campaign.facts.as_sent(plans, receipts, known_before=as_of, calendar=r.calendar)
    measures = features.flows(r.settings.activity)
    counted = [m.name for name, group in measures.items() if name in here for m in group]
    when: dict[str, Any] = {"day": as_of, "calendar": r.calendar}
    months = features.partials.in_window(
        {name: table for name, table in here.items() if name in measures},
        window=Window(r.cycle.first, as_of),
        known_before=as_of,
        calendar=r.calendar,
        settings=r.settings.activity,
    )
    return campaign.facts.gather(
        arms,
        cells=cells,
        tiers=r.read(derived.TIERS_TABLE, is_now),
        scores=r.read(derived.SCORES, is_now),
        features=r.read(derived.FEATURES, is_now),
        to_date=campaign.facts.month_to_date(months, counted),
        reach=permissions.contactable(r, day=as_of),
        recent=population.recently_contacted(
            contacts, here.get("outside_contacts"), settings=r.settings.population, **when
        ),
    )

"""Plan one wave as of its day: who gets what, by which channel, and why the others do not; write the channel files."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, features, population
from reactivation.contracts import canonical, derived
from reactivation.frames import checkpointed
from reactivation.periods import Month, Window
from reactivation.pipelines import evidence_months, plan_registration
from reactivation.runtime.files import write_files
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested


def run(r: Run) -> None:
    """Replaces exactly this wave of this cycle."""
    settings, name = r.settings.campaign, r.wave
    as_of = campaign.waves.day_of(settings, cycle=r.cycle, wave=name, as_of=r.as_of)
    assert name is not None
    require_ingested(r, as_of)
    wave, is_now = settings.waves[name], F.col("cycle") == str(r.cycle)
    plan, now = plan_registration.row(r), plan_registration.draft(r)
    changed = experiment.registration_check.require(plan, now=now, wave=name, day=as_of, is_forced=r.force)
    for difference in changed:
        r.say(f"    by force, not as registered: {difference.says}")
    cells = campaign.arms.cell_sizes(r.read(derived.ARMS, is_now))
    salts = campaign.WaveSalts(*(r.salt(f"{name}_{purpose}") for purpose in ("explorers", "options", "guidance")))
    line = checkpointed(
        campaign.eligibility.line_up(
            _known(r, as_of, is_now), wave=wave, name=name, cells=cells, settings=settings, salts=salts
        )
    )
    planned = campaign.waves.plan(
        line,
        wave=wave,
        name=name,
        cycle=str(r.cycle),
        as_of=as_of,
        cells=cells,
        settings=settings,
        gains=evidence_months.gains(r, wave, name),
    )
    limits = r.rows(derived.WAVE_LIMITS, planned.limits)
    r.write_together(
        (table, rows, {})
        for table, rows in (
            (derived.WAVE_PLAN, planned.plan),
            (derived.WAVE_WATERFALL, planned.waterfall),
            (derived.WAVE_LIMITS, limits),
        )
    )

    sent = r.read(derived.WAVE_PLAN, is_now & (F.col("wave") == name))
    files = {channel: campaign.channel_files.channel_rows(sent, channel) for channel in canonical.CONTACT_CHANNELS}
    written = write_files(files, f"{r.exports}/{r.cycle}/{name}", order_by="contact_id")
    r.say("    " + ", ".join(f"{channel}.csv: {count} contacts" for channel, count in written.items() if count))


def _known(r: Run, as_of: date, is_now: Column) -> DataFrame:
    """Everything the wave looks at, as it was known at 00:00 of its day."""
    here = r.read_present(canonical.ALL)
    contacts = here.get("contacts")
    if r.has(derived.WAVE_PLAN):
        oldest = as_of - timedelta(days=r.settings.population.contact_policy.longest_days)
        may_count = (F.col("cycle") >= str(Month.of(oldest))) & (F.col("cycle") <= str(r.cycle))
        is_before = may_count & F.col("send_on").between(oldest, as_of - timedelta(days=1))
        plans = r.read(derived.WAVE_PLAN, is_before & ~(is_now & (F.col("wave") == r.wave)))
        contacts = campaign.facts.as_sent(plans, contacts, known_before=as_of, calendar=r.calendar)
    measures = features.measures(r.settings.activity)
    counted = [m.name for name, group in measures.items() if name in here for m in group]
    months = features.partials.in_window(
        {name: table for name, table in here.items() if name in measures},
        window=Window(r.cycle.first, as_of),
        known_before=as_of,
        calendar=r.calendar,
        settings=r.settings.activity,
    )
    return campaign.facts.gather(
        r.read(derived.ARMS, is_now),
        tiers=r.read(derived.TIERS_TABLE, is_now),
        scores=r.read(derived.SCORES, is_now),
        features=r.read(derived.FEATURES, is_now),
        to_date=campaign.facts.month_to_date(months, counted),
        reach=population.contactable(
            population.signed_up(here["users"], day=as_of, calendar=r.calendar),
            consents=here.get("consents"),
            contacts=here.get("contacts"),
            day=as_of,
            calendar=r.calendar,
            settings=r.settings.population,
        ),
        recent=population.recently_contacted(
            contacts,
            here.get("outside_contacts"),
            day=as_of,
            calendar=r.calendar,
            settings=r.settings.population,
        ),
    )

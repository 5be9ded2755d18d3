"""No job, but what several share: who may be contacted and profiled as of a day, and what conf must say of it first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame

from reactivation import campaign, population
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import records
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run

PROD = "prod"
TABLES = canonical.PERMISSIONS


def known(r: Run) -> population.Permissions:
    """The tables that say it, whatever day they speak of."""
    sources = r.settings.sources
    return population.Permissions(
        date(sources.earliest_year, 1, 1),
        **r.read_present(TABLES),
        quarantine=r.read(derived.QUARANTINE) if r.has(derived.QUARANTINE) else None,
        words=sources.channel_words,
    )


def contactable(
    r: Run, *, day: date, keep: Sequence[str] = (), sent_until: Mapping[str, date] | None = None
) -> DataFrame:
    """`population.contactable` of all users signed up on a day; asks conf what it must say."""
    asked = [*channels(r), population.PROFILING]
    require_answers(r, asked)
    for kind, basis in r.settings.population.undecided.items():
        last = (sent_until or {}).get(kind, day)
        if kind in asked and isinstance(basis, population.Basis) and basis.valid_until < last:
            ended = f"`{basis.legal_basis}` ends on {basis.valid_until}, before {last}"
            r.say(f"    population.undecided.{kind}: {ended}; who never decided is not allowed", NOTICE)
    return population.contactable(
        population.signed_up(r.read(canonical.USERS), day=day, calendar=r.calendar),
        known(r),
        day=day,
        calendar=r.calendar,
        settings=r.settings.population,
        keep=keep,
        sent_until=sent_until,
    )


def profiled(r: Run, rows: DataFrame) -> DataFrame:
    """The rows of users who may be profiled, as known at the run's observation date; asks conf what it must say.

    In a region without waves nobody is contacted; there only who refused is left out.
    """
    has_campaign = bool(r.settings.campaign.waves)
    if has_campaign:
        require_answers(r, [population.PROFILING])
    return population.may_be_profiled(
        rows,
        known(r),
        day=r.cycle.first,
        calendar=r.calendar,
        settings=r.settings.population,
        is_undecided_allowed=None if has_campaign else True,
    )


def channels(r: Run) -> list[str]:
    """The channels by which the campaign's waves contact."""
    return channels_of(r.settings.campaign)


def channels_of(settings: campaign.CampaignSettings) -> list[str]:
    """The same, by settings."""
    used = {option.channel for wave in settings.waves.values() for option in wave.options}
    if any(wave.guidance is not None for wave in settings.waves.values()):
        used.add(settings.guidance_channel)
    return [channel for channel in canonical.CONTACT_CHANNELS if channel in used]


def require_answers(r: Run, kinds: Iterable[str]) -> None:
    """SettingsError where conf does not say what counts for those who never decided, or says what it may not in prod.

    Asked for by the jobs that go by it, so that a region without a campaign need not say it.
    """
    if findings := unanswered(r.settings.population, kinds, env=r.env):
        raise SettingsError(f"conf (region {r.region}) does not say who may be contacted and profiled", findings)


def unanswered(settings: population.PopulationSettings, kinds: Iterable[str], *, env: str) -> list[Finding]:
    """What conf does not say, or may not say in prod, of those who never decided."""
    undecided = settings.undecided
    asked = dict.fromkeys(kinds)
    form = "say `not_allowed`, or name legal_basis, document and valid_until"
    findings = [
        Finding("missing key", f"population.undecided.{kind}", f"what counts where a user never decided? {form}")
        for kind in asked
        if undecided.get(kind) is None  # type: ignore[call-overload]
    ]
    for kind, basis in undecided.items():
        if env == PROD and isinstance(basis, population.Basis) and basis.is_assumed:
            advice = f"`{basis.legal_basis}` is no legal basis in {PROD}: {form}"
            findings.append(Finding("not a basis", f"population.undecided.{kind}", advice))
    return findings


def require_feeds(r: Run, ledger: campaign.Ledger, *, day: date) -> None:
    """NotReady where consents, exclusions or receipts are too old to go by, or too many do not say of whom they are."""
    named = r.settings.sources.present
    feeds = [feed for feed in population.FEEDS if feed in named]
    rows = population.feed_rows(known(r), day=day, calendar=r.calendar)
    newest = population.newest_deliveries(r.read(derived.INGEST_COUNTS))
    found = [] if rows is None else records(rows)
    problems = population.feed_problems(
        found,
        {row["source"]: row["delivered_on"] for row in records(newest)},
        feeds=feeds,
        sent_since=ledger.sent_since,
        day=day,
        settings=r.settings.population,
        few=r.settings.sources.few_bad_rows,
    )
    for row in found:
        if row["without_user"]:
            told = f"of {row['rows']} rows, {row['without_user']} do not say whom they are about"
            r.say(f"    {row['feed']}: {told}", NOTICE)
    if findings := list(problems):
        done = "released" if r.step == flow.RELEASE else "planned"
        raise NotReady(f"nothing is {done}: what users decided is not known well enough as of {day}", findings)

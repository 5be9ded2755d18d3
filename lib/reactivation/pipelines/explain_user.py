"""Say in words what a month made of one user, and why: scores, tier, cell, each wave, outcome. Who asks is noted."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import argument_types, campaign, features, report
from reactivation.campaign import Ledger
from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.frames import records
from reactivation.pipelines import plan_wave, releases
from reactivation.report import explanation
from reactivation.report.explanation import UserMonth, WaveOfUser
from reactivation.runtime import console
from reactivation.runtime.one_user import OneUser
from reactivation.runtime.principal import now
from reactivation.runtime.run import Run

Rows = list[dict[str, Any]]


def add_arguments(parser: ArgumentParser) -> None:
    """Whom it is about, why somebody asks, and who shall read it."""
    parser.add_argument("--user-id", required=True, type=argument_types.user_id, help="number of the user")
    parser.add_argument("--reason", required=True, help="why it is asked for: a complaint's number, a review, …")
    parser.add_argument("--for", dest="audience", choices=("staff", "customer"), default="staff", help="who reads it")


def run(r: Run) -> None:
    """Prints the explanation; no log keeps it."""
    console.say(explain(r, r.args.user_id, reason=r.args.reason, audience=r.args.audience), is_kept=False)


def explain(r: Run, user_id: int, *, reason: str, audience: str = "staff") -> str:
    """The user's month in words. First `explanation_log` gets who asks, and why.

    Of a wave that has no contact for the user, no table keeps the reason by user: it is worked out again as of the
    wave's day, by the functions that planned it, and the text says so.
    """
    if not reason.strip():
        raise SettingsError("nothing was looked up", [Finding("missing", "--reason", "say why it is asked for")])
    asked = {"at": now(), "cycle": str(r.cycle), "user_id": user_id, "audience": audience}
    asked |= {"principal": r.principal, "reason": reason, "run_id": r.run_id}
    r.append(derived.EXPLANATION_LOG, r.rows(derived.EXPLANATION_LOG, [asked]))
    with console.showing(console.NOTICE):  # a wave that is worked out again tells of its costs
        month = user_month(r, user_id)
    if audience == "staff":
        return explanation.for_staff(month)
    return explanation.for_customer(month, language=r.settings.report.language)


def example(r: Run) -> int:
    """The user with the most contacts planned in the cycle, of equals the first: of whom there is much to tell."""
    plan = r.read(derived.WAVE_PLAN, _is_now(r) & (F.col("channel") != campaign.NO_CHANNEL))
    found = records(report.most_planned(plan))
    if not found:
        raise NotReady(f"nobody was planned in {r.cycle}", [Finding("missing", "wave_plan", "run jobs/plan_wave.py")])
    return int(found[0]["user_id"])


def user_month(r: Run, user_id: int) -> UserMonth:
    """What the cycle's tables hold of a user, each read once."""
    own = OneUser.of(r, user_id)
    catalogue = features.catalogue(r.settings.sources.present, r.settings.features, kinds=r.settings.activity)
    arm, tier = _row(own, derived.ARMS), _row(own, derived.TIERS_TABLE)
    bands = _rows(r, derived.TIER_BANDS) if tier else []
    return UserMonth(
        user_id,
        str(r.cycle),
        r.calendar.zone,
        scores=_row(own, derived.SCORES),
        features=_row(own, derived.FEATURES),
        tier=tier,
        band=next((band for band in bands if tier and band["band"] == tier["band"]), None),
        arm=arm,
        outcome=_row(own, derived.OUTCOMES),
        waves=tuple(_waves(r, own, cell=arm["policy"])) if arm else (),
        is_by_lift=arm is not None and arm["policy"] in r.settings.campaign.cells_by_lift,
        words={**explanation.LIFT_WORDS, **{feature.name: (feature.meaning, feature.unit) for feature in catalogue}},
    )


def _rows(r: Run, table: Table) -> Rows:
    """The cycle's rows of a table that the run sees; none where nothing has written it."""
    return records(r.read(table, _is_now(r))) if r.has(table) else []


def _is_now(r: Run) -> Column:
    return F.col("cycle") == str(r.cycle)


def _row(own: OneUser, table: Table) -> dict[str, Any] | None:
    return next(iter(_rows(own, table)), None)


def _waves(r: Run, own: OneUser, *, cell: str) -> Iterator[WaveOfUser]:
    """Each wave of conf in the order of its day, and what it made of the user of a cell."""
    known, cells = releases.ledger(r), campaign.arms.cell_sizes(r.read(derived.ARMS, _is_now(r)))
    tables = derived.WAVE_PLAN, derived.CONTACT_LEDGER, canonical.CONTACTS
    plans, contacts, receipts = (_rows(own, table) for table in tables)
    ours = [row for row in contacts if (row["region"], row["scenario"]) == (r.region, r.scenario)]
    for name, wave in r.settings.campaign.waves.items():
        contact = that_counts(row for row in ours if row["wave"] == name)
        reserved_by = contact["plan_version"] if contact else None
        version = version_of(known, cycle=str(r.cycle), wave=name, number=reserved_by)
        if version is None:
            is_skipped = name in known.skipped(cycle=str(r.cycle))
            yield WaveOfUser(name, "skipped" if is_skipped else None)
            continue
        number = version.event["plan_version"]
        planned = [row for row in plans if (row["wave"], row["plan_version"]) == (name, number)]
        reason, basis = _of_plan(planned[0]) if planned else _reason(r, own, known, version, cells)
        of_contact = [row for row in receipts if contact and row["contact_id"] == contact["contact_id"]]
        yield WaveOfUser(
            name,
            version.status,
            number,
            version.event["as_of"],
            version.event["send_on"],
            reason,
            basis,
            plan=next(iter(planned), None),
            contact=contact,
            receipts=sorted(of_contact, key=lambda row: row["arrived_at"]),
            asks=wave.qualifies_in(cell),
        )


def that_counts(contacts: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of a user's contacts in one wave the one that stands, else that of the newest version; None: there is none."""
    return max(contacts, key=lambda one: (one["stopped_on"] is None, one["plan_version"]), default=None)


class Version(NamedTuple):
    """One version of a wave's plan. event: that it was planned. status: planned, released or stopped."""

    event: Mapping[str, Any]
    status: str


def version_of(known: Ledger, *, cycle: str, wave: str, number: int | None = None) -> Version | None:
    """A version of a wave by its number, else the newest release, else the newest plan; None: it is not planned."""
    planned = {event["plan_version"]: event for event in known.having("planned", cycle=cycle, wave=wave)}
    released = [event["plan_version"] for event in known.having("released", cycle=cycle, wave=wave)]
    chosen = number or next(iter([*reversed(released), *reversed(planned)]), None)
    if chosen not in planned:
        return None
    still_open = [event["plan_version"] for event in known.open_releases(cycle=cycle, wave=wave)]
    of_release = "released" if chosen in still_open else "stopped"
    return Version(planned[chosen], of_release if chosen in released else "planned")


def _of_plan(row: Mapping[str, Any]) -> tuple[str | None, str]:
    return "drawn_none" if row["channel"] == campaign.NO_CHANNEL else "planned", explanation.OF_PLAN


def first_reasons(r: Run, known: Ledger, version: Version, cells: Mapping[str, int]) -> DataFrame:
    """Of all users that the run sees, the reason that a version's waterfall counts: `campaign.waves.first_reasons`."""
    event, name = version.event, version.event["wave"]
    days = {"as_of": event["as_of"], "send_on": event["send_on"]}
    eligible = plan_wave.eligibility(r.at(r.step, wave=name), known, cells, **days)
    is_version = (F.col("wave") == name) & (F.col("plan_version") == event["plan_version"])
    return campaign.waves.first_reasons(eligible, r.read(derived.WAVE_PLAN, _is_now(r) & is_version))


def _reason(r: Run, own: OneUser, known: Ledger, version: Version, cells: Mapping[str, int]) -> tuple[str | None, str]:
    """The first reason why a version has no contact for the user, and how it is known."""
    event = version.event
    other = explanation.OTHER_CONF if event["settings_hash"] != r.settings_hash else ""
    found = records(first_reasons(own, known, version, cells))
    if found and found[0]["reason"] is not None:
        return found[0]["reason"], explanation.RECONSTRUCTED + other
    of_wave = r.at(r.step, wave=event["wave"])
    days = event["as_of"], event["send_on"]
    about = of_wave, known, event["wave"], *days
    again = plan_wave.looked_at(*about, version=event["plan_version"]).planned()
    rows = records(again.decided.where(F.col("user_id") == own.user_id).select("reason"))
    is_same = again.digest == event["plan_digest"]
    return rows[0]["reason"], explanation.DECIDED_AGAIN if is_same else explanation.DECIDED_OTHERWISE + other

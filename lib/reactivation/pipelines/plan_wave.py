"""Plan one wave as of its day: who gets what, by which channel, and why the others do not."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment
from reactivation.campaign import Ledger
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import derived
from reactivation.contracts.table import Table
from reactivation.errors import Finding, PlanError
from reactivation.frames import checkpointed
from reactivation.periods import Window
from reactivation.pipelines import broken_off, learnt_options, permissions, plan_registration, reach, releases
from reactivation.runtime.console import NOTICE
from reactivation.runtime.run import Run
from reactivation.runtime.watermark import require_ingested


def add_arguments(parser: ArgumentParser) -> None:
    """What else must be said."""
    parser.add_argument("--skip", action="store_true", help="leave the wave out of this cycle, for good; with --reason")
    parser.add_argument("--reason", help="why a wave is left out (--skip), or a released one planned again (--force)")


def run(r: Run) -> None:
    """Adds a version to this wave's plan, unless it is equal to the newest one. Files are `release_wave`'s.

    A released wave is planned again by `--force --reason` alone; what was released stays.
    """
    settings, name, known = r.settings.campaign, r.wave, releases.ledger(r)
    is_left_out = getattr(r.args, "skip", False)
    when: dict[str, Any] = {"cycle": r.cycle, "calendar": r.calendar, "as_of": None if is_left_out else r.as_of}
    as_of = campaign.wave_days.day_of(settings, wave=name, **when)
    assert name is not None
    if is_left_out:
        releases.skip(r, known, wave=name, reason=_reason(r))
        broken_off.tell(r, known)
        return
    _require_not_skipped(r, known)
    sent = _sent(r, known, name)
    _require_reason(r, sent)
    today = require_ingested(r, as_of)
    if today > as_of and sent is None and known.planned(cycle=str(r.cycle), wave=name) is None:
        raise campaign.wave_days.missed({name: as_of}, cycle=r.cycle, calendar=r.calendar, today=today)
    permissions.require_feeds(r, known, day=as_of)
    send_on = as_of + timedelta(days=settings.lead_days)
    registered, now = plan_registration.row(r), plan_registration.draft(r)
    changed = experiment.registration_check.require(registered, now=now, wave=name, day=send_on, is_forced=r.force)
    for difference in changed:
        r.say(f"    by force, not as registered: {difference.says}", NOTICE)
    frozen = releases.fingerprints(r, known)
    releases.require_as_released(r, known, frozen)
    material = looked_at(r, known, name, as_of, send_on)
    planned, terms = material.planned(), material.terms
    barred = f"{planned.barred} low-activity users are barred"
    r.say(f"    {barred} from a channel, or profiling, by rows that cannot be read")
    lines = [] if terms is None else campaign.model_cell.told(planned.worths, planned.limits, terms)
    if (gains := material.more["gains"]) is not None:
        how: dict[str, Any] = {"moved": planned.moved, "confidence": settings.tiers.confidence}
        lines += campaign.other_draws.told(gains, material.wave, name, **how)
    for line in lines:
        r.say(f"    {line}")
    told = ", ".join(f"{channel} {count}" for channel, count in sorted(planned.contacts.items())) or "nobody"
    before = known.planned(cycle=str(r.cycle), wave=name)
    if before and before["plan_digest"] == planned.digest and not broken_off.is_given_up(known, before):
        r.say(f"    equal to version {before['plan_version']}, which stands: {told}")
        return
    _require_unreleased(r, known, sent, planned)
    days = experiment.registration_check.wave_days(registered)
    version = _write(r, known, name, planned, after=sent, registered_on=days[name])
    details = {
        "as_of": as_of,
        "send_on": send_on,
        "release_id": _release_id(r, name, version),
        "contacts": sum(planned.contacts.values()),
        "cost": planned.cost,
        "plan_digest": planned.digest,
        "frozen_json": releases.as_json(frozen),
        "curve_json": json.dumps(planned.by_budget) if planned.by_budget else None,
        "plan_hash": (registered or {}).get("plan_hash"),
        "reason": _reason(r),
    }
    releases.note(r, "planned", version=version, wave=name, **details)
    r.say(f"    version {version}, to be sent on {send_on}: {told}")
    broken_off.tell(r, known)


class Material(NamedTuple):
    """What a plan of a wave is made of. eligible: of `eligibility`. more: the further arguments of `waves.plan`."""

    eligible: DataFrame
    wave: Wave
    terms: campaign.Terms | None
    more: Mapping[str, Any]

    def planned(self, wave: Wave | None = None) -> campaign.PlannedWave:
        """The plan; of the wave with other limits, where that is given."""
        return campaign.waves.plan(self.eligible, wave=wave or self.wave, terms=self.terms, **self.more)


def looked_at(r: Run, known: Ledger, name: str, as_of: date, send_on: date, *, version: int | None = None) -> Material:
    """Everything that a wave is planned from, as of its day. Writes nothing.

    version: of the plan: releases of earlier ones take of money and stock. None: the newest, by force the next.
    """
    r = learnt_options.at_learnt_costs(r)
    settings, wave = r.settings.campaign, r.settings.campaign.waves[name]
    cells = campaign.arms.cell_sizes(r.read(derived.ARMS, F.col("cycle") == str(r.cycle)))
    eligible = checkpointed(eligibility(r, known, cells, as_of=as_of, send_on=send_on))
    gains = learnt_options.gains(r, {name: wave}).get(name)
    newest = known.planned(cycle=str(r.cycle), wave=name) or {"plan_version": 0}
    number = newest["plan_version"] + r.force if version is None else version
    plan = {"cycle": str(r.cycle), "wave": name, "plan_version": number, "send_on": send_on}
    terms = None if gains is None else _terms(r, known, as_of, plan)
    more = {"name": name, "cells": cells, "settings": settings, "cycle": str(r.cycle), "send_on": send_on}
    odds = plan_registration.odds_of(r, plan_registration.registered_odds(r), name)
    return Material(eligible, wave, terms, {**more, "gains": gains, "odds": odds})


def _terms(r: Run, known: Ledger, day: date, plan: Mapping[str, Any]) -> campaign.Terms | None:
    """What an active user is worth and what the month has left, for an allocation by prices; None: no worth is said.

    plan: as for `releases.account`.
    """
    worth, settings = r.settings.experiment.active_user_value, r.settings.campaign.release
    if worth is None:
        return None
    limited = {code: most for code, most in settings.stock_per_month.items() if most is not None}
    granted = releases.granted(r, day, plan=plan) if limited else {}
    left = settings.budget.approved_cny
    if left is not None:
        left -= releases.account(r, known, cycle=r.cycle, day=day, plan=plan).committed
    stock = {code: most - granted.get(code, 0) for code, most in limited.items()}
    return campaign.Terms(Decimal(str(worth.registered)), left, stock, r.settings.experiment.asset_worth)


def _reason(r: Run) -> str | None:
    return getattr(r.args, "reason", None)


def _release_id(r: Run, wave: str, version: int) -> str:
    return campaign.ledger.release_id(r.region, r.scenario, str(r.cycle), wave, version)


def _sent(r: Run, known: Ledger, wave: str) -> int | None:
    """The newest version of the wave that was released, or planned and thereby sent by 0.1.0; None: none was."""
    released = known.released(cycle=str(r.cycle), wave=wave)
    if released is not None:
        return int(released["plan_version"])
    if known.having("planned", cycle=str(r.cycle), wave=wave) or not r.has(derived.WAVE_PLAN):
        return None
    is_old = (F.col("cycle") == str(r.cycle)) & (F.col("wave") == wave) & F.col("plan_version").isNull()
    return None if r.read(derived.WAVE_PLAN, is_old).isEmpty() else campaign.ledger.SENT_AS_PLANNED


def _require_not_skipped(r: Run, known: Ledger) -> None:
    """PlanError where the wave was left out of its cycle."""
    for event in known.having("skipped", cycle=str(r.cycle), wave=r.wave):
        finding = Finding("skipped", str(event["as_of"] or r.wave), f"{event['reason']}; what was left out stays so")
        raise PlanError(f"{r.wave} of {r.cycle} was skipped and is not planned", [finding])


def _require_reason(r: Run, sent: int | None) -> None:
    """PlanError where a released wave would be planned again by force without a reason."""
    if sent is not None and r.force and not _reason(r):
        advice = "say why with --reason: the new version is released to users whom the first did not reach"
        finding = Finding("released", f"version {sent}", advice)
        raise PlanError(f"{r.wave} of {r.cycle} was released and is not planned again without a reason", [finding])


def _require_unreleased(r: Run, known: Ledger, sent: int | None, planned: campaign.PlannedWave) -> None:
    """PlanError where a released wave would be planned otherwise without force."""
    if sent is None or r.force:
        return
    before = [e for e in known.events if (e["cycle"], e["wave"], e["plan_version"]) == (str(r.cycle), r.wave, sent)]
    now = {"contacts": sum(planned.contacts.values()), "cost": planned.cost}
    findings = [
        *(Finding(name, str(now[name]), f"{e[name]} in the released version") for e in before[:1] for name in now),
        Finding("what to do", "nothing", 'what was sent stays; a further version: --force --reason "…"'),
    ]
    raise PlanError(f"{r.wave} of {r.cycle} is released and would be planned otherwise now", findings)


def _write(
    r: Run,
    known: Ledger,
    wave: str,
    planned: campaign.PlannedWave,
    *,
    after: int | None,
    registered_on: date,
) -> int:
    """Add a version beside the earlier ones, whose number is returned."""
    versions = [event["plan_version"] for event in known.having("planned", cycle=str(r.cycle), wave=wave)]
    version: int = max([*versions, after or 0]) + 1
    release = _release_id(r, wave, version)
    plan = campaign.ledger.numbered(planned.plan, version=version, release=release, registered_on=registered_on)
    limits, waterfall = (
        r.rows(table, [{**row, "plan_version": version} for row in rows])
        for table, rows in ((derived.WAVE_LIMITS, planned.limits), (derived.WAVE_WATERFALL, planned.waterfall))
    )
    new = [(derived.WAVE_PLAN, plan), (derived.WAVE_WATERFALL, waterfall), (derived.WAVE_LIMITS, limits)]
    if version > 1:
        new = [(table, _beside(r, table, wave, rows, versions)) for table, rows in new]
    r.write_together((table, rows, {}) for table, rows in new)
    return version


def _beside(r: Run, table: Table, wave: str, rows: DataFrame, versions: list[int]) -> DataFrame:
    is_here = (F.col("cycle") == str(r.cycle)) & (F.col("wave") == wave)
    return campaign.ledger.kept_beside(r.read(table, is_here), versions).select(rows.columns).unionByName(rows)


def eligibility(r: Run, known: Ledger, cells: Mapping[str, int], *, as_of: date, send_on: date) -> DataFrame:
    """Of each low-activity user that the run reads: for what its wave can plan, or the first reason why for nothing."""
    assert r.wave is not None
    return campaign.eligibility.eligibility(
        _known(r, known, cells, as_of, send_on),
        wave=r.settings.campaign.waves[r.wave],
        name=r.wave,
        cells=cells,
        settings=r.settings.campaign,
        salts=reach.salts(r, r.wave),
    )


def _known(r: Run, known: Ledger, cells: Mapping[str, int], as_of: date, send_on: date) -> DataFrame:
    """Everything the wave looks at, as it was known at 00:00 of its day. cells: users per cell of `arms`."""
    is_now = F.col("cycle") == str(r.cycle)
    return campaign.facts.gather(
        r.read(derived.ARMS, is_now),
        cells=cells,
        tiers=r.read(derived.TIERS_TABLE, is_now),
        scores=r.read(derived.SCORES, is_now),
        features=r.read(derived.FEATURES, is_now),
        to_date=reach.month_to_date(r, Window(r.cycle.first, as_of), known_before=as_of),
        reach=permissions.contactable(
            r, day=as_of, keep=campaign.facts.MASTER_DATA, sent_until=reach.sent_until(r, send_on)
        ),
        recent=reach.recently_contacted(r, as_of, known=known, send_on=send_on, is_final=False),
    )

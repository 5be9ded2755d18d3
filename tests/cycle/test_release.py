"""Releasing from the command line: once, as a set, and never again but by force with a reason.

The tests stand in the order of a wave's life: each goes on where the one before it ended.
"""

import json
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from cycle.conftest import Bank
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import PlanError
from reactivation.pipelines import release_wave, releases, run_cycle
from reactivation.runtime import run as running
from reactivation.runtime.channel_file_reader import read_sent
from reactivation.runtime.store import Store
from reactivation.schedule import Due

pytestmark = pytest.mark.cycle

CYCLE, DAY = "2026-06", "2026-06-05"
LONG = ("--set", "campaign.release.send_days.push=10")
"""W2 is sent for ten open days."""


@pytest.fixture(scope="module")
def copy(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The bank on the day of June's first wave, planned and not released; of its own, for nobody else sees June."""
    root = tmp_path_factory.mktemp("released") / "bank"
    shutil.copytree(bank.root, root)
    copy = Bank(bank.spark, root)
    live_and_plan(copy, "W1", DAY)
    return copy


def live_and_plan(copy: Bank, wave: str, day: str) -> None:
    assert copy.job("simulate_bank", CYCLE, "--as-of", day) == 0
    assert copy.job("ingest_sources", CYCLE, "--as-of", day) == 0
    assert copy.job("plan_wave", CYCLE, "--wave", wave) == 0


@pytest.fixture
def folder(copy: Bank) -> Path:
    return copy.root / "exports" / CYCLE / "W1"


@pytest.fixture
def another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "principal", lambda _: "campaign_desk")


def contacts(copy: Bank, version: int) -> set[int]:
    rows = copy.read(derived.CONTACT_LEDGER, CYCLE).where((F.col("plan_version") == version) & (F.col("wave") == "W1"))
    return {row.user_id for row in rows.select("user_id").collect()}


def refuse(copy: Bank, user: int, channel: str, day: str) -> None:
    """A refusal that arrives on a day, straight into the table of consents."""
    given = copy.read(canonical.CONSENTS)
    row = {"user_id": user, "event_at": f"{day} 08:00", "arrived_at": f"{day} 09:00", "channel": channel,
           "is_allowed": False, "arrival_cycle": day[:7]}  # fmt: skip
    values = [F.lit(row.get(field.name)).cast(field.dataType).alias(field.name) for field in given.schema]
    new = given.limit(1).select(*values).write.format("delta").mode("append")
    new.partitionBy("arrival_cycle").save(f"{copy.root}/warehouse/consents")


def statuses(copy: Bank) -> list[tuple[str, int, str]]:
    rows = copy.read(derived.WAVE_RELEASES, CYCLE).collect()
    return sorted((row.wave, row.plan_version, row.status) for row in rows)


def test_a_plan_is_no_release(copy: Bank, folder: Path) -> None:
    assert statuses(copy) == [("W1", 1, "planned")]
    assert not folder.exists()
    assert not copy.read(derived.WAVE_PLAN, CYCLE).isEmpty()
    assert contacts(copy, 1) == set()


def test_run_cycle_releases_only_where_conf_says_so(copy: Bank) -> None:
    due, r = Due("release_wave", date(2026, 6, 5), "W1"), copy.open(flow.RUN_CYCLE, CYCLE)
    assert run_cycle.kept(r, due) is None
    campaign = r.settings.campaign
    by_hand = campaign.release.model_copy(update={"automatic": False})
    told = run_cycle.kept(r.under(campaign=campaign.model_copy(update={"release": by_hand})), due)
    assert told == "not by this command (campaign.release.automatic): jobs/release_wave.py --wave W1"


def test_who_planned_does_not_release_in_prod(copy: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert copy.job("release_wave", CYCLE, "--wave", "W1", "--set", "campaign.release.four_eyes=true") == 2
    assert "another account must release it" in capsys.readouterr().err
    run = copy.open(flow.RELEASE, CYCLE).at(flow.RELEASE, env="prod", wave="W1")  # conf need not ask for it there
    assert not run.settings.campaign.release.four_eyes
    known = releases.ledger(run)
    planned = known.planned(cycle=CYCLE, wave="W1")
    assert planned is not None
    with pytest.raises(PlanError, match="another account must release it"):
        release_wave.require_free(run, known, planned, date(2026, 6, 5))


def test_in_prod_a_release_looks_at_what_is_known_today(copy: Bank) -> None:
    """Else refusals that came since the day of the plan would be hidden."""
    run = copy.open(flow.RELEASE, CYCLE)
    planned, today = date(2026, 6, 3), datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert releases.day(run, planned) == planned
    assert releases.day(run.at(flow.RELEASE, env="prod"), planned) in (today, today + timedelta(days=1))
    assert releases.day(run.at(flow.RELEASE, env="prod", as_of=date(2100, 1, 1)), planned) == date(2100, 1, 1)


def test_a_release_that_lacks_budget_template_or_time_is_refused_and_all_of_it_is_said(
    copy: Bank, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = ("campaign.release.budget.approved_cny=1", "campaign.templates.login_push.approver=null")
    changed = [part for text in lacking for part in ("--set", text)]
    assert copy.job("release_wave", CYCLE, "--wave", "W1", *changed) == 2
    said = capsys.readouterr().err
    assert "over budget" in said
    assert "campaign.templates.login_push.approver" in said
    assert copy.job("release_wave", CYCLE, "--wave", "W1", "--as-of", "2026-06-06") == 2
    assert "it was to be sent on 2026-06-05" in capsys.readouterr().err
    assert statuses(copy) == [("W1", 1, "planned")]
    assert not folder.exists()


def test_a_refusal_that_comes_after_the_plan_is_not_released(copy: Bank, another_account: None) -> None:
    planned = copy.read(derived.WAVE_PLAN, CYCLE).where("channel = 'push'").select("user_id").limit(1).collect()[0]
    refuse(copy, planned.user_id, "push", "2026-06-04")
    assert copy.job("release_wave", CYCLE, "--wave", "W1") == 0
    assert planned.user_id not in contacts(copy, 1)
    released = copy.read(derived.WAVE_RELEASES, CYCLE).where("status = 'released'").collect()[0]
    assert json.loads(released.left_out_json) == {"refused": 1}
    assert released.principal == "campaign_desk"


def test_the_files_are_a_set_with_a_manifest_and_a_mark(copy: Bank, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (folder / "_SUCCESS").is_file()
    assert manifest["approver"] == "campaign_desk"
    assert manifest["plan_version"] == 1
    assert {name: of["sha256"] for name, of in manifest["files"].items()} == {
        path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.csv")
    }
    lines = {path.stem: path.read_text(encoding="utf-8").splitlines()[1:] for path in folder.glob("*.csv")}
    assert {name: of.get("rows") for name, of in manifest["files"].items() if name != "benefits.csv"} == {
        f"{name}.csv": len(rows) for name, rows in lines.items() if name != "benefits"
    }
    assert sum(len(rows) for name, rows in lines.items() if name != "benefits") == len(contacts(copy, 1))
    granted = copy.read(derived.CONTACT_LEDGER, CYCLE).where("benefit != 'none'").count()
    assert len(lines["benefits"]) == granted > 0
    told = (folder / "manifest.json").read_text(encoding="utf-8")
    assert not [word for word in ("model", "holdout", "score", "tier") if word in told.replace("mobile_activity", "")]


def test_nobody_reads_a_set_without_its_mark_and_a_second_call_finishes_it(copy: Bank, folder: Path) -> None:
    (folder / "_SUCCESS").unlink()
    (folder / "push.csv").write_text("cut off")
    assert read_sent(copy.spark, f"{copy.root}/exports", [CYCLE]) is None
    before = statuses(copy)
    assert copy.job("release_wave", CYCLE, "--wave", "W1") == 0
    found = read_sent(copy.spark, f"{copy.root}/exports", [CYCLE])
    assert found is not None
    assert {row.user_id for row in found.collect()} == contacts(copy, 1)
    assert statuses(copy) == before


def test_a_release_killed_before_it_was_noted_releases_nobody_twice(
    copy: Bank, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W2: contacts are reserved and the files are there, and then the process dies."""
    live_and_plan(copy, "W2", "2026-06-12")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(releases, "note", dies)
    with pytest.raises(KeyboardInterrupt):
        copy.job("release_wave", CYCLE, "--wave", "W2", *LONG)
    monkeypatch.undo()
    assert not (folder.parent / "W2" / "_SUCCESS").exists()
    reserved = copy.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W2'")
    first = {row.contact_id for row in reserved.collect()}
    assert first
    assert copy.job("release_wave", CYCLE, "--wave", "W2", *LONG) == 0
    again = [row.contact_id for row in copy.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W2'").collect()]
    assert sorted(again) == sorted(first)
    assert statuses(copy)[-1] == ("W2", 1, "released")


def test_a_released_wave_is_not_planned_again_without_a_reason_and_equal_rows_make_no_version(
    copy: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [copy.fingerprint(table, CYCLE) for table in (derived.WAVE_PLAN, derived.CONTACT_LEDGER)]
    events = statuses(copy)
    assert copy.job("plan_wave", CYCLE, "--wave", "W1", "--force") == 2
    assert "say why with --reason" in capsys.readouterr().err
    assert copy.job("plan_wave", CYCLE, "--wave", "W2") == 0
    assert "equal to version 1, which stands" in capsys.readouterr().out
    r = copy.open(flow.RUN_CYCLE, CYCLE)
    told = run_cycle.kept(r.at(flow.RUN_CYCLE, force=True), Due("plan_wave", date(2026, 6, 5), "W1"))
    assert told is not None
    assert told.startswith("released, so it stays as it is")
    assert statuses(copy) == events
    assert before == [copy.fingerprint(table, CYCLE) for table in (derived.WAVE_PLAN, derived.CONTACT_LEDGER)]


def test_a_second_release_goes_to_users_whom_the_first_did_not_reach(
    copy: Bank, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    first = contacts(copy, 1)
    more = ("capacity_per_1000_users.sms=900", "budget_cny_per_1000_users=1000")
    wider = tuple(part for text in more for part in ("--set", f"campaign.waves.W1.{text}"))
    assert copy.job("plan_wave", CYCLE, "--wave", "W1", "--force", "--reason", "more SMS", *wider) == 0
    granted = copy.read(derived.CONTACT_LEDGER, CYCLE).where("benefit = 'login_discount'").count()
    stock = ("--set", f"campaign.release.stock_per_month.login_discount={granted}")
    assert copy.job("release_wave", CYCLE, "--wave", "W1", *wider) == 2
    assert "it was to be sent on 2026-06-05" in capsys.readouterr().err  # rows are there up to the 12th: it is over
    wider += ("--as-of", DAY)
    assert copy.job("release_wave", CYCLE, "--wave", "W1", *wider, *stock) == 2
    assert f"{granted} are reserved or redeemed" in capsys.readouterr().err  # those of the first release
    assert copy.job("release_wave", CYCLE, "--wave", "W1", *wider) == 0
    second = contacts(copy, 2)
    assert second
    assert not second & first
    assert (folder / "v2" / "_SUCCESS").is_file()
    assert {path.name: path.read_bytes() for path in folder.glob("*.*") if path.is_file()} == files
    plan = copy.read(derived.WAVE_PLAN, CYCLE).where("wave = 'W1'")
    assert {row.plan_version for row in plan.select("plan_version").distinct().collect()} == {1, 2}


def test_a_stop_leaves_what_was_sent_and_frees_the_rest(
    copy: Bank, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--wave", "W1", "--reason", "wrong discount")
    said = tuple(part for text in ("sms=0", "push=10", "call=0") for part in ("--sent", text))
    before = copy.fingerprint(derived.CONTACT_LEDGER, CYCLE)
    assert copy.job("stop_wave", CYCLE, *asked) == 2  # no receipt tells what was sent of the second release
    assert "version 2, " in capsys.readouterr().err
    assert copy.job("stop_wave", CYCLE, *asked, *said) == 2
    assert "add --plan-version 1 or 2" in capsys.readouterr().err
    assert copy.fingerprint(derived.CONTACT_LEDGER, CYCLE) == before
    for version in ("1", "2"):
        assert copy.job("stop_wave", CYCLE, *asked, "--plan-version", version, *said) == 0
    rows = copy.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W1'").collect()
    after = {
        version: json.loads((place / "stopped.json").read_text(encoding="utf-8"))
        for version, place in ((1, folder), (2, folder / "v2"))
    }
    assert after[1] == after[2] == {"sms": 0, "push": 10, "call": 0}
    # All cells are cut at one place of a hash.
    sent = {row.contact_id for row in rows if row.send_order <= after[row.plan_version][row.channel]}
    found = read_sent(copy.spark, f"{copy.root}/exports", [CYCLE])
    assert found is not None
    assert {row.contact_id for row in found.where("wave = 'W1'").collect()} == sent
    receipts = copy.read(canonical.CONTACTS).where(f"wave = 'W1' and cycle = '{CYCLE}'")
    tried = {row.contact_id for row in receipts.where(~F.col("status").isin(*canonical.NOT_TRIED)).collect()}
    assert tried - sent  # receipts know of more than somebody said: these stand as well
    assert {row.contact_id for row in rows if row.stopped_on is None} == sent | tried
    assert ("W1", 1, "stopped") in statuses(copy)
    assert copy.job("stop_wave", CYCLE, *asked) == 2  # there is nothing left


def test_who_refuses_while_files_are_sent_is_withdrawn(copy: Bank, folder: Path) -> None:
    released = copy.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W2' and stopped_on is null").collect()
    user, channel = released[0].user_id, released[0].channel
    refuse(copy, user, channel, "2026-06-11")
    assert copy.job("check_released", CYCLE, "--as-of", "2026-06-12", *LONG) == 0
    text = (folder.parent / "W2" / f"{channel}.withdrawn.csv").read_text(encoding="utf-8")
    contact = next(row.contact_id for row in released if row.user_id == user)
    assert f"{contact},{user},refused" in text.splitlines()
    found = read_sent(copy.spark, f"{copy.root}/exports", [CYCLE])
    assert found is not None
    assert contact not in {row.contact_id for row in found.collect()}


def test_a_check_knows_what_came_since_the_wave_was_sent(copy: Bank, folder: Path) -> None:
    """On the 13th, of a refusal of the 12th, the day of sending; of a contact whose receipt is still under way."""
    assert copy.job("simulate_bank", CYCLE, "--as-of", "2026-06-13") == 0
    assert copy.job("ingest_sources", CYCLE, "--as-of", "2026-06-13") == 0
    received = copy.read(canonical.CONTACTS).where("cycle = '2026-06'").select("contact_id")
    open_ones = copy.read(derived.CONTACT_LEDGER, CYCLE).where("wave = 'W2' and stopped_on is null")
    unsent = open_ones.join(received, "contact_id", "left_anti").where("channel = 'push'").orderBy("user_id").collect()
    user, contact = unsent[-1].user_id, unsent[-1].contact_id
    file = folder.parent / "W2" / "push.withdrawn.csv"
    assert copy.job("check_released", CYCLE, "--as-of", "2026-06-13", *LONG) == 0
    assert f"{contact},{user},refused" not in (file.read_text(encoding="utf-8") if file.exists() else "")
    refuse(copy, user, "push", "2026-06-12")
    assert copy.job("check_released", CYCLE, "--as-of", "2026-06-13", *LONG) == 0
    assert f"{contact},{user},refused" in file.read_text(encoding="utf-8").splitlines()


def test_whom_a_receipt_calls_sent_is_not_withdrawn_for_that_very_contact(copy: Bank, folder: Path) -> None:
    assert copy.job("simulate_bank", CYCLE, "--as-of", "2026-06-19") == 0
    assert copy.job("ingest_sources", CYCLE, "--as-of", "2026-06-19") == 0
    receipts = copy.read(canonical.CONTACTS).where("wave = 'W2' and cycle = '2026-06'")
    file = folder.parent / "W2" / "push.withdrawn.csv"
    before = file.read_text(encoding="utf-8").splitlines()
    sent = {row.contact_id for row in receipts.select("contact_id").distinct().collect()}
    assert len(sent) > 20
    assert copy.job("check_released", CYCLE, "--as-of", "2026-06-19", *LONG) == 0
    lines = set(file.read_text(encoding="utf-8").splitlines())
    assert lines >= set(before)  # whom an earlier check named stays withdrawn
    assert not sent & {line.split(",")[0] for line in lines - set(before)}


def test_days_after_the_plan_a_release_asks_once_more_whether_the_feeds_are_fit(
    copy: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    """W3 is planned two days ahead; by then it may be that nothing came of the feed, or nothing that can be read."""
    ahead = ("--wave", "W3", "--set", "campaign.lead_days=2")
    for day in ("2026-06-20", "2026-06-21"):
        assert copy.job("simulate_bank", CYCLE, "--as-of", day) == 0
        assert copy.job("ingest_sources", CYCLE, "--as-of", day) == 0
        if day == "2026-06-20":
            assert copy.job("plan_wave", CYCLE, *ahead, "--as-of", day, "--force") == 0
    strict = (*ahead, "--set", "population.consent.max_share_without_user=0")
    capsys.readouterr()
    assert copy.job("release_wave", CYCLE, *strict, "--as-of", "2026-06-21") == 2
    assert "nothing is released: what users decided is not known well enough" in capsys.readouterr().err
    assert copy.job("release_wave", CYCLE, *ahead, "--as-of", "2026-06-21") == 0


def test_scores_tiers_bands_and_arms_are_frozen_once_a_wave_is_released(
    copy: Bank, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that come late change features of a fifth of the users: who is picked would change."""
    features = copy.read(derived.FEATURES, CYCLE)
    names = ("transaction_own_count_3m", "transaction_own_count_1m", "login_days_3m")
    is_changed = F.col("user_id") % 5 == 0
    late = features.withColumns(
        {
            name: F.when(is_changed, F.lit(99).cast(features.schema[name].dataType)).otherwise(F.col(name))
            for name in names
        }
    )
    place = f"{copy.root}/warehouse/features"
    late.write.format("delta").mode("overwrite").option("replaceWhere", f"cycle = '{CYCLE}'").save(place)
    before = [copy.fingerprint(table, CYCLE) for table in (derived.SCORES, derived.TIERS_TABLE, derived.ARMS)]
    for job in ("score_users", "assign_tiers"):
        assert copy.job(job, CYCLE, "--force") == 2
        said = capsys.readouterr().err
        assert "W1 of 2026-06 is released, and what it rests on would change" in said
        assert "rows that came late teach the next cycle" in said
    assert before == [copy.fingerprint(table, CYCLE) for table in (derived.SCORES, derived.TIERS_TABLE, derived.ARMS)]
    assert copy.job("plan_wave", CYCLE, "--wave", "W2") == 2
    assert "W2 of 2026-06 is released and would be planned otherwise now" in capsys.readouterr().err


def test_a_plan_counts_money_and_stock_as_they_were_when_it_was_made(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    """W2 of 12 June: neither its own release nor W3's takes from it, nor what arrived on that day or later."""
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    day, named = date(2026, 6, 12), {wave: f"sandbox-mobile_activity-2026-06-{wave}-v1" for wave in ("W1", "W2", "W3")}
    when = dict.fromkeys(("plan_version", "send_order", "template_version"), 1)
    names = ["contact_id", "user_id", "wave", "send_on", "benefit_valid_until", "release_id", *when]
    names += ["cycle", "region", "scenario", "channel", "benefit", "cost", "worst_cost"]
    place = (CYCLE, "sandbox", "mobile_activity", "sms", "gift", Decimal("1.50"), Decimal("10.00"))
    offers = [
        ("c1", 1, "W1", "2026-06-05", "2026-06-30"),  # known not to be tried: costs nothing
        ("c2", 2, "W1", "2026-06-05", "2026-06-30"),  # told on the day itself: costs what is expected
        ("c3", 3, "W1", "2026-06-05", "2026-06-11"),  # known to be redeemed
        ("c4", 4, "W1", "2026-06-05", "2026-06-11"),  # expired, and nobody knew of the redemption
        ("c5", 5, "W2", "2026-06-12", "2026-06-30"),
        ("c6", 6, "W3", "2026-06-19", "2026-06-30"),
    ]
    ledger = [(*row, named[row[2]], *when.values(), *place) for row in offers]
    parts = {"cycle": [CYCLE], "release_id": [*named.values()]}
    store.replace(derived.CONTACT_LEDGER, rows(derived.CONTACT_LEDGER, names, ledger), parts)
    told = ["cycle", "contact_id", "user_id", "status", "arrived_at"]
    receipts = [(CYCLE, f"c{n}", n, "not_attempted", at) for n, at in ((1, "2026-06-06"), (2, "2026-06-12 12:00"))]
    store.append(canonical.CONTACTS, rows(canonical.CONTACTS, told, receipts))
    told = ["user_id", "benefit_code", "action", "event_at", "arrived_at"]
    used = [(n, "gift", "redeemed", "2026-06-09", at) for n, at in ((3, "2026-06-10"), (4, "2026-06-12 12:00"))]
    store.append(canonical.BENEFIT_EVENTS, rows(canonical.BENEFIT_EVENTS, told, used))
    told = ["event_id", "cycle", "wave", "plan_version", "release_id", "status"]
    events = [(f"{wave}-released", CYCLE, wave, 1, name, "released") for wave, name in named.items()]
    parts = {"event_id": [event[0] for event in events]}
    store.replace(derived.WAVE_RELEASES, rows(derived.WAVE_RELEASES, told, events), parts)

    r = bank.open(flow.PLAN, CYCLE)
    plan, sms = {"cycle": CYCLE, "wave": "W2", "plan_version": 1, "send_on": day}, r.settings.campaign.channel_cost_cny

    def found(plan: dict[str, object] | None) -> tuple[Decimal, dict[str, int]]:
        known = releases.account(r, releases.ledger(r), cycle=r.cycle, day=day, plan=plan)
        return known.committed, releases.granted(r, day, plan=plan)

    assert found(plan) == (Decimal("11.50") + sms["sms"], {"gift": 3})
    assert found({**plan, "plan_version": 2}) == (Decimal("13.00") + sms["sms"], {"gift": 4})  # after its own
    assert found(None) == (Decimal("23.00"), {"gift": 6})  # a release takes all that is known
    settled = releases.account(r, releases.ledger(r), cycle=r.cycle, day=day, is_settled=True)
    assert settled.committed == Decimal("14.50") + sms["sms"]  # all waves, by what was known: read out again, the same

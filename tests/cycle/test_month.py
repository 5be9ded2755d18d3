"""A month end to end: every user is somewhere exactly once, and nobody is touched who must not be."""

import csv
import re

import pytest
from pyspark.sql import functions as F

from cycle.conftest import Bank
from reactivation import report
from reactivation.contracts import canonical, derived
from reactivation.report import charts, words
from reactivation.report.evidence import Evidence
from reactivation.runtime.screen import MOST_LINES

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"


def test_every_scored_user_is_in_exactly_one_tier_and_every_sleeper_in_one_cell(bank: Bank) -> None:
    scored = bank.read(derived.SCORES, CYCLE).select("user_id")
    asleep = bank.read(derived.FEATURES, CYCLE).where("is_low_activity").select("user_id")
    of_all = {derived.TIERS_TABLE: scored, derived.ARMS: asleep, derived.OUTCOMES: asleep}  # outcomes: what they became
    for table, expected in of_all.items():
        users = bank.read(table, CYCLE).select("user_id")
        assert users.count() == expected.count() > 500
        assert expected.exceptAll(users).isEmpty()


def test_every_wave_has_people_and_its_waterfall_counts_each_user_once(bank: Bank) -> None:
    asleep = bank.read(derived.FEATURES, CYCLE).where("is_low_activity").count()
    fall = bank.read(derived.WAVE_WATERFALL, CYCLE).groupBy("wave").agg(F.sum("users").alias("users")).collect()
    assert {r.wave: r.users for r in fall} == dict.fromkeys(("W1", "W2", "W3", "W4"), asleep)
    planned = bank.read(derived.WAVE_PLAN, CYCLE).where("channel != 'none'").groupBy("wave").count().collect()
    assert {r.wave for r in planned} == {"W1", "W2", "W3", "W4"}


def test_nobody_in_a_holdout_is_planned_or_contacted(bank: Bank) -> None:
    held = bank.read(derived.ARMS, CYCLE).where("touch is null or touch != 'touched'").select("user_id")
    assert held.count() > 0
    assert bank.read(derived.WAVE_PLAN, CYCLE).join(held, "user_id").isEmpty()
    assert bank.read(canonical.CONTACTS).where(F.col("cycle") == CYCLE).join(held, "user_id").isEmpty()


def test_the_channel_files_are_the_plan(bank: Bank) -> None:
    planned = bank.read(derived.WAVE_PLAN, CYCLE).where("channel != 'none'")
    expected = {
        (r.wave, r.channel, r.contact_id, str(r.user_id), r.benefit, str(r.send_on))
        for r in planned.select("wave", "channel", "contact_id", "user_id", "benefit", "send_on").collect()
    }
    found = set()
    for file in (f for f in (bank.root / "exports" / CYCLE).glob("*/*.csv") if f.stem != "benefits"):
        with file.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                key = (file.parent.name, file.stem, row["contact_id"], row["user_id"], row["benefit"], row["send_on"])
                assert key not in found
                found.add(key)
    assert found == expected
    left_over = {p.name for p in (bank.root / "exports" / CYCLE).glob("*/*") if p.suffix != ".csv"}
    assert left_over == {"manifest.json", "_SUCCESS"}


def test_rows_in_are_rows_kept_quarantined_or_duplicate(bank: Bank) -> None:
    counts = bank.read(derived.INGEST_COUNTS)
    assert counts.where("rows_in != rows_kept + rows_quarantined + rows_duplicate").isEmpty()
    kept = {r.source: r.n for r in counts.groupBy("source").agg(F.sum("rows_kept").alias("n")).collect()}
    given = [table for table in canonical.ALL if table is not canonical.EXCLUSIONS]  # of which the bank has none
    assert kept == {table.name: bank.read(table).count() for table in given}


def test_the_touched_do_more_and_the_readout_sees_it(bank: Bank) -> None:
    rows = bank.read(derived.READOUT).where("metric = 'login' and segment = 'all'").collect()
    found = {(r.cycle, r.contrast): r for r in rows}
    touch = found[CYCLE, "touch_model"]
    assert touch.status == "estimated"
    assert touch.difference > 0
    assert touch.verdict is not None
    for policy in ("rule", "random"):  # pick = found + gain, to the last digit
        pick, came, gain = (found[CYCLE, f"{name}_model_vs_{policy}"] for name in ("pick", "found", "gain"))
        assert pick.difference == pytest.approx(came.difference + gain.difference, abs=1e-12)


def test_a_month_shows_one_line_per_job_and_ends_with_one_screen(bank: Bank) -> None:
    lines = bank.shown.splitlines()
    jobs = [line for line in lines if line.startswith("[2026-05 ")]
    pattern = re.compile(r"\[2026-05 +(\d+)/(\d+)\] \w+( W\d)? as of 2026-\d\d-\d\d +done in +[\d.]+ s, +[\d ]+ rows")
    assert [line for line in jobs if not pattern.fullmatch(line) and ": not due before " not in line] == []
    done = [found for line in jobs if (found := pattern.fullmatch(line))]
    assert len(done) == int(done[0][2])  # each job of the month once, over both calls
    screens = bank.shown.split("sandbox, mobile_activity, 2026-05 ──")
    assert len(screens) == 3  # up to the first wave, and the whole month
    assert "2026-05 is not read out yet" in screens[1]
    assert len(screens[2].splitlines()) <= MOST_LINES
    for told in (
        "Did the campaign move anybody?",
        "What was spent, committed, left?",
        f"{bank.root}/reports/2026-05/report.html",
    ):
        assert told in screens[2]


def test_the_log_keeps_what_the_terminal_does_not_show(bank: Bank) -> None:
    for told in ("done in ", "rows  ", "Tiers by band of p_active", "ready for review", "sms.csv: "):
        assert told in bank.said
    assert "sms.csv: " not in bank.shown
    assert "Tiers by band of p_active" not in bank.shown
    written = (
        bank.read(derived.RUN_LOG, CYCLE)
        .where("table not in ('-', 'run_log', 'explanation_log')")
        .select("table")
        .distinct()
    )
    assert [row.table for row in written.collect() if f" {row.table} " not in bank.said] == []


def test_a_month_ends_by_telling_what_it_did_what_it_cannot_tell_and_where_things_lie(bank: Bank) -> None:
    told = (
        "Tiers (2026-05)",
        "Waves (2026-05)",
        "Read-out, differences in points (2026-05)",
        "What 2026-05 cannot tell",
    )
    places = [bank.said.index(title) for title in told]
    assert places == sorted(places)
    tiers, waves, readout, ending = (bank.said[here:] for here in places)
    assert "high_potential" in tiers
    assert all(name in waves for name in ("W1", "W2", "W3", "W4"))
    assert "touch_model" in readout
    assert "users" in ending.partition("Report:")[0]  # how many it would take
    for line in ("warehouse/<table>", "mlflow.db", "exports/2026-05/<wave>/<channel>.csv", "reports/2026-05/"):
        assert f"{bank.root}/{line}" in ending


def test_the_report_answers_every_question_and_its_rows_make_it_again_in_another_language(bank: Bank) -> None:
    folder = bank.root / "reports" / CYCLE
    html, text = ((folder / name).read_text(encoding="utf-8") for name in ("report.html", "report.txt"))
    facts = report.Facts.read((folder / "report.json").read_text(encoding="utf-8"))
    found = report.findings.of(facts, words.default("en"))
    assert [answer.key for answer in found.answers] == ["moved", "better", "cost", "harm", "valid", "money", "next"]
    assert text == found.text()
    drawn = {picture.key for picture in charts.pictures(Evidence(facts), words.default("zh"))}
    assert {"forest", "natural", "funnel", "calibration", "bands", "cumulative", "months"} <= drawn
    assert all(f'id="{key}"' in html for key in drawn)
    logged_in = bank.read(derived.OUTCOMES, CYCLE).where("logged_in").count()
    assert sum(row["users"] for row in facts.users if row["first_login_day"] is not None) == logged_in
    told = report.month_page.render(facts, words.default("zh")).html
    assert "营销是否真正唤醒了用户？" in told
    assert [row["reason"] for row in facts.readout if row["reason"] and not row["reason_code"]] == []
    assert [row["says"] for row in facts.checks if not row["reason_code"]] == []


def test_a_second_call_finds_everything_done(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert bank.job("run_cycle", CYCLE) == 0
    said = capsys.readouterr().out
    assert "done already" in said
    assert "done in" not in said

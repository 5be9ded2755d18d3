"""A registered look at the running month, and days on which nobody may look."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import functions as F

from cycle.conftest import Bank
from reactivation.contracts import canonical, derived

pytestmark = pytest.mark.cycle

CYCLE = "2026-05"
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_WAVE, LOOK = (datetime(2026, 5, day, tzinfo=ZONE) for day in (6, 19))


def test_the_month_was_looked_at_on_the_registered_day_alone(bank: Bank) -> None:
    rows = bank.read(derived.READOUT_LOOKS)
    assert [tuple(map(str, row)) for row in rows.select("cycle", "look_on").distinct().collect()] == [
        (CYCLE, "2026-05-19")
    ]
    assert "look_on" not in bank.read(derived.READOUT).columns
    methods = rows.where("contrast = 'touch_model' and metric = 'login' and segment = 'all'").collect()
    assert methods[0].method.endswith("alpha 0.025 at each of 2 looks")


def test_it_counts_the_logins_that_had_happened_and_arrived(bank: Bank) -> None:
    logins = bank.read(canonical.LOGINS).where(
        (F.col("event_at") >= F.lit(FIRST_WAVE)) & (F.col("event_at") < F.lit(LOOK))
    )
    came = logins.where(F.col("arrived_at") < F.lit(LOOK)).select("user_id").distinct()
    picked = bank.read(derived.ARMS, CYCLE).where("policy = 'model' and is_selected")
    counted = {
        touch: (
            picked.where(F.col("touch") == touch).count(),
            picked.where(F.col("touch") == touch).join(came, "user_id", "left_semi").count(),
        )
        for touch in ("touched", "holdout")
    }
    look = bank.read(derived.READOUT_LOOKS, CYCLE)
    row = look.where("contrast = 'touch_model' and metric = 'login' and segment = 'all'").collect()[0]
    assert (row.n_treatment, row.n_control) == (counted["touched"][0], counted["holdout"][0])
    assert row.estimate_treatment * row.n_treatment == pytest.approx(counted["touched"][1])
    assert row.estimate_control * row.n_control == pytest.approx(counted["holdout"][1])
    settled = bank.read(derived.READOUT, CYCLE).where(
        "contrast = 'touch_model' and metric = 'login' and segment = 'all'"
    )
    assert settled.collect()[0].estimate_treatment > row.estimate_treatment  # the month went on


def test_its_page_says_that_it_is_no_answer_yet(bank: Bank) -> None:
    text = (bank.root / "reports" / CYCLE / "look_2026-05-19.txt").read_text(encoding="utf-8")
    assert "Look 1 of 2, on 2026-05-19; the month's answer follows on 2026-06-05" in text
    assert "what was analysed is what was registered" in text
    assert "a look does not know the balances of the month's end" in text


def test_on_another_day_the_running_month_is_not_read(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    before = [bank.fingerprint(table, CYCLE) for table in (derived.READOUT_LOOKS, derived.READOUT, derived.OUTCOMES)]
    assert bank.job("read_out", CYCLE, "--as-of", "2026-05-20") == 2
    said = capsys.readouterr().err
    assert "2026-05 cannot be read out on 2026-05-20" in said
    assert "looks registered for the running month: 2026-05-19" in said
    assert "settles on 2026-06-05: run with --as-of 2026-06-05 or later" in said
    tables = (derived.READOUT_LOOKS, derived.READOUT, derived.OUTCOMES)
    assert before == [bank.fingerprint(table, CYCLE) for table in tables]

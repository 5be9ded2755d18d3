"""A settled month teaches the month after the next, by what the jobs themselves read of it."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conftest import Rows
from cycle.conftest import Bank
from reactivation.contracts import derived, flow
from reactivation.periods import Month
from reactivation.pipelines import evidence_months
from reactivation.runtime.store import Store

pytestmark = pytest.mark.cycle

CYCLE, NEXT, LEARNER = "2026-05", "2026-06", "2026-07"


def test_bands_are_shown_by_the_settled_month_and_by_none_that_has_not_settled(bank: Bank) -> None:
    assert evidence_months.evidence(bank.open(flow.ASSIGN, NEXT)) == {}
    r = bank.open(flow.ASSIGN, LEARNER)
    assert evidence_months.cycles(r) == [CYCLE]
    found = evidence_months.evidence(r).values()
    picked = bank.read(derived.ARMS, CYCLE).where("is_selected").groupBy("touch").count().collect()
    users = {row.touch: row["count"] for row in picked}
    assert sum(band.n_touched for band in found) == users["touched"] > 100
    assert sum(band.n_compared for band in found) == users["holdout"] > 100
    assert sum(band.n_untouched for band in found) > users["holdout"]  # and those whom nobody may contact
    assert all(band.conversion is not None for band in found if band.n_untouched)


def test_a_wave_knows_of_its_options_what_settled_draws_told(spark: SparkSession, tmp_path: Path, rows: Rows) -> None:
    columns = ["cycle", "wave", "tier", "channel", "benefit", "status", "lift", "standard_error", "control_error"]
    sms, push = ("W1", "high_potential", "sms", "login_discount"), ("W1", "high_potential", "push", "login_discount")
    told = [
        (CYCLE, *sms, "estimated", 0.10, 0.02, 0.01),
        (CYCLE, *push, "not_estimable", None, None, None),
        (NEXT, *push, "estimated", 0.30, 0.02, 0.01),  # has not settled when the learner plans
    ]
    bank, store = Bank(spark, tmp_path), Store(spark, str(tmp_path))
    store.replace(derived.RESPONSE, rows(derived.RESPONSE, columns, told), {"cycle": [CYCLE, NEXT]})
    learner, before = bank.open(flow.PLAN, LEARNER), bank.open(flow.PLAN, NEXT)
    waves = learner.settings.campaign.waves
    gains = {name: evidence_months.gains(learner, wave, name) for name, wave in waves.items()}
    assert {name: found.options for name, found in gains.items() if found} == {
        "W1": (None, pytest.approx(0.10)),  # in conf's order: push, sms
        **{name: (None,) * len(wave.options) for name, wave in waves.items() if name != "W1"},
    }
    assert evidence_months.gains(before, waves["W1"], "W1") is None


def test_training_knows_who_was_left_alone(bank: Bank) -> None:
    r = bank.open(flow.TRAIN, LEARNER)
    assert Month.parse(CYCLE) not in {Month.parse(month) for month in evidence_months.unrandomised(r, before=r.cycle)}
    alone = evidence_months.untouched(r, [CYCLE])
    assert alone is not None
    touched = bank.read(derived.WAVE_PLAN, CYCLE).where("channel != 'none'").select("user_id").distinct()
    left_alone = alone.where("is_untouched")
    assert left_alone.join(touched, "user_id").isEmpty()
    drawn = alone.where("is_drawn")
    weight = left_alone.where("is_drawn").agg(F.sum("weight_untouched")).collect()[0][0]
    assert weight == pytest.approx(drawn.count(), rel=0.02)  # they speak for all who were drawn but a few

"""A settled month teaches the month after the next, by what the jobs themselves read of it."""

import past
import pytest
from pyspark.sql import functions as F

from cycle.conftest import Bank
from reactivation import flow
from reactivation.periods import Month
from reactivation.tables import derived

pytestmark = pytest.mark.cycle

CYCLE, NEXT, LEARNER = "2026-05", "2026-06", "2026-07"


def test_bands_are_shown_by_the_settled_month_and_by_none_that_has_not_settled(bank: Bank) -> None:
    assert past.evidence(bank.open(flow.ASSIGN, NEXT)) == {}
    r = bank.open(flow.ASSIGN, LEARNER)
    assert past.cycles(r) == [CYCLE]
    found = past.evidence(r).values()
    picked = bank.read(derived.ARMS, CYCLE).where("is_selected").groupBy("touch").count().collect()
    users = {row.touch: row["count"] for row in picked}
    assert sum(band.n_touched for band in found) == users["touched"] > 100
    assert sum(band.n_compared for band in found) == users["holdout"] > 100
    assert sum(band.n_untouched for band in found) > users["holdout"]  # and those whom nobody may contact
    assert all(band.conversion is not None for band in found if band.n_untouched)


def test_a_wave_knows_of_its_options_what_the_draws_told(bank: Bank) -> None:
    told = bank.read(derived.RESPONSE, CYCLE).where("tier = 'high_potential' and status = 'estimated'").collect()
    known = {(row.wave, row.channel, row.benefit) for row in told}
    r = bank.open(flow.PLAN, LEARNER)
    found = {}
    for name, wave in r.settings.campaign.waves.items():
        gains = past.gains(r, wave, name)
        assert gains is not None
        found |= {
            (name, option.channel, option.benefit): gain
            for option, gain in zip(wave.options, gains.options, strict=True)
            if gain is not None
        }
        assert past.gains(bank.open(flow.PLAN, NEXT), wave, name) is None
    assert set(found) == {option for option in known if option in found or option[2] != "none"} != set()


def test_training_knows_who_was_left_alone(bank: Bank) -> None:
    r = bank.open(flow.TRAIN, LEARNER)
    assert Month.parse(CYCLE) not in {Month.parse(month) for month in past.unrandomised(r, before=r.cycle)}
    alone = past.untouched(r, [CYCLE])
    assert alone is not None
    touched = bank.read(derived.WAVE_PLAN, CYCLE).where("channel != 'none'").select("user_id").distinct()
    left_alone = alone.where("is_untouched")
    assert left_alone.join(touched, "user_id").isEmpty()
    drawn = alone.where("is_drawn")
    weight = left_alone.where("is_drawn").agg(F.sum("weight_untouched")).collect()[0][0]
    assert weight == pytest.approx(drawn.count(), rel=1e-9)  # together they speak for all who were drawn

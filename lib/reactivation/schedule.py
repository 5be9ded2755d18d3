"""The jobs of a cycle in order, and the day on which each is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reactivation.periods import Calendar, Month


@dataclass(frozen=True)
class Due:
    """One job of a cycle: the day it is due and runs as of, and its wave where it plans one."""

    job: str
    as_of: date
    wave: str | None = None

    @property
    def key(self) -> tuple[str, str | None, date]:
        """As `run_log` knows a finished run."""
        return (self.job, self.wave, self.as_of)


BEFORE_THE_MONTH = ("ingest_sources", "build_features", "train_models", "score_users", "assign_tiers")
AFTER_SETTLING = ("ingest_sources", "evaluate_scores", "read_out")


def of_cycle(
    cycle: Month,
    *,
    calendar: Calendar,
    waves: Mapping[str, date],
    looks: Sequence[date] = (),
    before_each_day: Sequence[str] = (),
) -> tuple[Due, ...]:
    """All jobs of one cycle in order.

    At the observation date: everything up to the arms. At each wave's day: an ingest up to it, then the wave's plan and
    its release. At the settle date: an ingest, the evaluation of the scores and the read-out. waves: the day as of
    which each is planned. looks: days on which the running month is read out as well, after an ingest and before a wave
    of that day. before_each_day: jobs that run before the first job of each day. Where there are no waves, nobody is
    drawn for anything, and there is nothing to look at.
    """
    bank = tuple(before_each_day)
    settled = calendar.settle_on(cycle)
    before = [job for job in BEFORE_THE_MONTH if waves or job != "assign_tiers"]
    jobs = [Due(job, cycle.first) for job in (*bank, *before)]
    looked_at = set(looks) if waves else set()
    for day in sorted({*waves.values(), *looked_at}):
        jobs += [Due(job, day) for job in (*bank, "ingest_sources")]
        jobs += [Due("read_out", day)] if day in looked_at else []
        planned = [wave for wave, its_day in waves.items() if its_day == day]
        jobs += [Due(job, day, wave) for wave in planned for job in ("plan_wave", "release_wave")]
    return (*jobs, *(Due(job, settled) for job in (*bank, *AFTER_SETTLING)))

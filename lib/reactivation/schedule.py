"""The jobs of one cycle or of several in the order of their days, and the day on which each is due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from reactivation.periods import Calendar, Month


@dataclass(frozen=True)
class Due:
    """One job of a cycle: the day it is due and runs as of, and its wave where it plans one.

    is_for_all: it brings the bank's rows up to its day, for whichever cycle.
    """

    job: str
    as_of: date
    wave: str | None = None
    is_for_all: bool = field(default=False, compare=False)

    @property
    def key(self) -> tuple[str, str | None, date]:
        """As `run_log` knows a finished run."""
        return (self.job, self.wave, self.as_of)


INGEST = "ingest_sources"
BEFORE_THE_MONTH = ("build_features", "train_models", "score_users", "assign_tiers")
AFTER_SETTLING = ("evaluate_scores", "read_out")


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
    settled = calendar.settle_on(cycle)
    before = [job for job in BEFORE_THE_MONTH if waves or job != "assign_tiers"]
    jobs = [*rows_up_to(cycle.first, before_each_day), *(Due(job, cycle.first) for job in before)]
    looked_at = set(looks) if waves else set()
    for day in sorted({*waves.values(), *looked_at}):
        jobs += rows_up_to(day, before_each_day)
        jobs += [Due("read_out", day)] if day in looked_at else []
        planned = [wave for wave, its_day in waves.items() if its_day == day]
        jobs += [Due(job, day, wave) for wave in planned for job in ("plan_wave", "release_wave")]
    return (*jobs, *rows_up_to(settled, before_each_day), *(Due(job, settled) for job in AFTER_SETTLING))


def rows_up_to(day: date, before: Sequence[str] = ()) -> tuple[Due, ...]:
    """The jobs that bring the bank's rows up to a day. before: those that run before the ingest."""
    return tuple(Due(job, day, is_for_all=True) for job in (*before, INGEST))


def in_order(cycles: Iterable[tuple[Month, Iterable[Due]]]) -> tuple[tuple[Month, Due], ...]:
    """The jobs of several cycles in the order of their days, each with its cycle.

    On one day the oldest cycle's come first; the bank's rows are brought once for all of them. May settles after June
    has begun: what is due in June before that day runs before it.
    """
    each = [(cycle, due) for cycle, jobs in cycles for due in jobs]
    each.sort(key=lambda one: (one[1].as_of, one[0]))
    once: dict[tuple[Month | None, Due], tuple[Month, Due]] = {}
    for cycle, due in each:
        once.setdefault((None if due.is_for_all else cycle, due), (cycle, due))
    return tuple(once.values())


def overview(jobs: Iterable[Due]) -> list[dict[str, str]]:
    """The jobs of each day in one line: day, jobs with their waves."""
    days: dict[date, list[str]] = {}
    for due in jobs:
        days.setdefault(due.as_of, []).append(due.job if due.wave is None else f"{due.job} {due.wave}")
    return [{"day": str(day), "jobs": ", ".join(names)} for day, names in days.items()]


def missed(due: Due, today: date) -> bool:
    """True for a wave whose day is over: whom a plan of today finds, nobody can have sent anything then."""
    return due.wave is not None and due.as_of < today

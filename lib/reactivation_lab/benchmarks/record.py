"""A record: one job of a benchmark with what it cost, as one line of a file of JSON lines."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from reactivation.frozen_model import FrozenModel


class Cost(FrozenModel):
    """What was measured, as `runtime.meter` explains it; seconds, bytes, counts. None: this machine does not tell."""

    seconds: float
    memory_bytes: int | None
    heap_bytes: int | None
    stages: int
    stages_lost: int
    tasks: int
    task_seconds: float
    cpu_seconds: float
    gc_seconds: float
    input_bytes: int
    input_rows: int
    output_bytes: int
    shuffle_read_bytes: int
    shuffle_write_bytes: int
    spill_memory_bytes: int
    spill_disk_bytes: int


def summed(costs: Sequence[Cost]) -> Cost:
    """Work done one after the other as one: the highest memory, the sum of all else."""
    each = [cost.model_dump() for cost in costs]
    peaks = {name: [c[name] for c in each if c[name] is not None] for name in ("memory_bytes", "heap_bytes")}
    sums = {name: sum(c[name] for c in each) for name in each[0] if name not in peaks}
    highest = {name: max(values, default=None) for name, values in peaks.items()}
    return Cost.model_validate({**sums, **highest})


class Machine(FrozenModel):
    """Where the driver ran."""

    cores: int
    memory_bytes: int | None
    cpu: str


class Record(FrozenModel):
    """One job, or one repetition of a benchmark that is repeated.

    kind: month, a job of a cycle or of its history; part, one of a cycle that was not run whole, which may have cost
    less; training, one on a bank's rows repeated; readout, a way to read a made month out. part: history, a month
    before the cycle; month, the cycle itself. months: of history. rows: written by a job; read, of features by a
    training, of all tables by a read-out. root_bytes: all files under the root when the job was done, old Delta
    versions included; None for roots that are no local folder.
    """

    kind: Literal["month", "part", "training", "readout"]
    users: int
    months: int
    cycle: str
    part: Literal["history", "month"]
    job: str
    wave: str | None = None
    as_of: date | None = None
    repetition: int = 1
    rows: int
    root_bytes: int | None
    cost: Cost
    machine: Machine
    versions: dict[str, str]
    settings_hash: str
    code_version: str
    finished_at: datetime

    @property
    def key(self) -> tuple[object, ...]:
        """What a later record of the same replaces."""
        return (self.kind, self.users, self.months, self.cycle, self.job, self.wave, self.as_of, self.repetition)


def newest(records: Iterable[Record]) -> list[Record]:
    """Of records of the same thing the one made last, in order of first appearance."""
    found: dict[tuple[object, ...], Record] = {}
    for record in records:
        there = found.get(record.key)
        if there is None or record.finished_at >= there.finished_at:
            found[record.key] = record
    return list(found.values())

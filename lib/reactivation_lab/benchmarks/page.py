"""BENCHMARKS.md: its tables are made from records."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from reactivation_lab.benchmarks import synthetic_month
from reactivation_lab.benchmarks.growth import growth
from reactivation_lab.benchmarks.loops import LoopMonth, as_section
from reactivation_lab.benchmarks.record import Record, newest
from reactivation_lab.benchmarks.table import number, table

GIB, MIB = 2**30, 2**20
BEGIN = "<!-- Written by people and kept by `make benchmarks`, which makes all below from records. -->"
END = "<!-- Below here: made from records. -->"
_PARTS = {"history": ", a month of history", "month": ""}
_COSTS = (
    *("seconds", "rows per second", "CPU seconds", "peak GiB", "heap GiB"),
    *("shuffle read MiB", "shuffle write MiB", "spill MiB in memory", "spill MiB on disk"),
)


def in_brief(record: Record) -> str:
    """One record as a line for the terminal."""
    cost = record.cost
    return (
        f"peak {gib(cost.memory_bytes)} GiB (heap {gib(cost.heap_bytes)}), "
        f"shuffle {mib(cost.shuffle_write_bytes)} MiB, "
        f"spill {mib(cost.spill_disk_bytes)} MiB on disk, {cost.stages} stages, {cost.cpu_seconds:.0f} CPU seconds, "
        f"root {gib(record.root_bytes)} GiB"
    )


def as_page(
    records: Iterable[Record], *, loops: Sequence[LoopMonth] = (), allocations: str = "", text: str = ""
) -> str:
    """The whole page in Markdown.

    allocations: of `allocations_by_truth.as_section`. text: what people wrote, put under the heading between its marks.
    """
    kept = newest(records)
    kinds = ("month", "part", "training", "readout")
    jobs, some, trainings, readouts = ([record for record in kept if record.kind == kind] for kind in kinds)
    parts = ["# Benchmarks", f"{BEGIN}\n\n{text.strip() or 'What was run, and what was not.'}\n\n{END}"]
    parts += ["## Machine and versions", _machines(kept)]
    if jobs:
        parts += ["## One cycle: seconds by size", _seconds(jobs)]
        parts += [f"## One cycle at {number(users)} users\n\n{_costs(jobs, users)}" for users in _sizes(jobs)]
    for users, months in sorted({(record.users, record.months) for record in some}):
        of_size = [record for record in some if record.months == months]
        what = f"A part of one cycle at {number(users)} users, {months} month{'s' if months > 1 else ''} of history"
        parts += [f"## {what}\n\n{_costs(of_size, users)}"]
    if trainings:
        parts += ["## A training by itself", _trainings(trainings)]
    if readouts:
        parts += ["## The read-out of a month", _readouts(readouts)]
    if loops:
        parts += ["## Does learning pay?", as_section(loops)]
    if allocations:
        parts += ["## Users moved in truth, by how a wave is filled", allocations]
    return "\n\n".join(parts) + "\n"


def text_of(page: str) -> str:
    """What people wrote into a page; empty where the marks are not there."""
    inside = page.partition(BEGIN)[2].partition(END)
    return inside[0].strip() if inside[1] else ""


def gib(value: int | None) -> str:
    """Bytes in GiB."""
    return "–" if value is None else f"{value / GIB:.1f}"


def mib(value: int | None) -> str:
    """Bytes in MiB, without decimals."""
    return "–" if value is None else f"{value / MIB:,.0f}".replace(",", " ")


def _seconds(records: Sequence[Record]) -> str:
    sizes = _sizes(records)
    rows = []
    for name, of_job in _by_job(records).items():
        seconds = {
            users: _each(of_job[users], lambda record: record.cost.seconds) for users in sizes if users in of_job
        }
        cells = [f"{seconds[users]:.1f}" if users in seconds else "not run" for users in sizes]
        rows.append([name, *cells, growth(seconds).text])
    every = _by_job(records).values()
    finished = [users for users in sizes if all(users in of_job for of_job in every)]
    whole = {users: sum(record.cost.seconds for record in records if record.users == users) for users in finished}
    cells = [f"{whole[users]:.0f}" if users in whole else "not whole" for users in sizes]
    rows.append(["all together, history included", *cells, growth(whole).text])
    months = {users: _history(records, users) for users in sizes}
    told = ", ".join(f"{number(users)} users with {n} months of history" for users, n in months.items())
    head = ["job", *[f"{number(users)} users" for users in sizes], "exponent"]
    note = (
        f"Measured: {told}. A job that a cycle calls several times (the bank's life, ingests, waves) is summed over "
        "the cycle; a month of history is the mean month. The exponent is the least-squares slope of log seconds on "
        "log users over the sizes at which the job was measured; a fixed cost makes it small at small sizes."
    )
    return f"{table(head, rows)}\n\n{note}"


def _costs(records: Sequence[Record], users: int) -> str:
    rows = []
    for name, of_job in _by_job(records).items():
        if users not in of_job:
            continue
        rows.append([name, *_cost(of_job[users])])
    mine = [record for record in records if record.users == users]
    roots = [record.root_bytes for record in mine if record.root_bytes is not None]
    lost = sum(record.cost.stages_lost for record in mine)
    notes = [f"Most on disk under the root after any job: {gib(max(roots, default=None))} GiB."]
    notes += [f"Spark forgot {lost} stages before they were read: sums are too low."] if lost else []
    return f"{table(['job', 'rows written', *_COSTS], rows)}\n\n{' '.join(notes)}"


def _cost(records: Sequence[Record]) -> list[str]:
    """Rows of one job's records together, and what they cost, as `_COSTS` names it."""
    seconds, rows = _each(records, lambda r: r.cost.seconds), _each(records, lambda r: r.rows)
    return [
        *[number(round(rows)), f"{seconds:.1f}", number(round(rows / seconds)) if seconds else "–"],
        f"{_each(records, lambda r: r.cost.cpu_seconds):.0f}",
        gib(max((r.cost.memory_bytes or 0) for r in records) or None),
        gib(max((r.cost.heap_bytes or 0) for r in records) or None),
        mib(round(_each(records, lambda r: r.cost.shuffle_read_bytes))),
        mib(round(_each(records, lambda r: r.cost.shuffle_write_bytes))),
        mib(round(_each(records, lambda r: r.cost.spill_memory_bytes))),
        mib(round(_each(records, lambda r: r.cost.spill_disk_bytes))),
    ]


def _trainings(records: Sequence[Record]) -> str:
    head = ["users", "months of history", "rows of features", *_COSTS]
    return table(head, [[number(record.users), str(record.months), *_cost([record])] for record in records])


def _readouts(records: Sequence[Record]) -> str:
    rows = []
    for users in sorted({record.users for record in records}):
        of_size = [record for record in records if record.users == users]
        ways = list(dict.fromkeys(record.job for record in of_size))
        middle = {way: median([r.cost.seconds for r in of_size if r.job == way]) for way in ways}
        ours = middle[synthetic_month.WHOLE]
        for way in ways:
            mine = [r for r in of_size if r.job == way]
            spread = f"{min(r.cost.seconds for r in mine):.1f} to {max(r.cost.seconds for r in mine):.1f}"
            rows.append(
                [
                    *[number(users), way, f"{middle[way]:.1f}", spread, str(len(mine)), f"{middle[way] / ours:.2f}"],
                    f"{median(r.cost.cpu_seconds for r in mine):.1f}",
                    number(max(r.cost.input_rows for r in mine)),
                    gib(max(r.cost.memory_bytes or 0 for r in mine) or None),
                ]
            )
    head = [
        "users",
        "way",
        "median seconds",
        "from … to",
        "runs",
        "times the whole read-out",
        "CPU seconds",
        "rows read",
        "peak GiB",
    ]
    return table(head, rows)


def _by_job(records: Sequence[Record]) -> dict[str, dict[int, list[Record]]]:
    """Records by job (those of the history apart) and users."""
    found: dict[str, dict[int, list[Record]]] = {}
    for record in records:
        found.setdefault(record.job + _PARTS[record.part], {}).setdefault(record.users, []).append(record)
    return found


def _each(records: Sequence[Record], value: Callable[[Record], float]) -> float:
    """Sum over a cycle; of the history the mean month."""
    total = sum(value(record) for record in records)
    return total / len(records) if records[0].part == "history" else total


def _machines(records: Sequence[Record]) -> str:
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        made_with = ", ".join(f"{name} {version}" for name, version in record.versions.items())
        place = f"{record.machine.cores} cores, {gib(record.machine.memory_bytes)} GiB, {record.machine.cpu}"
        found.setdefault((place, made_with, record.code_version, record.settings_hash[:12]), []).append(record)
    rows = []
    for key, mine in found.items():
        days = sorted({record.finished_at.date().isoformat() for record in mine})
        what = sorted({(record.kind, record.users) for record in mine})
        measured = ", ".join(f"{kind} {number(users)}" for kind, users in what)
        rows.append([measured, *key, " to ".join(dict.fromkeys((days[0], days[-1])))])
    return table(["measured", "machine", "versions", "code", "settings", "day"], rows)


def _history(records: Sequence[Record], users: int) -> int:
    return max(record.months for record in records if record.users == users)


def _sizes(records: Sequence[Record]) -> list[int]:
    return sorted({record.users for record in records})

"""What was measured so far: one line of JSON a run, so that a later call goes on where an earlier one stopped."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """One run of a measurement on one side, or why it could not run.

    code: what ran, as `Tree.code` names it. load: the machine's load of the last minute before and after. size: what
    was asked for beside the measurement's name, such as a number of users; other sizes are other results.
    """

    kind: str
    side: str
    code: str
    run: int
    at: str
    load: tuple[float, float]
    size: int | None = None
    reason: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


class Results:
    """A file of results."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self.all = [Result(**json.loads(line)) for line in lines if line.strip()]

    def add(self, result: Result) -> None:
        """Keep a result at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        self.all.append(result)

    def of(self, kind: str, side: str, code: str, size: int | None = None) -> list[Result]:
        """The runs of one measurement on one side that gave figures, in order."""
        return [r for r in self._like(kind, side, code, size) if r.reason is None]

    def reason(self, kind: str, side: str, code: str, size: int | None = None) -> str | None:
        """Why the newest run gave no figures; None where it did, or where there is none."""
        found = self._like(kind, side, code, size)
        return found[-1].reason if found else None

    def _like(self, kind: str, side: str, code: str, size: int | None) -> list[Result]:
        return [r for r in self.all if (r.kind, r.side, r.code, r.size) == (kind, side, code, size)]


def value(results: Iterable[Result], *path: str) -> list[float]:
    """One figure of several runs, by its name, or by the names of what it lies in; those that lack it are left out."""
    found: list[float] = []
    for result in results:
        inside: Any = result.values
        for name in path:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if inside is not None:
            found.append(float(inside))
    return found

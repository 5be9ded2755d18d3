"""What every measurement uses: its folders, Spark's event log, and jobs by their commands, alone or in one session."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from reactivation_lab.against import eventlog, process
from reactivation_lab.against.process import Ran
from reactivation_lab.against.tree import Tree, Unavailable

HELPERS = Path(__file__).parent / "helpers"
_DEFAULTS = """spark.eventLog.enabled true
spark.eventLog.dir {events}
spark.eventLog.rolling.enabled false
spark.eventLog.compress false
"""
_LAST_WORDS = 300
CYCLE = "2026-05"


@dataclass(frozen=True)
class Place:
    """The folder of one run; made empty, and removed when the run is counted.

    tree: what runs. shared: folder of inputs that are made once for both trees. loads: highest load of each command.
    """

    tree: Tree
    folder: Path
    shared: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    loads: list[float] = field(default_factory=list)

    @property
    def events(self) -> Path:
        return self.folder / "events"

    def log(self) -> eventlog.Log:
        """What Spark noted while the run lasted."""
        return eventlog.read(self.events)

    def job(self, name: str, *arguments: str, log: str | None = None) -> Ran:
        """Run a job by its command; Unavailable where it fails."""
        return self.python(str(self.tree.job(name)), *arguments, log=log or name)

    def session(self, steps: Sequence["Step"]) -> tuple[Ran, list["Done"]]:
        """Run jobs one after the other in one Spark session, and return when each began and ended."""
        plan, marks = self.folder / "plan.json", self.folder / "marks.jsonl"
        as_json = [
            {"name": s.name, "job": str(self.tree.job(s.job)), "args": s.arguments, "links": _as_text(s.links)}
            for s in steps
        ]
        plan.write_text(json.dumps(as_json), encoding="utf-8")
        marks.unlink(missing_ok=True)
        ran = self.python(str(HELPERS / "one_session.py"), str(plan), str(marks), log="session")
        return ran, [Done(**json.loads(line)) for line in marks.read_text(encoding="utf-8").splitlines()]

    def python(self, *arguments: str, log: str, path: Path | None = None) -> Ran:
        """Run a Python file; Unavailable with its last words where it fails. path: a further folder of packages."""
        file, env = self.folder / f"{log}.log", self._env()
        if path is not None:
            env["PYTHONPATH"] += f"{os.pathsep}{path.resolve()}"
        ran = process.run([sys.executable, *arguments], cwd=self.folder, env=env, log=file)
        self.loads.append(max(ran.load))
        if ran.code:
            said = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise Unavailable(f"{Path(arguments[0]).name} ended with {ran.code}: {' '.join(said[-3:])[-_LAST_WORDS:]}")
        return ran

    def _env(self) -> dict[str, str]:
        conf = self.folder / "spark"
        conf.mkdir(parents=True, exist_ok=True)
        self.events.mkdir(exist_ok=True)
        (conf / "spark-defaults.conf").write_text(_DEFAULTS.format(events=self.events.as_uri()), encoding="utf-8")
        return self.tree.env(conf)


@dataclass(frozen=True)
class Step:
    """A job in a session that goes on; links: folders to bring into place before it, from where to where."""

    name: str
    job: str
    arguments: tuple[str, ...]
    links: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True)
class Done:
    """A step that is done: seconds since the epoch."""

    name: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def arguments(
    tree: Tree, root: Path, *, env: str, cycle: str = CYCLE, settings: Mapping[str, object] = MappingProxyType({})
) -> tuple[str, ...]:
    """The common arguments of the simulated bank's jobs, with conf of the tree itself."""
    given = {"paths.root": root, **settings}
    sets = [text for key, value in given.items() for text in ("--set", f"{key}={value}")]
    common = ("--env", env, "--region", "sandbox", "--scenario", "mobile_activity", "--cycle", cycle)
    return (*common, "--conf-dir", str(tree.folder / "conf"), *sets)


def _as_text(links: Sequence[tuple[Path, Path]]) -> list[list[str]]:
    return [[str(source), str(target)] for source, target in links]

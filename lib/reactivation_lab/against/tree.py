"""The two trees that are compared, and all that is different between their layouts."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REV, HERE = "rev", "here"
_JOBS = ("jobs", "jobs/lab")
_CODE = ("lib", "jobs", "conf")
_NOT_MEASURED = ("lib/reactivation_lab/against/", "jobs/lab/benchmark_against.py")
_OF_OTHERS = ("SPARK_HOME", "SPARK_CONF_DIR", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYSPARK_SUBMIT_ARGS")
TEST_COMMANDS = (
    ("-m", "ruff", "check", "."),
    ("-m", "ruff", "format", "--check", "."),
    ("-m", "mypy"),
)
"""What `make test` runs before `.ci/tests`. Without make, which would set up the packages of another lock anew."""


class Unavailable(Exception):
    """What a tree cannot do; its text says why."""


@dataclass(frozen=True)
class Tree:
    """One checked-out state of the project.

    side: `rev` or `here`. code: the commit, or a hash of the files that are measured; results of other code are no
    results of this tree.
    """

    side: str
    folder: Path
    code: str

    def job(self, name: str) -> Path:
        """The file of a job, wherever this layout keeps it."""
        found = [place for folder in _JOBS if (place := self.folder / folder / f"{name}.py").is_file()]
        if not found:
            raise Unavailable(f"there is no job {name}")
        return found[0]

    def env(self, spark_conf: Path | None = None) -> dict[str, str]:
        """Environment of a job: this tree's code goes before what is installed. spark_conf: holds Spark's defaults."""
        kept = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
        java = Path(sys.prefix) / "java_home"
        if java.is_file():
            kept["JAVA_HOME"] = java.read_text(encoding="utf-8").strip()
        if spark_conf is not None:
            kept["SPARK_CONF_DIR"] = str(spark_conf)
        return {**kept, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(self.folder / "lib")}


def worktree(project: Path, revision: str, place: Path) -> Tree:
    """Check a commit out into a folder of its own, once."""
    commit = _git(project, "rev-parse", "--verify", f"{revision}^{{commit}}")
    if not (place / ".git").exists():
        _git(project, "worktree", "add", "--force", "--detach", str(place), commit)  # though its folder was removed
    if _git(place, "rev-parse", "HEAD") != commit or _git(place, "status", "--porcelain", "--untracked-files=no"):
        raise SystemExit(f"{place} is not what was committed as {revision}: remove it with `git worktree remove`")
    return Tree(REV, place, commit[:12])


def working_tree(project: Path) -> Tree:
    """The tree as it lies here, changes that are not committed included."""
    listed = _git(project, "ls-files", "-co", "--exclude-standard", *_CODE).splitlines()
    digest = hashlib.sha256()
    for name in sorted(set(listed)):
        path = project / name
        if not name.startswith(_NOT_MEASURED) and path.is_file():
            digest.update(f"{name}\0".encode() + path.read_bytes())
    return Tree(HERE, project, digest.hexdigest()[:12])


def short(project: Path, revision: str) -> str:
    """The commit's short name."""
    return _git(project, "rev-parse", "--short=7", f"{revision}^{{commit}}")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()

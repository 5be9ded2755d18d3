"""A file of JSON lines: one record per line, appended."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from reactivation.errors import Finding, SettingsError, SourceError
from reactivation.frozen_model import FrozenModel

P = TypeVar("P", bound=FrozenModel)


def append_record(path: str, record: FrozenModel) -> None:
    """Add a line at the end of a local file, which is made where there is none."""
    place = Path(path)
    if "://" in path:
        raise SettingsError("records go to a local file", [Finding("not local", path, "set paths.root to a folder")])
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")


def read_records(paths: Iterable[str], part: type[P]) -> list[P]:
    """All records of some files; SourceError names every line that is none."""
    found: list[P] = []
    findings: list[Finding] = []
    for path in paths:
        if not Path(path).is_file():
            findings.append(Finding("missing", path, "no such file: run `make benchmark` first, or name another"))
            continue
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
            try:
                found.append(part.model_validate_json(line))
            except ValidationError as error:
                problem = error.errors()[0]
                what = ".".join(str(step) for step in problem["loc"])
                findings.append(Finding("no record", f"{path}:{number}", f"{what}: {problem['msg']}"))
    if findings:
        raise SourceError("records cannot be read", findings)
    return found


def read_text(path: str) -> str:
    """A local text file; empty where there is none."""
    return Path(path).read_text(encoding="utf-8") if Path(path).is_file() else ""

"""Runs jobs one after the other in this process, as their commands would; Spark's session stays.

`python one_session.py PLAN.json MARKS.jsonl`: PLAN is a list of {name, job (file), args, links: [[from, to], …]}; MARKS
gets a line {name, began, ended} for each that is done.
"""

import json
import os
import runpy
import shutil
import sys
import time
from pathlib import Path


def main(plan: str, marks: str) -> None:
    """Bring files into place and run the job, step by step; the first that fails ends the process."""
    for step in json.loads(Path(plan).read_text(encoding="utf-8")):
        for source, target in step["links"]:
            bring(Path(source), Path(target))
        job = step["job"]
        sys.argv = [job, *step["args"]]
        sys.path[0] = str(Path(job).parent)
        began = time.time()
        runpy.run_path(job, run_name="__main__")
        done = {"name": step["name"], "began": began, "ended": time.time()}
        with Path(marks).open("a", encoding="utf-8") as file:
            file.write(json.dumps(done) + "\n")


def bring(source: Path, target: Path) -> None:
    """Copy a file or folder; Parquet files of tables, which nobody ever changes, become links to the same file."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _link(source: str, target: str) -> None:
    if source.endswith(".parquet") and "_delta_log" not in Path(source).parts:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a notebook needs: a run that may read every table and write none, and `show`."""

import builtins
import os
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame

from reactivation import cli
from reactivation.contracts import flow
from reactivation.runtime import console
from reactivation.runtime.run import Run

_DEFAULTS = {
    "env": "local",
    "region": "sandbox",
    "scenario": "mobile_activity",
    "cycle": "2026-06",
    "conf-dir": "../conf",
    "set": "",
}


def open_run() -> Run:
    """Open the run of a notebook. Parameters come from widgets on Databricks, else from defaults.

    Outside Databricks the variable `REACTIVATION_NOTEBOOK` may hold arguments as of a job
    (`--cycle 2026-05 --set paths.root=build/other`). The widget `set` takes several overrides, a space between them.
    """
    values = _widgets(_DEFAULTS)
    argv = [part for name, value in values.items() if name != "set" for part in (f"--{name}", value)]
    argv += [part for override in values["set"].split() for part in ("--set", override)]
    argv += shlex.split(os.environ.get("REACTIVATION_NOTEBOOK", ""))
    return cli.open_run(cli.parser("notebook", "").parse_args(argv), step=flow.NOTEBOOK)


def show(rows: DataFrame | Iterable[Mapping[str, Any]], title: str = "") -> None:
    """Show a small table: by the notebook's own display where there is one, else as text."""
    display = getattr(builtins, "display", None) if "DATABRICKS_RUNTIME_VERSION" in os.environ else None
    if display is not None:
        display(rows if isinstance(rows, DataFrame) else list(rows))
    else:
        console.show(title, rows)


def _widgets(defaults: Mapping[str, str]) -> dict[str, str]:
    shell = getattr(builtins, "get_ipython", lambda: None)()
    dbutils = shell.user_ns.get("dbutils") if shell else None
    if dbutils is None:
        return dict(defaults)
    for name, value in defaults.items():
        dbutils.widgets.text(name, value)
    return {name: dbutils.widgets.get(name) for name in defaults}

"""What a notebook needs: a run that may read every table and write none, `show` for tables and `picture` for plots."""

import builtins
import os
import shlex
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from pyspark.sql import DataFrame

from reactivation import argument_types, cli
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
    "user": "",
}
_LEFT_OUT = ("set", "user")
"""What is no single argument, or none where it is empty."""


def open_run() -> Run:
    """Open the run of a notebook. Parameters come from widgets on Databricks, else from defaults.

    Outside Databricks the variable `REACTIVATION_NOTEBOOK` may hold arguments as of a job
    (`--cycle 2026-05 --set paths.root=build/other`). The widget `set` takes several overrides, a space between them.
    `user` names the user whose story is told.
    """
    values = _widgets(_DEFAULTS)
    argv = [part for name, value in values.items() if name not in _LEFT_OUT for part in (f"--{name}", value)]
    argv += [part for override in values["set"].split() for part in ("--set", override)]
    argv += ["--user", values["user"]] if values["user"].strip() else []
    argv += shlex.split(os.environ.get("REACTIVATION_NOTEBOOK", ""))
    return cli.open_run(cli.parser("notebook", "", _add_arguments).parse_args(argv), step=flow.NOTEBOOK)


def show(
    rows: DataFrame | Iterable[Mapping[str, Any]], title: str = "", *, most: int = console.MOST_ROWS
) -> list[Mapping[str, Any]]:
    """Show a small table by the notebook's own display where there is one, else as text; returns the rows shown.

    most: rows that leave the cluster, no more.
    """
    records = console.few(rows, most=most)
    display = _display()
    if display is None:
        console.show(title, records, most=most)
    else:
        display(pd.DataFrame(records))
    return records


def picture(drawn: Figure | str, title: str = "") -> None:
    """Show a plot, or a picture as SVG, where the notebook shows tables; as text there is its title alone."""
    display = _display()
    if display is None:
        console.say(f"\n[picture] {title}")
    elif isinstance(drawn, Figure):
        display(drawn)
    else:
        from IPython.display import SVG  # noqa: PLC0415  (there wherever a notebook is)

        display(SVG(drawn))


def _add_arguments(parser: ArgumentParser) -> None:
    told = "the user whose story is told (default: one with many contacts)"
    parser.add_argument("--user", type=argument_types.user_id, help=told)


def _display() -> Callable[[Any], Any] | None:
    """How Databricks and IPython show a value; None in plain Python."""
    if "DATABRICKS_RUNTIME_VERSION" in os.environ or _shell() is not None:
        found: Callable[[Any], Any] | None = getattr(builtins, "display", None)
        return found
    return None


def _shell() -> Any:
    return getattr(builtins, "get_ipython", lambda: None)()


def _widgets(defaults: Mapping[str, str]) -> dict[str, str]:
    shell = _shell()
    dbutils = shell.user_ns.get("dbutils") if shell else None
    if dbutils is None:
        return dict(defaults)
    for name, value in defaults.items():
        dbutils.widgets.text(name, value)
    return {name: dbutils.widgets.get(name) for name in defaults}

"""What a job outside the programme's cycle is given: a session, settings, its arguments, and tables of others."""

import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from reactivation.errors import Finding, SourceError, nearest
from reactivation.frozen_model import FrozenModel
from reactivation.runtime import console
from reactivation.runtime.session import start
from reactivation.runtime.store import resolved
from reactivation.runtime.text import write_text
from reactivation.settings import Settings, load_part

P = TypeVar("P", bound=FrozenModel)
_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_CATALOG = re.compile(r"\w+\.\w+(\.\w+)?")
_URL = re.compile(r"\w+:/")
_FILES = {"csv": "csv", "tsv": "csv", "parquet": "parquet"}


@dataclass(frozen=True)
class Bench:
    """Reads a spec and the table it names, writes small files; no job of it writes what the programme's tables say.

    project: folder that holds `conf`; relative paths of conf start there.
    """

    settings: Settings
    args: Namespace
    project: Path = Path()
    settings_hash: str = ""

    @property
    def root(self) -> str:
        """Where the tables of conf lie."""
        return resolved(self.settings.paths.root, project=self.project)

    @cached_property
    def spark(self) -> SparkSession:
        """The session, started when it is first needed: a spec that is refused should not wait for it."""
        return start(self.settings.runtime.spark)

    def read_spec(self, path: str, part: type[P]) -> P:
        """A spec file as the part that declares it; SettingsError lists all that is wrong."""
        return load_part(Path(path), part)

    def read_table(self, place: str, *, beside: str) -> DataFrame:
        """A Delta, Parquet or CSV table, or one of a catalog; a relative path starts at the folder of `beside`.

        A CSV file has a header; its columns come as text, so that nothing is guessed from them.
        """
        is_catalog = _CATALOG.fullmatch(place) and Path(place).suffix.lstrip(".") not in _FILES
        if is_catalog and self.spark.catalog.tableExists(place):
            return self.spark.table(place)
        path = place if _URL.match(place) else str((Path(beside).resolve().parent / place).resolve())
        try:
            kind = self._kind(path)
            reader = self.spark.read.format(kind)
            if kind == "csv":
                reader = reader.option("header", "true").option("sep", "\t" if path.endswith(".tsv") else ",")
            return reader.load(path)
        except _SPARK_ERRORS as error:
            raise SourceError(f"`{place}` cannot be read", [self._why(path, error)]) from None

    def write(self, folder: str, files: Mapping[str, str]) -> None:
        """Write text files into a folder, each under a temporary name and renamed."""
        target = folder if _URL.match(folder) else str(Path(folder).resolve())
        for name, text in files.items():
            write_text(self.spark, f"{target}/{name}", text)

    def say(self, text: str) -> None:
        """Print a line at once."""
        console.say(text)

    def show(self, title: str, rows: list[dict[str, Any]]) -> None:
        """Print a small table under its title."""
        console.show(title, rows)

    def _kind(self, path: str) -> str:
        """Delta where there is a log, else what the name or the files inside say, else Parquet."""
        if DeltaTable.isDeltaTable(self.spark, path):
            return "delta"
        inside = sorted(Path(path).glob("*.*")) if Path(path).is_dir() else []
        for name in (path, *(str(file) for file in inside)):
            endings = [ending.lstrip(".").lower() for ending in Path(name).suffixes]
            known = [_FILES[ending] for ending in endings if ending in _FILES]
            if known:
                return known[0]
        return "parquet"

    def _why(self, path: str, error: Exception) -> Finding:
        local = Path(path)
        if not _URL.match(path) and not local.exists():
            near = nearest(local.name, [other.name for other in local.parent.glob("*")])
            return Finding("missing table", path, f"nothing is there: {near or 'is the folder right?'}")
        said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return Finding("unreadable", path, f"as Delta, Parquet or CSV: {said[:200]}")

"""What a job outside the programme's cycle is given: a session, settings, its arguments, and tables of others."""

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from reactivation.errors import Finding, SettingsError, SourceError, nearest
from reactivation.frozen_model import FrozenModel
from reactivation.runtime import console
from reactivation.runtime.hadoop_files import listed
from reactivation.runtime.read_errors import is_of_file, unreadable
from reactivation.runtime.session import start
from reactivation.runtime.store import resolved
from reactivation.runtime.tabular_files import Opened, open_csv, open_parquet
from reactivation.runtime.text import write_text
from reactivation.settings import Settings, load_part

P = TypeVar("P", bound=FrozenModel)
_SPARK_ERRORS = (PySparkException, Py4JJavaError)
_CATALOG = re.compile(r"\w+\.\w+(\.\w+)?")
_URL = re.compile(r"\w+:/")
_FILES = {"csv": "csv", "tsv": "csv", "txt": "csv", "parquet": "parquet"}
_PARQUET = b"PAR1"
"""What a Parquet file begins with."""


@dataclass(frozen=True)
class Bench:
    """Reads a spec and the table it names, writes small files; no job of it writes what the programme's tables say.

    project: folder that holds `conf`; relative paths of conf start there. absent, overruled: see `settings.Loaded`.
    """

    settings: Settings
    args: Namespace
    project: Path = Path()
    settings_hash: str = ""
    absent: tuple[Finding, ...] = ()
    overruled: tuple[Finding, ...] = ()

    @property
    def root(self) -> str:
        """Where the tables of conf lie."""
        return resolved(self.settings.paths.root, project=self.project)

    @property
    def exports(self) -> str:
        """Where the channel files of conf lie."""
        return self.resolve(self.settings.paths.exports)

    @property
    def contact_root(self) -> str:
        """Where the contact ledger lies, which scenarios of one bank may share."""
        return self.resolve(self.settings.paths.contact_ledger)

    def resolve(self, path: str) -> str:
        """A path of conf as Spark takes it."""
        return resolved(path, project=self.project, root=self.root)

    @property
    def region(self) -> str:
        return str(self.args.region)

    @property
    def scenario(self) -> str:
        return str(self.args.scenario)

    @cached_property
    def spark(self) -> SparkSession:
        """The session, started when it is first needed: a spec that is refused should not wait for it."""
        return start(self.settings.runtime.spark)

    def read_spec(self, path: str, part: type[P]) -> P:
        """A spec file as the part that declares it; SettingsError lists all that is wrong."""
        return load_part(Path(path), part)

    def read_table(self, place: str, *, beside: str, encoding: str) -> Opened:
        """A Delta, Parquet or CSV table, or one of a catalog; a relative path starts at the folder of `beside`.

        A column that some of its files lack cannot be used: nobody knows why it is lost. A CSV file has a header; its
        columns come as text, so that nothing is guessed from them. encoding: of the text.
        """
        path = place if _URL.match(place) else str((Path(beside).resolve().parent / place).resolve())
        is_there = not _URL.match(place) and Path(path).exists()
        if is_there and not (Path(path) / "_delta_log").is_dir():
            # The first table that is read decides how the session is started.
            self.__dict__.setdefault("spark", start(self.settings.runtime.spark, with_delta=False))
        if _CATALOG.fullmatch(place) and not is_there and _is_table(self.spark, place):
            return Opened(self.spark.table(place), {})
        try:
            kind = self._kind(path)
            if kind == "delta":
                return Opened(self.spark.read.format(kind).load(path), {})
            if kind == "csv":
                return open_csv(self.spark, path, encoding=encoding)
            opened = open_parquet(self.spark, path)
            lacking = [name for name in opened.frame.columns if name.lower() in opened.lacking]
            return Opened(opened.frame.drop(*lacking), {**opened.unusable, **opened.lacking})
        except FileNotFoundError:
            raise SourceError(f"`{place}` cannot be read", [_missing(path)]) from None
        except _SPARK_ERRORS as error:
            raise SourceError(f"`{place}` cannot be read", [unreadable(error, what=path)]) from None

    @contextmanager
    def reading(self, place: str) -> Iterator[None]:
        """Tell what turns out to be unreadable only when the rows are read."""
        try:
            yield
        except _SPARK_ERRORS as error:
            if not is_of_file(error):
                raise
            raise SourceError(f"`{place}` cannot be read", [unreadable(error, what=place)]) from None

    def write(self, folder: str, files: Mapping[str, str]) -> None:
        """Write text files into a folder, each under a temporary name and renamed."""
        target = folder if _URL.match(folder) else str(Path(folder).resolve())
        for name, text in files.items():
            write_text(self.spark, f"{target}/{name}", text)

    @property
    def conf(self) -> Path:
        """The folder that holds base, scenarios, regions and envs."""
        return self.project / Path(self.args.conf_dir).name

    def read_here(self, path: Path) -> str:
        """A small text file of this machine; SettingsError where there is none."""
        if not path.is_file():
            near = nearest(path.name, [other.name for other in path.parent.glob(f"*{path.suffix}")])
            raise SettingsError("nothing was read", [Finding("no such file", str(path), near)])
        return path.read_text(encoding="utf-8")

    def write_here(self, path: Path, text: str, *, is_new: bool = True) -> None:
        """Write a small text file of this machine; is_new: SettingsError where it is there already."""
        if is_new and path.exists():
            raise SettingsError("nothing was written", [Finding("there already", str(path), "remove it, or edit it")])
        path.write_text(text, encoding="utf-8")

    def say(self, text: str) -> None:
        """Print a line at once."""
        console.say(text)

    def show(self, title: str, rows: list[dict[str, Any]]) -> None:
        """Print a small table under its title."""
        console.show(title, rows)

    def _kind(self, path: str) -> str:
        """Delta where there is a log, else what the name or the files inside say, else what a file begins with."""
        local = Path(path)
        is_url = bool(_URL.match(path))
        if (local / "_delta_log").is_dir() or (is_url and DeltaTable.isDeltaTable(self.spark, path)):
            return "delta"
        files = listed(self.spark, path)
        for name in (local.name, *[file.name for file in files]):
            known = [_FILES[ending] for ending in name.lower().split(".")[1:] if ending in _FILES]
            if known:
                return known[-1]
        return "parquet" if files[0].start(len(_PARQUET)) == _PARQUET else "csv"


def _is_table(spark: SparkSession, place: str) -> bool:
    """True for a table of a catalog; a name that no catalog can have is none."""
    try:
        return spark.catalog.tableExists(place)
    except _SPARK_ERRORS:
        return False


def _missing(path: str) -> Finding:
    local = Path(path)
    near = nearest(local.name, [other.name for other in local.parent.glob("*")]) if not _URL.match(path) else ""
    return Finding("missing table", path, f"nothing is there: {near or 'is the folder right?'}")

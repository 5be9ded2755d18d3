"""When the bank's warehouse last brought a raw table: by its files or commits, so that an empty delivery counts."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from delta import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reactivation.ingest.settings import SourceSettings, SourcesSettings, ViewQuery
from reactivation.periods import Calendar
from reactivation.runtime.files import files_below, is_there
from reactivation.runtime.store import is_catalog_schema

_LOG = "_delta_log"


def delivered_on(
    spark: SparkSession, settings: SourcesSettings, *, folder: str, names: tuple[str, ...], calendar: Calendar
) -> dict[str, date]:
    """By source, the region's day on which its newest file was written, or its newest commit made.

    names: the sources that are looked for. folder: `sources.path` as Spark takes it. A query's day is that of the
    oldest view that it names. A source of which it cannot be said is left out.
    """
    found: dict[str, date] = {}
    for name in names:
        source = settings.present.get(name)
        places = [] if source is None else _places(source, settings)
        days = [_newest(spark, file, settings, folder=folder) for file in places]
        known = [at for at in days if at is not None]
        if known and len(known) == len(days):
            at = datetime.fromtimestamp(min(known) / 1000, ZoneInfo(calendar.zone))
            found[name] = at.date()
    return found


def _places(source: SourceSettings, settings: SourcesSettings) -> list[str]:
    """The raw tables behind a source."""
    if source.query is None:
        return [source.from_ or ""]
    return _behind(source.query, settings)


def _behind(query: str, settings: SourcesSettings) -> list[str]:
    """The files of the views that a query names, and of those that these views name themselves."""
    words, views = set(re.findall(r"\w+", query)), settings.views or {}
    before = {view: dict(list(views.items())[:place]) for place, view in enumerate(views)}
    found: list[str] = []
    for name, view in views.items():
        if name in words and isinstance(view, ViewQuery):
            found += _behind(view.query, settings.model_copy(update={"views": before[name]}))
        elif name in words:
            found.append(str(view))
    return list(dict.fromkeys(found))


def _newest(spark: SparkSession, file: str, settings: SourcesSettings, *, folder: str) -> int | None:
    """Milliseconds since 1970; None where nothing is there, or nothing says when it came."""
    try:
        schema, _, prefix = folder.partition("/")
        if is_catalog_schema(schema):
            return _committed(DeltaTable.forName(spark, f"{schema}.{prefix + '_' if prefix else ''}{file}"))
        place = f"{folder}/{file}"
        if settings.format == "delta":
            return _written(spark, f"{place}/{_LOG}") or _committed(DeltaTable.forPath(spark, place))
        return _written(spark, place)
    except (PySparkException, Py4JJavaError):
        return None


def _committed(table: DeltaTable) -> int | None:
    newest = table.history(1).select(F.unix_millis("timestamp").alias("at")).head()
    return None if newest is None else int(newest.at)


def _written(spark: SparkSession, place: str) -> int | None:
    """When the newest of all files at a place was written, empty ones among them."""
    if not is_there(spark, place):
        return None
    written = [
        int(status.getModificationTime())
        for status in files_below(spark, place)
        if str(status.getPath().getName())[0] not in "_."
    ]
    return max(written, default=None)

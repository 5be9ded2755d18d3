"""Reads channel files back: for the read-out, and for a simulated bank that sends them."""

import json
from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.contracts.canonical import CONTACT_CHANNELS
from reactivation.frames import by_value, union_all
from reactivation.runtime.file_sets import complete_below, there
from reactivation.runtime.files import before
from reactivation.runtime.text import read_text

STOPPED = "stopped.json"
"""Beside the files of a release that was stopped: by channel the send_order that was sent last."""

_COLUMNS = "contact_id string, user_id bigint, benefit string, send_on date, send_order bigint"
_PLACE = r"/([^/]+)/([^/]+)(?:/v[0-9]+)?/([^/]+)[.]csv$"
_SENT = tuple(f"{channel}.csv" for channel in CONTACT_CHANNELS)
_LISTS = [f"{channel}.withdrawn.csv" for channel in CONTACT_CHANNELS]
_WITHDRAWN = (*_LISTS, *map(before, _LISTS))
"""A list, and the one before it where its place was not taken."""


def read_sent(spark: SparkSession, folder: str, cycles: Iterable[str]) -> DataFrame | None:
    """Return all contacts in the released channel files of some cycles, with cycle, wave and channel; None without any.

    A folder without `_SUCCESS` is not released: nothing of it counts. What `stopped.json` stops was not sent, nor whom
    `<channel>.withdrawn.csv` names.
    """
    released = [place for cycle in cycles for place in complete_below(spark, f"{folder}/{cycle}")]
    stopped = [place for place in released if there(spark, place, [STOPPED])]
    whole = _paths(spark, [place for place in released if place not in stopped], _SENT)
    parts = [_contacts(spark, whole)] if whole else []
    for place in stopped:
        after = json.loads(read_text(spark, f"{place}/{STOPPED}"))
        parts += [_contacts(spark, files).where(_was_sent(after)) for files in [_paths(spark, [place], _SENT)] if files]
    if not parts:
        return None
    sent, lists = union_all(parts).drop("send_order"), _paths(spark, released, _WITHDRAWN)
    return sent.join(_read(spark, "contact_id string", lists), "contact_id", "left_anti") if lists else sent


def read_withdrawn(spark: SparkSession, folder: str) -> DataFrame | None:
    """Whom `<channel>.withdrawn.csv` of a release name, as `channel_files.withdrawn`; None where no such file is."""
    lists = _paths(spark, [folder], _WITHDRAWN)
    if not lists:
        return None
    file = F.regexp_extract("_metadata.file_path", r"([^/]+?)(?:[.]before)?[.]csv$", 1).alias("file")
    named = _read(spark, "contact_id string, user_id bigint, reason string", lists).select(file, "*")
    return named.dropDuplicates(["file", "contact_id"])


def _contacts(spark: SparkSession, files: Sequence[str]) -> DataFrame:
    place = F.col("_metadata.file_path")
    parts = {name: F.regexp_extract(place, _PLACE, n) for n, name in enumerate(("cycle", "wave", "channel"), start=1)}
    return _read(spark, _COLUMNS, files).withColumns(parts)


def _read(spark: SparkSession, columns: str, files: Sequence[str]) -> DataFrame:
    """The first columns of CSV files; their rows have more."""
    return spark.read.schema(columns).option("header", "true").csv(list(files))


def _paths(spark: SparkSession, folders: Iterable[str], names: Sequence[str]) -> list[str]:
    return [f"{folder}/{name}" for folder in folders for name in there(spark, folder, names)]


def _was_sent(after: Mapping[str, int]) -> Column:
    """True for contacts up to the one that their channel sent last."""
    return F.col("send_order") <= by_value(F.col("channel"), after, 0)

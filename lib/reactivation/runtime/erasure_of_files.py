"""Removes one person's lines from the CSV files below a folder; all other lines keep their bytes."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from reactivation.runtime import file_sets
from reactivation.runtime.files import file_system, files_below, is_there, path_of, remove
from reactivation.runtime.hadoop_files import File, listed
from reactivation.runtime.text import read_text, write_text

_USER = "user_id"
_MANIFEST = "manifest.json"
_WRITING = re.compile(r"(.*?)/\.([^/]+)\.writing(/.*)?")
"""A file or folder under a temporary name: its folder, its name, what lies inside."""
_CHUNK = 1 << 20


class Held(NamedTuple):
    """A file that names a person. path: below the folder. lines: how often."""

    path: str
    lines: int
    file: File


def of_user(spark: SparkSession, folder: str, user: int) -> list[Held]:
    """CSV files with a column `user_id` that name a user; each is read once, line by line."""
    try:
        files = [file for file in listed(spark, folder) if file.name.endswith(".csv")]
    except FileNotFoundError:
        return []
    counted = [(file, sum(is_theirs for _, is_theirs in _lines(file, user))) for file in files]
    return [Held("/".join((*file.inside, file.name)), count, file) for file, count in counted if count]


def recover(spark: SparkSession, folder: str) -> None:
    """Finish a `forget` that was killed: what lies beside an empty place is whole, the rest goes.

    Folders go in which a killed `write_files` left rows: the job writes them anew when it is run again.
    """
    paths = [str(each.getPath().toString()) for each in files_below(spark, folder)] if is_there(spark, folder) else []
    for found in filter(None, map(_WRITING.fullmatch, paths)):
        folder, name, inside = found.groups()
        if inside or is_there(spark, f"{folder}/{name}"):
            remove(spark, [f"{folder}/.{name}.writing"])
        else:
            _put(spark, folder, name)


def forget(spark: SparkSession, held: Held, user: int) -> None:
    """Write the file without the user's lines beside its place and rename it."""
    folder, name = held.file.path.rsplit("/", 1)
    waiting, stream = bytearray(), held.file.system.create(path_of(spark, f"{folder}/.{name}.writing"), True)
    try:
        for line, is_theirs in _lines(held.file, user):
            if not is_theirs:
                waiting += line
            if len(waiting) > _CHUNK:
                stream.write(waiting)
                waiting = bytearray()
        stream.write(waiting)
    finally:
        stream.close()
    remove(spark, [held.file.path])
    _put(spark, folder, name)


def note(spark: SparkSession, folder: str, lines: Mapping[str, int]) -> dict[str, str]:
    """Write into the manifests beside some files what these hold now; returns the SHA-256 of those that are there.

    lines: how many were erased from each file, by its path below the folder, by earlier runs too.
    """
    digests = {path: file_sets.sha256(spark, f"{folder}/{path}") for path in file_sets.there(spark, folder, lines)}
    for path, digest in digests.items():
        beside, name = f"{folder}/{path}".rsplit("/", 1)
        manifest = f"{beside}/{_MANIFEST}"
        content = json.loads(read_text(spark, manifest)) if is_there(spark, manifest) else {}
        entry = content.get("files", {}).get(name)
        if entry is not None and entry.get("sha256") != digest:
            entry |= {"sha256": digest, "lines_erased": lines[path]}
            write_text(spark, manifest, json.dumps(content, indent=2, sort_keys=True) + "\n")
    return digests


def _put(spark: SparkSession, folder: str, name: str) -> None:
    """Rename a whole file to its name."""
    place = f"{folder}/{name}"
    if not file_system(spark, place).rename(path_of(spark, f"{folder}/.{name}.writing"), path_of(spark, place)):
        raise OSError(f"{place} could not be renamed from its temporary name")
    remove(spark, [f"{folder}/.{name}.crc", f"{folder}/..{name}.writing.crc"])


def _lines(file: File, user: int) -> Iterator[tuple[bytes, bool]]:
    """The lines of a file, and whether each is the user's; of a file without the column none is."""
    with file.opened() as stream:
        text = iter(_buffered(stream))
        header = next(text, b"")
        yield header, False
        names = next(csv.reader([header.decode("utf-8-sig").strip()]), [])
        at = names.index(_USER) if _USER in names else None
        number = str(user)
        for line in text:
            may_be = at is not None and number.encode() in line
            fields = next(csv.reader([line.decode("utf-8")]), []) if may_be else []
            yield line, bool(fields) and at is not None and at < len(fields) and fields[at].strip() == number


def _buffered(stream: Any) -> Iterator[bytes]:
    """Lines with their ends."""
    rest = b""
    while block := stream.read(_CHUNK):
        *whole, rest = (rest + block).splitlines(keepends=True)
        if rest.endswith(b"\n"):
            whole, rest = [*whole, rest], b""
        yield from whole
    if rest:
        yield rest

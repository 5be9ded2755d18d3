"""Removes one person's lines from the CSV files below a folder; all other lines keep their bytes."""

import csv
import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from reactivation.runtime.files import remove
from reactivation.runtime.hadoop_files import File, listed
from reactivation.runtime.text import write_text

_USER = "user_id"
_MANIFEST = "manifest.json"
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


def forget(spark: SparkSession, held: Held, user: int) -> str:
    """Write the file without the user's lines beside its place and rename it; its manifest says how many are gone.

    Returns the SHA-256 of what is left.
    """
    place = held.file.hadoop.fs.Path(held.file.path)
    beside = held.file.hadoop.fs.Path(place.getParent(), f".{held.file.name}.writing")
    digest, waiting = hashlib.sha256(), bytearray()
    stream = held.file.system.create(beside, True)
    try:
        for line, is_theirs in _lines(held.file, user):
            if not is_theirs:
                digest.update(line)
                waiting += line
            if len(waiting) > _CHUNK:
                stream.write(waiting)
                waiting = bytearray()
        stream.write(waiting)
    finally:
        stream.close()
    held.file.system.delete(place, False)
    if not held.file.system.rename(beside, place):
        raise OSError(f"{held.file.path} could not be renamed from its temporary name")
    remove(spark, [f"{place.getParent()}/{name}" for name in (f".{held.file.name}.crc", f".{beside.getName()}.crc")])
    _note(spark, held, digest.hexdigest())
    return digest.hexdigest()


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


def _note(spark: SparkSession, held: Held, digest: str) -> None:
    """In the manifest beside a file: the digest of what it holds now, and the lines that were erased."""
    for file in listed(spark, held.file.path.rsplit("/", 1)[0]):
        if file.name == _MANIFEST and not file.inside:
            with file.opened() as stream:
                content = json.loads(stream.read())
            entry = content.get("files", {}).get(held.file.name)
            if entry is not None:
                entry |= {"sha256": digest, "lines_erased": entry.get("lines_erased", 0) + held.lines}
                write_text(spark, file.path, json.dumps(content, indent=2, sort_keys=True) + "\n")

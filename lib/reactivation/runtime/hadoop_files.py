"""Files as Hadoop knows them: local ones, and those of any store that Spark can read."""

import io
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from reactivation.errors import Finding, SourceError
from reactivation.runtime.files import files_below

_STEP = 1 << 30
"""Bytes that are left out at once."""


@dataclass(frozen=True)
class File:
    """One file of a table. path: as Spark takes it. inside: the folders between the table's and the file."""

    path: str
    size: int
    inside: tuple[str, ...]
    system: Any
    hadoop: Any

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def partition_names(self) -> tuple[str, ...]:
        """Columns that the folders give: `day=2026-05-01` gives `day`."""
        return tuple(folder.split("=", 1)[0] for folder in self.inside if "=" in folder)

    def start(self, count: int) -> bytes:
        """The first bytes, unpacked where the name says that the file is compressed."""
        place = self.hadoop.fs.Path(self.path)
        codec = self.hadoop.io.compress.CompressionCodecFactory(self.system.getConf()).getCodec(place)
        stream = self.system.open(place)
        try:
            return bytes((codec.createInputStream(stream) if codec is not None else stream).readNBytes(count))
        finally:
            stream.close()

    def end(self, count: int) -> bytes:
        """The last bytes, unpacked as in `start`; nothing where the file is cut off, which reading it will tell.

        Up to 3 more, so that they begin where a character of 4 or 2 bytes does. A packed file is unpacked twice.
        """
        place = self.hadoop.fs.Path(self.path)
        codec = self.hadoop.io.compress.CompressionCodecFactory(self.system.getConf()).getCodec(place)

        def unpacked() -> Any:
            return self.system.open(place) if codec is None else codec.createInputStream(self.system.open(place))

        try:
            size = self.size
            if codec is not None:
                with closing(unpacked()) as stream:
                    size = sum(iter(lambda: stream.skip(_STEP), 0))
            with closing(unpacked()) as stream:
                left = max(0, size - count) // 4 * 4
                while left > 0:
                    left -= stream.skip(min(left, _STEP))
                return bytes(stream.readNBytes(count + 3))
        except Py4JJavaError:
            return b""

    def opened(self) -> "io.RawIOBase":
        """The bytes as a file of Python's."""
        return _Bytes(self.system.open(self.hadoop.fs.Path(self.path)), self.size)


def listed(spark: SparkSession, place: str) -> list[File]:
    """The file at a place, or all files in the folder there; FileNotFoundError where there are none.

    As for Spark, files and folders whose name begins with `_` or `.` are not part of a table, but for those that give
    a column (`_day=2026-05-01`). SourceError where the file itself is called so: Spark would find no row in it.
    """
    jvm: Any = spark.sparkContext._jvm
    hadoop = jvm.org.apache.hadoop
    root = hadoop.fs.Path(place)
    system = root.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    if not system.exists(root):
        raise FileNotFoundError(place)
    root = system.getFileStatus(root).getPath()
    depth = len(str(root.toString()).rstrip("/")) + 1
    found = []
    for status in files_below(spark, place):
        path = str(status.getPath().toString())
        *inside, name = (path[depth:] or root.getName()).split("/")
        if not any(map(_is_hidden, (*inside, name))):
            found.append(File(path, status.getLen(), tuple(inside), system, hadoop))
        elif not path[depth:]:
            advice = "Spark leaves out files whose name begins with `_` or `.`: rename it"
            raise SourceError(f"`{place}` cannot be read", [Finding("hidden", place, advice)])
    if not found:
        raise FileNotFoundError(place)
    return sorted(found, key=lambda file: file.path)


def _is_hidden(part: str) -> bool:
    """As Spark has it, of a file or a folder."""
    return part.startswith(".") or part.endswith("._COPYING_") or (part.startswith("_") and "=" not in part)


class _Bytes(io.RawIOBase):
    """A stream of Hadoop's that Python can seek in."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._size, self._at = stream, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        self._stream.seek(self._at)
        data = bytes(self._stream.readNBytes(len(view)))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

"""What Spark says of files that it cannot read, in words."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from reactivation.errors import Finding

OPEN_QUOTE = "a quote is opened and not closed, or escaped with a backslash"
MIXED_ENDS = "line ends are mixed"
UNPACK = "gzip (.gz) and bzip2 (.bz2) are read; unpack it, or pack it so"

_MOST_CAUSES = 10
_OF_FILE = re.compile(r"(?:file|footer for):?\s+(?P<file>\S*?/.+?)(?:\.\s|\.$|,|$)", re.MULTILINE)
_OTHER_TYPE = ("TYPE_MISMATCH", "ParquetDecodingException", "UnsupportedOperationException")
_CUT_OFF = "the file is cut off or damaged, or it is no such file: bring it again, whole"
_DAMAGED = re.compile(
    r"EOFException|ZipException|DataFormatException|not a gzip file|"
    r"IOException: .*(invalid|incorrect|unexpected|oversubscribed|too many|"
    r"bad block|overrun|corrupt|crc|bzh|not bzip2|marker)",
    re.IGNORECASE,
)
_NO_CODEC = re.compile(r"native .*(library|zstandard|zstd|lz4|snappy)", re.IGNORECASE)
_QUOTES = (OPEN_QUOTE, "quoted value of CSV field")
_TWICE = "write a quote inside quotes twice, and close what is opened; rows after it would be lost"


def is_of_file(error: Exception) -> bool:
    """True where Spark could not read a file, and not where it could not do something else."""
    return bool(_OF_FILE.search("\n".join(_messages(error))))


def unreadable(error: Exception, *, what: str) -> Finding:
    """What Spark says of a file that it cannot read, with the file's name. what: stands where no file is named."""
    text = "\n".join(_messages(error))
    found = _OF_FILE.search(text)
    file = unquote(found["file"]) if found else what
    if any(mark in text for mark in _QUOTES):
        return Finding("open quote", file, f"{OPEN_QUOTE}: {_TWICE}")
    if MIXED_ENDS in text:
        return Finding("line ends", file, f"{MIXED_ENDS}: save the file with one kind; rows after it would be lost")
    if _NO_CODEC.search(text):
        return Finding("unreadable", file, f"it is packed in a way that cannot be read here: {UNPACK}")
    if any(mark in text for mark in _OTHER_TYPE):
        said = "a column has another type here than in the other files: write them with one type"
    else:
        said = _CUT_OFF if found or _DAMAGED.search(text) else "cannot be read"
    cause = next(iter(text.strip().splitlines()[-1:]), "")
    return Finding("unreadable", file, f"{said} ({cause[:200]})")


def _messages(error: BaseException | Any) -> Iterable[str]:
    """The messages of an error and of its causes, in Spark as well, the first cause last."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    seen = 0
    while java is not None and seen < _MOST_CAUSES:
        yield str(java.toString()).splitlines()[0]
        java, seen = java.getCause(), seen + 1
    if not seen:
        yield str(error).splitlines()[0] if str(error) else type(error).__name__

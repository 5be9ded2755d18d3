"""What Spark makes of a CSV file's rows, mended: line ends that are mixed, and rows that are broken."""

import codecs
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from reactivation.frames import BAD_ROW, NOT_DECODED, RAGGED, quoted
from reactivation.runtime.csv_headers import CORRUPT, REPLACEMENT, Header
from reactivation.runtime.hadoop_files import File
from reactivation.runtime.read_errors import MIXED_ENDS, OPEN_QUOTE

_ENOUGH = 200
"""Characters at a file's end by which a quote is known that nothing closes."""
_TAIL, _STEP, _MOST = 1 << 12, 16, 1 << 26
"""Bytes that are read for them; how many times more where they do not hold them, and the most."""
_BLANK = " \t\n"


def values(header: Header, names: Sequence[str], *, null: str) -> list[Column]:
    """Columns of a file by name, without the CR of line ends.

    Spark is told that lines end in LF where the header ends in CRLF, so that rows may end in either. null: what stands
    for no value.
    """
    last, has_cr = header.names[-1].lower(), header.line_end == "\r\n"
    return [
        _without_cr(name, null, within=has_cr) if has_cr or name.lower() == last else F.col(quoted(name))
        for name in names
    ]


def is_row(header: Header) -> Column:
    """False for a blank line that ends in CRLF, where Spark is told that lines end in LF."""
    if not (header.line_end or "").endswith("\n"):
        return F.lit(True)
    first = F.col(quoted(header.names[0]))
    is_blank = (first != "") & (F.rtrim(first, F.lit("\r")) == "")
    if len(header.names) > 1:
        is_blank &= F.col(CORRUPT) == ""
    return ~F.coalesce(is_blank, F.lit(False))


def ending(spark: SparkSession, file: File, encoding: str, in_java: str, *, quote: tuple[str, str]) -> str:
    """The last characters of a file that are not blank, as Spark reads them inside quotes; lines end in LF.

    They are taken from behind a line break, for bytes from amid a character may be read as others. in_java: see
    `csv_headers.java_encoding`. quote: the mark, and what escapes it.
    """
    jvm: Any = spark.sparkContext._jvm
    own = codecs.lookup(encoding).name
    if own in ("utf-16", "utf-32"):
        in_java = f"{own}{'le' if file.start(2) == codecs.BOM_UTF16_LE else 'be'}"
    count, text, is_whole = _TAIL, "", False
    while not is_whole:
        data = file.end(count)
        is_whole = len(data) < count or count >= _MOST
        text = str(jvm.java.lang.String(data, in_java)).replace("\0", "").replace(REPLACEMENT, "")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = (text if is_whole else text.partition("\n")[2]).rstrip(_BLANK)
        text = text.replace(quote[1] + quote[0], quote[0]) if quote[0] else text
        is_whole |= len(text) >= _ENOUGH
        count *= _STEP
    return text[-_ENOUGH:]


def bad_row(header: Header, encoding: str, told: Mapping[str, str], tails: Sequence[str]) -> Column:
    """What is wrong with a row, as `BAD_ROW`; a record that holds several rows is an error that names the file.

    told: Spark's options. tails: see `ending`, of each of the files.
    """
    is_ragged, quote = F.col(CORRUPT).isNotNull(), told["quote"]
    is_lost = F.concat_ws("", *[F.col(quoted(name)) for name in header.names]).contains(REPLACEMENT)
    file = F.col("_metadata.file_name")
    ragged = f"more or fewer fields than the {len(header.names)} of the header of "
    lost = f"bytes that are not {encoding}: name the files' `encoding` (GBK, GB18030, windows-1252, …): "
    within = F.replace(F.col(CORRUPT), F.lit(told["escape"] + quote), F.lit("")) if quote else F.col(CORRUPT)
    return (
        F.when(_is_open(within, header, quote, tails), _refused(OPEN_QUOTE))
        .when(_is_mixed(within, header, quote), _refused(MIXED_ENDS))
        .when(is_ragged, F.struct(F.lit(RAGGED).alias("reason"), F.concat(F.lit(ragged), file).alias("detail")))
        .when(is_lost, F.struct(F.lit(NOT_DECODED).alias("reason"), F.concat(F.lit(lost), file).alias("detail")))
        .alias(BAD_ROW)
    )


def _without_cr(name: str, null: str, *, within: bool) -> Column:
    """A value without the CR of its line's end. within: line breaks inside it become LF as well."""
    value = F.col(quoted(name))
    cut = F.rtrim(value, F.lit("\r"))
    cut = F.when(value.endswith("\r"), F.when(~cut.isin("", null), cut)).otherwise(value)
    return (F.replace(cut, F.lit("\r\n"), F.lit("\n")) if within else cut).alias(name)


def _is_open(raw: Column, header: Header, quote: str, tails: Sequence[str]) -> Column:
    """True for a record with a quote that nothing closes, up to the end of its file: it has swallowed the rows between.

    A field with line breaks is such a one where a file ends as it does, without a quote behind it. Of a ragged record
    the raw text is known: there the quotes are counted. raw: that text, without escaped quotes.
    """
    if not quote:
        return F.lit(False)
    last = F.col(quoted(header.names[-1]))
    value = F.regexp_replace(F.translate(last, f"\0{REPLACEMENT}", ""), "\r\n?", "\n")
    value, opened = F.rtrim(value, F.lit(_BLANK)), F.lit(quote)
    is_at_end = F.exists(
        F.array(*[F.lit(tail or None) for tail in tails]).cast("array<string>"),
        lambda tail: F.endswith(value, tail) | F.endswith(tail, F.concat(opened, value)),
    )
    is_odd = (F.length(raw) - F.length(F.replace(raw, opened, F.lit("")))) % 2 == 1
    has_break = F.rtrim(F.coalesce(raw, last), F.lit("\r")).rlike("[\r\n]")
    return F.when(has_break, F.when(raw.isNotNull(), is_odd).otherwise((value != "") & is_at_end)).otherwise(False)


def _is_mixed(raw: Column, header: Header, quote: str) -> Column:
    """True for a ragged record with a line break outside quotes: it holds several rows. raw: see `_is_open`."""
    before, mark = f"(?<=^|[\r\n]|\\Q{header.separator}\\E)", f"\\Q{quote}\\E"
    plain = F.regexp_replace(raw, f"{before}{mark}[^{mark}]*{mark}", "") if quote else raw
    return F.trim(plain, F.lit("\r\n")).rlike("[\r\n]")


def _refused(why: str) -> Column:
    return F.raise_error(F.concat(F.lit("file: "), F.col("_metadata.file_path"), F.lit(f", {why}")))

"""CSV and Parquet as they come: each file read as it is meant, or refused by name and in words."""

import bz2
import gzip
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.errors import SourceError
from reactivation.frames import BAD_ROW
from reactivation.runtime.read_errors import is_of_file, unreadable
from reactivation.runtime.tabular_files import open_csv, open_parquet

pytestmark = pytest.mark.edges


def write(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return str(path)


def rows(frame: DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.select(*names).collect()]


def bad(frame: DataFrame, key: str) -> dict[str, str | None]:
    return {row[0]: row[1] for row in frame.select(key, f"{BAD_ROW}.reason").collect()}


def test_csv_is_read_by_rfc_4180(spark: SparkSession, tmp_path: Path) -> None:
    text = 'a,b,c\n1,"Ltd ""Acme"", x",2\n2,"l1\nl2",3\n\n3,"",4\n4, z ,"5"\n5,"1,003.00",6\n'
    for form, ends in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
        found = open_csv(spark, write(tmp_path / f"{form}.csv", text.replace("\n", ends))).frame
        assert rows(found, "a", "b", "c") == [
            ("1", 'Ltd "Acme", x', "2"),
            ("2", "l1\nl2", "3"),
            ("3", None, "4"),
            ("4", " z ", "5"),
            ("5", "1,003.00", "6"),
        ]
        assert set(bad(found, "a").values()) == {None}


OPEN = {
    "ragged": 'id,arm,note,spend\n1,control,"open,1,10.0\n2,t,b,2\n3,t,b,2\n',
    "last column": 'id,arm,note\n1,control,"open\n2,t,2\n3,t,""\n',
    "no end of line": 'id,arm,note\n1,control,"open\n2,t,2',
    "long": 'id,arm,note\n1,control,"open\n' + "2,t,2\n" * 200,
    "more fields than the header": 'id,arm\n1,control,2,"open\n2,t\n3,t\n',
    "backslash and a quote later": 'id,note,n,spend\n1,"screen 5\\"",1,10.0\n2,"b",1,2\n3,b,1,2\n',
    "backslash and none later": 'id,note,n,spend\n1,"screen 5\\"",1,10.0\n2,b,1,2\n',
    "backslash amid words": 'id,note,n\n1,"5\\" tv",2\n2,c,3\n',
    "not doubled": 'id,note,n\n1,"Ltd "Acme" x",2\n2,c,3\n',
}
TEXTS = {  # what the end of a file is told by may begin amid a character, hold other breaks, or be blank
    "utf-8": ("utf-8", 'id,note\n1,"open\n' + "2,总行北京\n" * 60),
    "gbk": ("gbk", 'id,note\n1,"open\n2,' + "总行北京" * 80 + "a\n3,x\n"),
    "gb18030": ("gb18030", 'id,note\n1,"open\n' + "23,总行北京\n" * 2000),
    "other breaks": ("utf-8", 'id,note\n1,"open\n' + "2,a\u2028b\x0cc\x85d\n" * 9),
    "big-endian": ("utf-16-be", '\ufeffid,note\n1,"open\n' + "2,总行\n" * 30),
    "little-endian": ("utf-16-le", '\ufeffid,note\n1,"open\n' + "23,总行\n" * 999),
    "nulls": ("utf-8", 'id,note\n1,"open\n2,b\0c\n' + "\0" * 9000),
    "blank": ("utf-8", 'id,note\n1,"open\n2,b\n' + " \n" * 5000),
    "long last line": ("utf-8", 'id,note\n1,"open\n2,' + "总x" * 9000),
}
CLOSED = {
    "bare": 'id,n\n1,5" tv\n2,"a ""q"" b"\n',
    "breaks at the end": 'id,n\n1,"x, y\n2,z"\n2,"l1\nl2\n"\n',
    "a doubled quote at the end": 'id,n\n1,x\n2,"l1\nl2"""\n',
    "empty at the end": 'id,n\n1,"a\nb"\n2,""\n',
    "closed without an end of line": 'id,n\n1,"a\nb"\n2,b',
    "only breaks": 'id,n\n1,"\n\n"\n2,"\n"\n',
    "blank after breaks": 'id,n\n1,x\n2,"l1\nl2"' + "\n" * 5000,
    "blank after a bare end": 'id,n\n1,"l1\nl2 x"\n2,x' + "\n" * 4090,
}


def refused(frame: DataFrame) -> str | None:
    """What is said of the file, and where; None where it can be read."""
    try:
        frame.select("id", BAD_ROW).collect()
    except (PySparkException, Py4JJavaError) as error:
        found = unreadable(error, what="?")
        return f"{Path(found.what).name}: {found.advice.split(':')[0]}"
    return None


@pytest.mark.parametrize("form", ["csv", "crlf.csv", "csv.gz"])
def test_a_quote_that_nothing_closes_is_refused_with_its_file(spark: SparkSession, tmp_path: Path, form: str) -> None:
    frames = {}
    for kind, text in {**OPEN, **CLOSED}.items():
        data = text.replace("\n", "\r\n" if "crlf" in form else "\n").encode()
        place = tmp_path / f"{kind}.{form}"
        place.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
        frames[kind] = open_csv(spark, str(place)).frame
    said = "a quote is opened and not closed, or escaped with a backslash"
    assert {kind: refused(frames[kind]) for kind in OPEN} == {kind: f"{kind}.{form}: {said}" for kind in OPEN}
    whole = {"1": None, "2": None}
    assert {kind: bad(frames[kind], "id") for kind in CLOSED} == dict.fromkeys(CLOSED, whole)


def test_what_a_quote_swallows_is_found_whatever_the_end_of_the_file_is(spark: SparkSession, tmp_path: Path) -> None:
    found = {}
    for kind, (encoding, text) in TEXTS.items():
        named = "utf-16" if encoding.startswith("utf-16") else encoding
        for form, ends in (("lf", "\n"), ("crlf", "\r\n")):
            place = write(tmp_path / f"{kind}.{form}.csv", text.replace("\n", ends), encoding)
            found[kind, form] = refused(open_csv(spark, place, encoding=named).frame)
    assert {kind for kind, said in found.items() if not said or "a quote is opened" not in said} == set()


MIXED = {  # what ends the header, and the first to third row
    "header in CRLF": ("\r\n", "\n", "\n", "\n"),
    "header in LF": ("\n", "\r\n", "\r\n", "\r\n"),
    "LF in the middle": ("\r\n", "\r\n", "\n", "\r\n"),
    "LF at the end": ("\r\n", "\r\n", "\r\n", "\n"),
    "CR twice": ("\r\n", "\r\r\n", "\r\r\n", "\r\r\n"),
    "blank lines": ("\r\n", "\r\n\r\n", "\n\n", "\r\n\r\n\n"),
    "CRLF in a file of CR": ("\r", "\r\n", "\r", "\r"),
    "blank lines first": ("\r\n", "\r\n", "\r\n", "\r\n"),
}


@pytest.mark.parametrize("packed", [False, True])
def test_rows_are_read_whatever_ends_each_of_them(spark: SparkSession, tmp_path: Path, packed: bool) -> None:
    lines, found = ("id,n,note", "1,a,", '2,"l1\rl2\nl3",NA', '3,c,"x"'), {}
    for kind, ends in MIXED.items():
        text = "\r\n" * (kind == "blank lines first") + "".join(map("".join, zip(lines, ends, strict=True)))
        place = tmp_path / f"{kind}.csv{'.gz' * packed}"
        place.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        frame = open_csv(spark, str(place), options={"nullValue": "NA"}).frame
        values = [(*row[:1], row[1].replace("\r", "\n"), *row[2:]) for row in rows(frame, "id", "n", "note", BAD_ROW)]
        found[kind] = values
    right = [("1", "a", None, None), ("2", "l1\nl2\nl3", None, None), ("3", "c", "x", None)]
    assert found == dict.fromkeys(MIXED, right)


@pytest.mark.parametrize(
    "text",
    [
        "id,n\n1,2\r3,4\n",
        "id,n\r1,2\n3,4\n",
        "id,n\r\n1,2\r3,4\r",
        'id,n\n1,5" x\r4,6" x\n',
        "\r\nid,n\r\n1,2\n3,4\n",
    ],
)
def test_rows_whose_ends_cannot_be_told_apart_are_refused(spark: SparkSession, tmp_path: Path, text: str) -> None:
    frame = open_csv(spark, write(tmp_path / "t.csv", text)).frame
    assert refused(frame) == "t.csv: line ends are mixed"
    ragged = open_csv(spark, write(tmp_path / "r.csv", 'id,n\n1,"a ""b""\r\nc",3\r\n2,x\n')).frame
    assert bad(ragged, "id") == {"1": "ragged_row", "2": None}


def test_names_that_spark_or_we_have_taken_bar_nobody_who_does_not_ask_for_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    opened = open_csv(spark, write(tmp_path / "t.csv", "id,_Bad_Row,_corrupt,_metadata\n1,x,y,z\n2,x\n"))
    assert bad(opened.frame, "id") == {"1": None, "2": "ragged_row"}
    assert opened.unusable == {
        name: f"`{name}` is a name that is taken: rename it in the header of t.csv"
        for name in ("_bad_row", "_corrupt", "_metadata")
    }


def test_names_that_spark_leaves_out_are_refused_and_folders_that_give_a_column_are_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    for name in ("_t.csv", ".t.csv", "t.csv._COPYING_"):
        with pytest.raises(SourceError, match="rename it"):
            open_csv(spark, write(tmp_path / name, "a,b\n1,2\n"))
    write(tmp_path / "t/_day=01/a.csv", "a,b\n1,2\n")
    write(tmp_path / "t/_old/a.csv", "a,b\n3,4\n")
    write(tmp_path / "t/.hidden=1/a.csv", "a,b\n5,6\n")
    assert rows(open_csv(spark, str(tmp_path / "t")).frame, "a", "_day") == [("1", "01")]


def test_a_file_may_have_very_many_columns(spark: SparkSession, tmp_path: Path) -> None:
    names = [f"a_rather_long_name_of_a_column_{i}" for i in range(2500)]
    text = ",".join(names) + "\n" + ",".join(map(str, range(2500))) + "\n"
    found = open_csv(spark, write(tmp_path / "t.csv", text)).frame
    assert rows(found, names[0], names[-1], BAD_ROW) == [("0", "2499", None)]
    with pytest.raises(SourceError, match="longer than 16 MB"):
        open_csv(spark, write(tmp_path / "long.csv", "a," * (1 << 23) + "\n"))


def test_options_are_taken_in_any_case_and_those_that_break_rows_are_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = write(tmp_path / "t.csv", "#made today\n\n#by us\na;b\n1;x\n#no row\n2;y\n")
    found = open_csv(spark, text, options={"Delimiter": ";", "HEADER": "TRUE", "Comment": "#"}).frame
    assert rows(found, "a", "b", BAD_ROW) == [("1", "x", None), ("2", "y", None)]
    with pytest.raises(SourceError, match=r"option  multiLine  fields may hold line breaks"):
        open_csv(spark, text, options={"MultiLine": "false"})


def test_names_have_no_spaces_around_them_and_separators_are_as_they_are_told(
    spark: SparkSession, tmp_path: Path
) -> None:
    header = "user_id, \ufeffclosed\u200b_on\u200b , Arm ,arm"
    spaced = open_csv(spark, write(tmp_path / "t.csv", f"{header}\n1,2026-05-01,x,y\n"))
    assert rows(spaced.frame, "user_id", "closed_on") == [("1", "2026-05-01")]
    assert spaced.unusable["arm"] == "`arm` stands twice in the header of t.csv"
    for text, options in (("a\tb\n1\t2\n", {"sep": "\\t"}), ("a||b\n1||2\n", {"sep": "||"})):
        assert rows(open_csv(spark, write(tmp_path / "s.csv", text), options=options).frame, "a", "b") == [("1", "2")]
    unquoted = open_csv(spark, write(tmp_path / "q.csv", 'a,b\n1,5" x\n2,"y\n'), options={"quote": ""}).frame
    assert rows(unquoted, "a", "b") == [("1", '5" x'), ("2", '"y')]
    for text, said in (("a;b;c\n1;2;3\n", "separated by `;`"), ("a\tb\n1\t2\n", "separated by tabs")):
        with pytest.raises(SourceError, match=said):
            open_csv(spark, write(tmp_path / "o.csv", text))


def test_a_header_may_hold_breaks_and_line_ends_may_be_mixed(spark: SparkSession, tmp_path: Path) -> None:
    header = open_csv(spark, write(tmp_path / "header.csv", 'a,"b\nb",c\r\n1,2,x\r\n2,y,z\r\n')).frame
    assert rows(header, "a", "`b\nb`", "c") == [("1", "2", "x"), ("2", "y", "z")]
    mixed = open_csv(spark, write(tmp_path / "mixed.csv", "a,c\n1,x\n2,y\r\n3,z\n")).frame
    assert rows(mixed, "a", "c") == [("1", "x"), ("2", "y"), ("3", "z")]


def test_rows_with_too_many_or_too_few_fields_say_so(spark: SparkSession, tmp_path: Path) -> None:
    place = write(tmp_path / "t.csv", "id,arm,spend\n1,x,1,003.00\n2,x\n3,y,2\n4,z,\n")
    found = open_csv(spark, place).frame
    assert bad(found, "id") == {"1": "ragged_row", "2": "ragged_row", "3": None, "4": None}
    details = [detail for (detail,) in rows(found.where(f"{BAD_ROW} is not null"), f"{BAD_ROW}.detail")]
    assert details == ["more or fewer fields than the 3 of the header of t.csv"] * 2


def test_files_of_a_folder_are_matched_by_name_and_one_that_lacks_a_column_is_named(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path / "t/1.csv", "arm,spend,age\nx,1,40\n")
    write(tmp_path / "t/2.csv", "Age,arm,spend\n41,y,2\n")
    write(tmp_path / "t/3.csv", "spend,arm\n3,z\n")
    write(tmp_path / "t/_SUCCESS", "")
    write(tmp_path / "t/4.csv", "")
    opened = open_csv(spark, str(tmp_path / "t"))
    assert sorted(rows(opened.frame, "arm", "spend")) == [("x", "1"), ("y", "2"), ("z", "3")]
    assert opened.unusable == {"age": "3.csv lacks the column, 1.csv has it"} or "3.csv lacks" in opened.unusable["age"]
    assert "age" not in opened.frame.columns


def test_a_column_that_stands_twice_cannot_be_used_and_one_without_a_name_may_stand(
    spark: SparkSession, tmp_path: Path
) -> None:
    opened = open_csv(spark, write(tmp_path / "t.csv", "arm,spend,Spend,\nx,1,2,\ny,3,4,\n"))
    assert rows(opened.frame, "arm") == [("x",), ("y",)]
    assert opened.unusable["spend"] == "`spend` stands twice in the header of t.csv"
    assert set(bad(opened.frame, "arm").values()) == {None}


def test_folders_that_name_a_column_give_it_as_text(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "t/day=01/a.csv", "arm,spend\nx,1\n")
    write(tmp_path / "t/day=02/a.csv", "spend,arm\n2,y\n")
    assert sorted(rows(open_csv(spark, str(tmp_path / "t")).frame, "arm", "spend", "day")) == [
        ("x", "1", "01"),
        ("y", "2", "02"),
    ]


WESTERN = ("windows-1252", "latin-1", "cp1252", "mac_roman")


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf_8", "GBK", "GB18030", "UTF-16", "utf_16_le", "cp936", "euc_cn", *WESTERN]
)
def test_an_encoding_is_read_where_it_is_named(spark: SparkSession, tmp_path: Path, encoding: str) -> None:
    word = "Brünn" if encoding in WESTERN else "总行"
    place = write(tmp_path / "t.csv", f"{word},b\n1,{word}\n", named := encoding)
    assert rows(open_csv(spark, place, encoding=named).frame, f"`{word}`", "b") == [("1", word)]
    assert rows(open_csv(spark, place, options={"charset": named}).frame, "b") == [(word,)]


def test_bytes_that_do_not_decode_never_pass_silently(spark: SparkSession, tmp_path: Path) -> None:
    place = write(tmp_path / "t.csv", "a,b\n1,总行\n2,x\n", "gbk")
    found = open_csv(spark, place).frame
    assert bad(found, "a") == {"1": "not_decoded", "2": None}
    assert "`encoding`" in rows(found.where("a = '1'"), f"{BAD_ROW}.detail")[0][0]
    with pytest.raises(SourceError, match=r"the header is not utf-8: name the files' `encoding`"):
        open_csv(spark, write(tmp_path / "h.csv", "总行,b\n1,2\n", "gbk"))
    for none in ("gbq", "rot13", "base64", "punycode", ""):
        with pytest.raises(SourceError, match="no such encoding"):
            open_csv(spark, place, encoding=none)


NAMES = ["r[1].csv", "a{b}.csv", "2026-06-01T10:00.csv", "[2]:x.csv", "a b%20.csv", "q?*.csv", "a,b.csv", "#h+.csv"]


def test_names_are_names_whatever_they_hold(spark: SparkSession, tmp_path: Path) -> None:
    for name in NAMES:
        assert rows(open_csv(spark, write(tmp_path / "one" / name, "a,b\n1,2\n")).frame, "a", "b") == [("1", "2")]
    assert len(rows(open_csv(spark, str(tmp_path / "one")).frame, "a")) == len(NAMES)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "p[1]:2.parquet")
    assert rows(open_parquet(spark, str(tmp_path / "p[1]:2.parquet")).frame, "a") == [(1,)]


def test_a_packed_file_is_read_and_one_cut_off_is_told_by_name(spark: SparkSession, tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{i},{i * 7919 % 1000}\n" for i in range(60_000))
    packed = gzip.compress(text.encode())
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(text.replace(",", "\t").encode()))
    assert open_csv(spark, str(tmp_path / "t.tsv.gz")).frame.where("b < 500").count() == 30_000
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    frame = open_csv(spark, str(tmp_path / "cut.csv.gz")).frame  # the header can be read
    with pytest.raises(Exception, match=r".") as raised:
        frame.selectExpr("max(b)", f"max({BAD_ROW})").collect()
    assert is_of_file(raised.value)
    found = unreadable(raised.value, what="t")
    assert found.what.endswith("/cut.csv.gz")
    assert "cut off or damaged" in found.advice
    assert not is_of_file(ValueError("no"))
    packed_twice = {"gz": gzip.compress(text.encode()), "bz2": bz2.compress(text.encode())}
    for kind, whole in packed_twice.items():  # bytes amid the file are others
        at = len(whole) // 2
        (tmp_path / f"bad.csv.{kind}").write_bytes(
            whole[:at] + bytes(b ^ 255 for b in whole[at : at + 99]) + whole[at + 99 :]
        )
        with pytest.raises((PySparkException, Py4JJavaError, SourceError)) as spoilt:
            open_csv(spark, str(tmp_path / f"bad.csv.{kind}")).frame.selectExpr("max(b)", f"max({BAD_ROW})").collect()
        said = str(spoilt.value) if isinstance(spoilt.value, SourceError) else unreadable(spoilt.value, what="t").advice
        assert "cut off or damaged" in said, kind
    (tmp_path / "head.csv.gz").write_bytes(packed[:20])
    for name, data, said in (
        ("head.csv.gz", packed[:20], "cut off or damaged"),
        ("no.csv.gz", b"a,b\n1,2\n", "cut off or damaged"),
        ("book.csv", b"PK\x03\x04\x14", "a ZIP archive or an Excel workbook"),
        ("packed.csv", packed, "its name must end in .gz"),
        ("t.csv.xz", b"\xfd7zXZ\0\0", "compressed with xz: gzip (.gz) and bzip2 (.bz2) are read"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfd\0", "gzip (.gz) and bzip2 (.bz2) are read"),
        ("plain.csv.bz2", b"a,b\n1,2\n", "there is no header"),
        ("empty.csv", b"", "no header and no row"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match=re.escape(said)) as error:
            open_csv(spark, str(tmp_path / name))
        assert name in str(error.value)
    with pytest.raises(FileNotFoundError):
        open_csv(spark, str(tmp_path / "nothing.csv"))


def parquet(path: Path, **columns: pa.Array | Sequence[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return str(path)


INSTANT = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_parquet_columns_that_spark_cannot_take_stop_nobody_who_does_not_ask_for_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = parquet(
        tmp_path / "t.parquet",
        user_id=pa.array([1, 2]),
        wall=pa.array([1780308000123456789, None], pa.timestamp("ns")),
        instant=pa.array([-1, None], pa.timestamp("ns", "UTC")),
        micros=pa.array([INSTANT, INSTANT], pa.timestamp("us", "UTC")),
        at=pa.array([time(10), None], pa.time64("ns")),
        half=pa.array([1, 2], pa.uint16()),
        kind=pa.array(["a", None]).dictionary_encode(),
        nothing=pa.array([None, None], pa.null()),
        nested=pa.array([{"x": 1}, {"x": 2}]),
    )
    opened = open_parquet(spark, place)
    assert opened.frame.where("wall is not null").selectExpr(
        "cast(wall as string)", "cast(instant as string)"
    ).collect()[0] == (
        "2026-06-01 10:00:00.123456",
        "1969-12-31 23:59:59.999999",  # cut, not rounded towards 1970
    )
    assert dict(opened.frame.dtypes)["wall"] == "timestamp_ntz"
    assert rows(opened.frame.orderBy("user_id"), "user_id", "half", "kind", "nested.x") == [
        (1, 1, "a", 1),
        (2, 2, None, 2),
    ]
    assert "Time" in opened.unusable["at"]
    assert "at" not in opened.frame.columns


def test_parquet_files_of_a_folder_must_agree_on_the_columns_that_are_used(spark: SparkSession, tmp_path: Path) -> None:
    parquet(tmp_path / "t/1.parquet", id=pa.array([1], pa.int32()), amount=[1.5], new=["x"])
    parquet(tmp_path / "t/2.parquet", amount=["2.5"], id=pa.array([2**40]))
    opened = open_parquet(spark, str(tmp_path / "t"))
    assert sorted(rows(opened.frame, "id", "new")) == [(1, "x"), (2**40, None)]
    said = "`amount` is double in 1.parquet, string in 2.parquet: write it with one type in all files"
    assert opened.unusable == {"amount": said}
    # Who asks decides: a read-out refuses such a column, an ingest where it must be given, or one is spelt nearly so.
    assert opened.lacking == {"new": "2.parquet lacks the column, 1.parquet has it"}


def test_a_column_without_a_type_takes_that_of_the_other_files_and_is_null(spark: SparkSession, tmp_path: Path) -> None:
    nothing = pa.array([None, None], pa.null())
    parquet(tmp_path / "t/1.parquet", id=[1, 2], closed=nothing, never=nothing)
    parquet(tmp_path / "t/2.parquet", id=[3, 4], closed=["x", None], never=nothing)
    opened = open_parquet(spark, str(tmp_path / "t"))
    assert sorted(rows(opened.frame, "id", "closed", "never")) == [
        (1, None, None),
        (2, None, None),
        (3, "x", None),
        (4, None, None),
    ]
    assert not opened.unusable
    assert rows(open_parquet(spark, str(tmp_path / "t/1.parquet")).frame, "id", "never") == [(1, None), (2, None)]


def test_parquet_files_that_are_none_are_all_named(spark: SparkSession, tmp_path: Path) -> None:
    whole = Path(parquet(tmp_path / "t/1.parquet", id=list(range(1000)))).read_bytes()
    (tmp_path / "t/2.parquet").write_bytes(whole[:-200])
    (tmp_path / "t/3.parquet").write_bytes(b"no such thing")
    with pytest.raises(SourceError) as error:
        open_parquet(spark, str(tmp_path / "t"))
    assert [finding.what.rsplit("/", 1)[-1] for finding in error.value.findings] == ["2.parquet", "3.parquet"]
    spark.range(3).selectExpr("id", "timestamp'2026-06-01 10:00:00' as at").write.parquet(str(tmp_path / "by_spark"))
    assert open_parquet(spark, str(tmp_path / "by_spark")).frame.where("at > '2026-06-01'").count() == 3


def test_the_footer_of_every_file_is_read(spark: SparkSession, tmp_path: Path) -> None:
    for at in range(251):
        parquet(tmp_path / f"t/{at:03}.parquet", **{"id": [at], "Closed-On" if at == 101 else "closed_on": ["x"]})
    opened = open_parquet(spark, str(tmp_path / "t"))
    assert opened.lacking == {
        "closed_on": "101.parquet lacks the column, 000.parquet has it",
        "closed-on": "000.parquet lacks the column, 101.parquet has it",
    }
    parquet(tmp_path / "t/102.parquet", id=["x"], closed_on=["x"])
    said = "`id` is bigint in 000.parquet, string in 102.parquet: write it with one type in all files"
    assert open_parquet(spark, str(tmp_path / "t")).unusable == {"id": said}


def test_names_of_parquet_columns_are_matched_case_aside(spark: SparkSession, tmp_path: Path) -> None:
    parquet(tmp_path / "t/1.parquet", id=[1], Branch=["a"], nothing=pa.nulls(1))
    parquet(tmp_path / "t/2.parquet", ID=[2], branch=pa.nulls(1), Nothing=["x"])
    opened = open_parquet(spark, str(tmp_path / "t"))
    assert sorted(rows(opened.frame, "id", "branch", "nothing")) == [(1, "a", None), (2, None, "x")]
    assert (opened.unusable, opened.lacking) == ({}, {})
    twice = open_parquet(spark, parquet(tmp_path / "t.parquet", id=[1], Branch=["a"], branch=["b"]))
    assert twice.unusable == {"branch": "`branch` stands twice in t.parquet"}
    assert rows(twice.frame, "*") == [(1,)]


def test_what_parquet_folders_name_is_text_and_no_column_of_a_file(spark: SparkSession, tmp_path: Path) -> None:
    for arm, at in (("01", "2026-01-05 10%3A00%3A00"), ("1d", "2026-01-06")):
        parquet(tmp_path / f"t/arm={arm}/at={at}/a.parquet", id=[1], tags=[[1]])
        parquet(tmp_path / f"u/Arm={arm}/a.parquet", id=[2], arm=["x"])
    opened = open_parquet(spark, str(tmp_path / "t"))
    assert sorted(rows(opened.frame, "arm", "at", "id")) == [("01", "2026-01-05 10:00:00", 1), ("1d", "2026-01-06", 1)]
    both = open_parquet(spark, str(tmp_path / "u"))
    assert both.unusable == {"arm": "`arm` is a column of a.parquet and a name of its folder: rename one of them"}
    assert rows(both.frame, "*") == [(2,), (2,)]


@pytest.mark.parametrize("zone", ["UTC", None])
def test_times_that_no_calendar_has_are_read(spark: SparkSession, tmp_path: Path, zone: str | None) -> None:
    far, near = [2**63 - 1, -(2**63), -1, None], [1780308000123, -1, None, 0]
    columns = {unit: pa.array(far, pa.int64()).cast(pa.timestamp(unit, zone)) for unit in ("ms", "us", "ns")}
    place = parquet(tmp_path / "t.parquet", **columns, near=pa.array(near, pa.int64()).cast(pa.timestamp("ms", zone)))
    frame = open_parquet(spark, place).frame
    assert {frame.schema[name].dataType.simpleString() for name in frame.columns} == {
        "timestamp" if zone else "timestamp_ntz"
    }
    micros = [F.unix_micros(F.col(name).cast("timestamp")).alias(name) for name in frame.columns]
    most = (2**63 - 1) // 1000
    assert rows(frame.select(*micros), "ms", "us", "ns", "near") == [
        (most * 1000, 2**63 - 1, most, 1780308000123000),
        (-most * 1000, -(2**63), -most - 1, -1000),
        (-1000, -1, -1, None),
        (None, None, None, 0),
    ]


def test_milliseconds_and_microseconds_are_one_type(spark: SparkSession, tmp_path: Path) -> None:
    for unit in ("ms", "us"):
        parquet(
            tmp_path / f"t/{unit}.parquet", at=pa.array([INSTANT.replace(microsecond=0)], pa.timestamp(unit, "UTC"))
        )
    assert open_parquet(spark, str(tmp_path / "t")).frame.where("at = '1969-12-31 23:59:59Z'").count() == 2

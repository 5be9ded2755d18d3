"""Whole folders copied and files replaced: all of it, or nothing under the name."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from reactivation.runtime import files
from reactivation.runtime.files import copy_whole, write_files


def test_a_copy_that_was_broken_off_is_made_anew(spark: SparkSession, tmp_path: Path) -> None:
    source, target = tmp_path / "one", tmp_path / "two"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "rows.csv").write_text("a,b\n")
    left_behind = tmp_path / "two.copying"
    left_behind.mkdir()
    (left_behind / "half.csv").write_text("a")
    copy_whole(spark, str(source), str(target))
    assert [p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()] == ["deep/rows.csv"]
    assert not left_behind.exists()


def test_a_copy_that_is_there_stays_as_it_is(spark: SparkSession, tmp_path: Path) -> None:
    source, target = tmp_path / "one", tmp_path / "two"
    for folder in (source, target):
        folder.mkdir()
        (folder / "name.txt").write_text(folder.name)
    copy_whole(spark, str(source), str(target))
    assert (target / "name.txt").read_text() == "two"


@pytest.mark.parametrize("is_local", [True, False])
def test_a_file_that_is_written_anew_is_not_lost_where_that_breaks_off(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_local: bool
) -> None:
    def write(text: str) -> None:
        rows = spark.createDataFrame([("a", text)], "file string, text string")
        write_files(rows, str(tmp_path), by="file", names=["a"], order_by="text")

    def there() -> dict[str, str]:
        return {path.name: path.read_text().split()[-1] for path in tmp_path.glob("*.csv")}

    def break_off(*what: Any) -> None:
        if not is_local and str(what[1]).endswith("/a.csv"):
            return rename(*what)
        raise KeyboardInterrupt

    write("old")
    rename = files._rename
    if not is_local:
        scheme = files.path_of(spark, "hdfs://name-node/").toUri
        monkeypatch.setattr(files, "file_system", lambda *at, found=files.file_system: Elsewhere(found(*at), scheme))
    with monkeypatch.context() as patched:
        patched.setattr(*((Path, "replace") if is_local else (files, "_rename")), break_off)
        with pytest.raises(KeyboardInterrupt):
            write("new")
    assert there() == ({"a.csv": "old"} if is_local else {"a.before.csv": "old"})
    write("new")
    assert there() == {"a.csv": "new"}
    write("newer")
    assert there() == {"a.csv": "newer"}


class Elsewhere:
    """This machine's file system, under another name."""

    def __init__(self, system: Any, uri: Any) -> None:
        self._system, self.getUri = system, uri

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

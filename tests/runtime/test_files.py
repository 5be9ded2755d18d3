"""Whole folders copied: all of it, or nothing under the name."""

from pathlib import Path

from pyspark.sql import SparkSession

from reactivation.runtime.files import copy_whole


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

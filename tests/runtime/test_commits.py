"""The newest commit is the same by the log's files and by Delta's own history."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from delta import DeltaTable
from pyspark.sql import SparkSession

from reactivation.runtime.commits import Commit, newest, of_history, of_log


@pytest.mark.edges
def test_the_logs_newest_file_says_what_deltas_history_says(spark: SparkSession, tmp_path: Path) -> None:
    place = tmp_path / "events"

    def said() -> set[Commit]:
        return {newest(commits) for commits in (logged(), history())}

    def logged() -> Iterator[Commit]:
        return of_log(place / "_delta_log")

    def history() -> Iterator[Commit]:
        return of_history(DeltaTable.forPath(spark, str(place)))

    def append(rows: int, mark: str) -> None:
        spark.range(rows).write.format("delta").mode("append").option("userMetadata", mark).save(str(place))

    append(3, "a")
    assert said() == {Commit(0, "a", 3)}
    append(0, "b")  # nothing to write, no commit
    assert said() == {Commit(0, "a", 3)}
    spark.sql(f"alter table delta.`{place}` set tblproperties ('delta.checkpointInterval' = '2')")
    assert said() == {Commit(1, None, 0)}
    append(4, "c")  # leaves a checkpoint beside its commit
    assert list((place / "_delta_log").glob("*.checkpoint.parquet"))
    assert said() == {Commit(2, "c", 4)}
    DeltaTable.forPath(spark, str(place)).optimize().executeCompaction()  # tidies up after the write
    assert newest(logged()).version == 3
    for commits in (logged, history):
        assert newest(commits(), "c") == Commit(2, "c", 4)
        assert newest(commits(), "nobody's").version == 3
    assert list(logged()) == list(history())

"""MLflow's database under a root is there whole or not at all, whenever its maker is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from reactivation.runtime import mlflow_log

KILLED_AT_THE_TABLE = """
import os, signal, sys
from pathlib import Path
from alembic.operations import Operations
from reactivation.runtime import mlflow_log

made, create_table = [], Operations.create_table
def counted(*given, **named):
    made.append(create_table(*given, **named))
    if len(made) == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return made[-1]
Operations.create_table = counted
mlflow_log.whole_database(Path(sys.argv[1]))
"""
MADE = "import sys; from pathlib import Path; from reactivation.runtime.mlflow_log import whole_database; "
MADE += "whole_database(Path(sys.argv[1]))"


def experiments(database: Path) -> list[str]:
    return [found.name for found in mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()]


def test_who_is_killed_among_the_tables_leaves_no_database_and_the_next_one_makes_it(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KILLED_AT_THE_TABLE, str(tmp_path)]
    killed = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "mlflow.db").exists()
    assert experiments(mlflow_log.whole_database(tmp_path)) == ["Default"]


def test_who_makes_it_prints_nothing(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", MADE, str(tmp_path)]
    made = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert (made.stdout, made.stderr) == ("", "")
    assert experiments(tmp_path / "mlflow.db") == ["Default"]


def test_a_database_that_is_there_stays(tmp_path: Path) -> None:
    database = mlflow_log.whole_database(tmp_path)
    mlflow.MlflowClient(f"sqlite:///{database}").create_experiment("north")
    number = database.stat().st_ino
    assert mlflow_log.whole_database(tmp_path) == database
    assert database.stat().st_ino == number
    assert set(experiments(database)) == {"Default", "north"}
    assert [path.name for path in tmp_path.iterdir()] == [database.name]


def test_who_was_slower_than_another_takes_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(made: str | Path, database: Path) -> None:
        sqlite3.connect(database).close()
        raise FileExistsError(database)

    monkeypatch.setattr(os, "link", beaten)
    assert mlflow_log.whole_database(tmp_path) == tmp_path / "mlflow.db"
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]

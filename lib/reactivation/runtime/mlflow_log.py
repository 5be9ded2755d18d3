"""MLflow as a quiet guest: its errors alone are shown, and its database under a root is there whole or not at all."""

import contextlib
import logging
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow.utils import logging_utils


class _Errors(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what is standard error at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one error."""
        self.stream = sys.stderr
        super().emit(record)


def errors_alone() -> None:
    """Let MLflow, and the library that makes its database, print errors alone; a refused call raises as before."""
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    logging_utils.disable_logging()  # "Successfully registered …", and with it the handler of its own logger
    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        if not any(isinstance(handler, _Errors) for handler in logger.handlers):
            logger.addHandler(_Errors())


def whole_database(root: Path) -> Path:
    """MLflow's database under a root, with all its tables.

    MLflow makes them in dozens of steps and refuses to open what a process left that was killed among them. So they
    are made in another file, which gets its name once it is whole; a database that is there is never replaced.
    """
    errors_alone()
    root.mkdir(parents=True, exist_ok=True)
    database = root / "mlflow.db"
    if not database.exists():
        with TemporaryDirectory(prefix="mlflow-", dir=root) as folder:
            made = Path(folder, database.name)
            mlflow.MlflowClient(f"sqlite:///{made}")
            with contextlib.suppress(FileExistsError):
                os.link(made, database)
    return database

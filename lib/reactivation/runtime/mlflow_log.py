"""What MLflow says beside its work: its errors are shown; what it has registered or made, this system says itself."""

import logging
import os
import sys

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

"""Measure this working tree against another commit, side by side: `make benchmark-against REV=b1f37fb`."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "lib"))

from reactivation_lab.benchmarks.against.main import main  # noqa: E402

if __name__ == "__main__":
    main(PROJECT, sys.argv[1:])

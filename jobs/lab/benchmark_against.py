"""Measure this working tree against another commit, side by side: `make benchmark-against REV=b1f37fb`."""

import sys

from reactivation_lab.against.main import main

if __name__ == "__main__":
    main(sys.argv[1:])

"""Sandbox only: does learning pay? The same months of the same banks, learning and frozen, held against their truth."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_loops

if __name__ == "__main__":
    cli.main(compare_loops.run, arguments=compare_loops.add_arguments, step=steps.COMPARE)

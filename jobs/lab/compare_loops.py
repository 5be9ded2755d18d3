"""Compare learning with frozen loops over the same months of the same simulated banks, by their truth."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_loops

if __name__ == "__main__":
    cli.main(compare_loops.run, arguments=compare_loops.add_arguments, step=steps.COMPARE)

"""Report on all months up to a cycle, as `report_loop` does, beside the truth of the simulated bank."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import report_truth

if __name__ == "__main__":
    cli.main(report_truth.run, step=steps.LOOP_WITH_TRUTH)

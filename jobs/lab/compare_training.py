"""Train a cycle's models in each way to treat contacted users, and hold them against each other out of time."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_training

if __name__ == "__main__":
    cli.main(compare_training.run, step=steps.WAYS)

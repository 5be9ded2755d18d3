"""Train a cycle's models with each way to handle contacted users, and compare them out of time."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_training

if __name__ == "__main__":
    cli.main(compare_training.run, step=steps.WAYS)

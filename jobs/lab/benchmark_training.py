"""Train at any size on a built bank's rows, repeated under new users, to measure the cost."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import benchmark_training

if __name__ == "__main__":
    cli.main(benchmark_training.run, arguments=benchmark_training.add_arguments, step=steps.TRAINING_AT_SIZE)

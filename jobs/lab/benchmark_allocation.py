"""Allocate any number of users by prices, by score and in chunks, and compare value and seconds."""

from reactivation import cli
from reactivation_lab.pipelines import benchmark_allocation

if __name__ == "__main__":
    cli.main_alone(benchmark_allocation.run, arguments=benchmark_allocation.add_arguments)

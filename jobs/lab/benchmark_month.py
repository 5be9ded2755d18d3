"""Run a cycle of a simulated bank of any size, its history month by month, and record what each job costs."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import benchmark_month

if __name__ == "__main__":
    cli.main(benchmark_month.run, arguments=benchmark_month.add_arguments, step=steps.BENCHMARK)

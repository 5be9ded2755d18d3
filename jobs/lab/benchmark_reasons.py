"""Score any number of users with and without reasons, on a built bank's rows repeated, to measure what reasons add."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import benchmark_reasons

if __name__ == "__main__":
    cli.main(benchmark_reasons.run, arguments=benchmark_reasons.add_arguments, step=steps.REASONS_AT_SIZE)

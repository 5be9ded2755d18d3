"""Write BENCHMARKS.md from the records of several benchmarks."""

from reactivation import cli
from reactivation_lab.pipelines import render_benchmarks

if __name__ == "__main__":
    cli.main_alone(render_benchmarks.run, arguments=render_benchmarks.add_arguments)

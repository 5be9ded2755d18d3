"""Read out a synthetic month of any size several times, and compare with one query per contrast."""

from reactivation import cli
from reactivation_lab.pipelines import benchmark_readout

if __name__ == "__main__":
    cli.main_alone(benchmark_readout.run, arguments=benchmark_readout.add_arguments)

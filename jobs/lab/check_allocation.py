"""Hold the allocation by prices against exact optima of many instances drawn at random."""

from reactivation import cli
from reactivation_lab.pipelines import check_allocation

if __name__ == "__main__":
    cli.main_alone(check_allocation.run, arguments=check_allocation.add_arguments)

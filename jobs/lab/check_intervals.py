"""Check in the sandbox how often the read-out's intervals cover the truth, over thousands of simulated months."""

from reactivation import cli
from reactivation_lab.pipelines import check_intervals

if __name__ == "__main__":
    cli.main_alone(check_intervals.run, arguments=check_intervals.add_arguments)

"""Sandbox only: do the read-out's intervals cover the truth? Thousands of months drawn anew, in one Spark job."""

from reactivation import cli
from reactivation_lab.pipelines import check_intervals

if __name__ == "__main__":
    cli.main_alone(check_intervals.run, arguments=check_intervals.add_arguments)

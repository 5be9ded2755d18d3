"""Remove the files of old Delta versions, a simulated bank's raw tables among them."""

from reactivation import cli
from reactivation.pipelines import vacuum_tables
from reactivation_lab.pipelines import vacuum_bank

if __name__ == "__main__":
    cli.main_alone(vacuum_bank.run, arguments=vacuum_tables.add_arguments)

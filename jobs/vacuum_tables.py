"""Remove the files of old Delta versions, and say how much room that made."""

from reactivation import cli
from reactivation.pipelines import vacuum_tables

if __name__ == "__main__":
    cli.main_alone(vacuum_tables.run, arguments=vacuum_tables.add_arguments)

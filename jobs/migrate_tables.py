"""Move the tables of an older release to this release's contracts: first a dry run, then with --apply."""

from reactivation import cli
from reactivation.pipelines import migrate_tables

if __name__ == "__main__":
    cli.main_alone(migrate_tables.run, arguments=migrate_tables.add_arguments)

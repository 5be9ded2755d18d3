"""Look at a region before any month is run: what conf says, what its raw rows are like, which models they can train."""

from reactivation import cli
from reactivation.pipelines import check_region

if __name__ == "__main__":
    cli.main_alone(check_region.run, arguments=check_region.add_arguments, refuses_absent=False)

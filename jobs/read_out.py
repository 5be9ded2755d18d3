"""Read out the month's experiment: outcomes, what the campaign moved, what each option did, and the month's report."""

from reactivation import cli
from reactivation.pipelines import read_out

if __name__ == "__main__":
    cli.main(read_out.run)

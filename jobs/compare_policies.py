"""Would another order have moved more users than the one that picks? By the random cell's picks of settled months."""

from reactivation import cli
from reactivation.pipelines import compare_policies

if __name__ == "__main__":
    cli.main(compare_policies.run)

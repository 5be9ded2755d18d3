"""Would another order, or did a challenger's whole policy, move more users than what stands? By settled months."""

from reactivation import cli
from reactivation.pipelines import compare_policies

if __name__ == "__main__":
    cli.main(compare_policies.run)

"""Simulate a month once for each policy as if it had all users, and find the best plan."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import simulate_policies

if __name__ == "__main__":
    cli.main(simulate_policies.run, arguments=simulate_policies.add_arguments, step=steps.ROLLOUTS)

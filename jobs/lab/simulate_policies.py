"""Sandbox only: what each policy would have moved, had it had all users of a month, and what the best plan could."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import simulate_policies

if __name__ == "__main__":
    cli.main(simulate_policies.run, arguments=simulate_policies.add_arguments, step=steps.ROLLOUTS)

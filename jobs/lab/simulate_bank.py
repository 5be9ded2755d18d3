"""Simulate the bank up to a day, with the contacts that its users have received so far."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import simulate_bank

if __name__ == "__main__":
    cli.main(simulate_bank.run, step=steps.SIMULATE)

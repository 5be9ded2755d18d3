"""Sandbox only: let the simulated bank live up to a day, with the contacts that were sent to its users so far."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import simulate_bank

if __name__ == "__main__":
    cli.main(simulate_bank.run, step=steps.SIMULATE)

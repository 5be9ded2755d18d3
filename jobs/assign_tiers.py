"""Say who is worth a touch, draw who may get one, and register the month's experiment before the first wave."""

from reactivation import cli
from reactivation.pipelines import assign_tiers

if __name__ == "__main__":
    cli.main(assign_tiers.run)

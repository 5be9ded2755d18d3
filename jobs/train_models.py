"""Train both models on settled months, test them on the newest one, and register what the gate says of them."""

from reactivation import cli
from reactivation.pipelines import train_models

if __name__ == "__main__":
    cli.main(train_models.run)

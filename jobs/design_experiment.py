"""Say what the month's experiment can see, and how large a holdout must be, before anybody is touched."""

from reactivation import cli
from reactivation.pipelines import design_experiment

if __name__ == "__main__":
    cli.main(design_experiment.run, arguments=design_experiment.add_arguments)

"""Print a model version's card, as MLflow's page of the version shows it."""

from reactivation import cli
from reactivation.pipelines import review_model

if __name__ == "__main__":
    cli.main_alone(review_model.run, arguments=review_model.add_arguments)

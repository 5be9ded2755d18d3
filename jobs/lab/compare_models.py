"""Compare the models that serve a cycle with xgboost on the same rows, features and test month."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_models

if __name__ == "__main__":
    cli.main(compare_models.run, step=steps.RIVALS)

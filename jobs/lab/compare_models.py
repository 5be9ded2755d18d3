"""Hold the models that serve a cycle against xgboost: same rows, same features, same month out of time."""

from reactivation import cli
from reactivation_lab import steps
from reactivation_lab.pipelines import compare_models

if __name__ == "__main__":
    cli.main(compare_models.run, step=steps.RIVALS)

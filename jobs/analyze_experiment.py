"""Read out any randomised experiment: a table that somebody else made, and a spec that says what was drawn."""

from reactivation import cli
from reactivation.pipelines import analyze_experiment

if __name__ == "__main__":
    cli.main_alone(analyze_experiment.run, arguments=analyze_experiment.add_arguments)

"""Say how good the scores of a cycle were, once its month has settled."""

from reactivation import cli
from reactivation.pipelines import evaluate_scores

if __name__ == "__main__":
    cli.main(evaluate_scores.run)

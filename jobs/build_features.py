"""Build what users did (activity), what is known of each before the month (features), what each did in it (labels)."""

from reactivation import cli
from reactivation.pipelines import build_features

if __name__ == "__main__":
    cli.main(build_features.run)

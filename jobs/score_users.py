"""Score the low-activity users of the cycle with the champions."""

from reactivation import cli
from reactivation.pipelines import score_users

if __name__ == "__main__":
    cli.main(score_users.run)

"""Say in words what a month made of one user, and why: scores, tier, cell, each wave, outcome. Who asks is noted."""

from reactivation import cli
from reactivation.pipelines import explain_user

if __name__ == "__main__":
    cli.main(explain_user.run, arguments=explain_user.add_arguments)

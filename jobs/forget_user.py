"""Forget one person: in tables and their old versions, released files and MLflow. First a dry run, then --apply."""

from reactivation import cli
from reactivation.pipelines import forget_user

if __name__ == "__main__":
    cli.main_alone(forget_user.run, arguments=forget_user.add_arguments)

"""Plan a wave, or all waves of a month, under other settings without writing, and show what would differ."""

from reactivation import cli
from reactivation.pipelines import what_if

if __name__ == "__main__":
    cli.main(what_if.run, arguments=what_if.add_arguments)

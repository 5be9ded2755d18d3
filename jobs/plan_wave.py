"""Plan one wave as of its day: who gets what, by which channel, and why the others do not."""

from reactivation import cli
from reactivation.pipelines import plan_wave

if __name__ == "__main__":
    cli.main(plan_wave.run, arguments=plan_wave.add_arguments)

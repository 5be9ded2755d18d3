"""Stop what is unsent of a released wave, all cells alike: it leaves caps and cost; its users may be planned again."""

from reactivation import cli
from reactivation.pipelines import stop_wave

if __name__ == "__main__":
    cli.main(stop_wave.run, arguments=stop_wave.add_arguments)

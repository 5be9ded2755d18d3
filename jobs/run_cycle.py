"""Run all jobs of a cycle, or of several, that are due, in order, in one Spark session; what is done is skipped."""

from importlib.util import find_spec

from reactivation import cli
from reactivation.pipelines import run_cycle


def load_hook() -> run_cycle.Hook | None:
    """The simulated bank's hook, where its library is installed."""
    if find_spec("reactivation_lab") is None:
        return None
    from reactivation_lab.hook import HOOK  # noqa: PLC0415  (a bank installs `reactivation` alone)

    return HOOK


if __name__ == "__main__":
    cli.main(run_cycle.with_hook(load_hook), arguments=run_cycle.add_arguments)

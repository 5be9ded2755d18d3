"""What `jobs/run_cycle.py` runs before each due day where conf has a `sandbox`: the simulated bank lives up to it."""

from reactivation.pipelines.run_cycle import Hook
from reactivation.runtime.run import Run
from reactivation_lab import bank, steps
from reactivation_lab.pipelines import simulate_bank


def check(r: Run) -> None:
    """SettingsError lists all that is wrong with conf's `sandbox`."""
    bank.required(r.settings.sandbox, region=r.region)


HOOK = Hook(step=steps.SIMULATE, run=simulate_bank.run, check=check)

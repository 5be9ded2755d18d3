"""Score the low-activity users of the cycle with the champions, but for those who refuse profiling."""

from collections.abc import Mapping

from pyspark.sql import functions as F

from reactivation import model
from reactivation.contracts import derived
from reactivation.errors import Finding, ModelError, NotReady, PlanError
from reactivation.pipelines import configured_sources, model_ledger, permissions, plan_registration, releases
from reactivation.runtime.console import NOTICE
from reactivation.runtime.registry import ModelVersion, Registry
from reactivation.runtime.run import Run


def run(r: Run) -> None:
    """A model without a champion leaves its columns null and says so; the one of activity must be there."""
    is_sleeper = (F.col("cycle") == str(r.cycle)) & F.col("is_low_activity")
    features = permissions.profiled(r, configured_sources.features_now(r, is_sleeper))
    if features.isEmpty():
        why = "run jobs/build_features.py for this cycle first; or may nobody be profiled (population.undecided)?"
        findings = [Finding("no rows", f"features of {r.cycle}", why)]
        raise NotReady(f"there are no low-activity users to score in cycle {r.cycle}", findings)
    registry = Registry.open(r)
    lifts = [*model.LIFTS] if r.settings.model.lift.is_learnt else []
    serving = {target: registry.serving(target, r.cycle) for target in (*model.TARGETS, *lifts)}
    if serving["active"] is None:
        raise ModelError(f"no version of `{registry.name('active')}` may serve cycle {r.cycle}", advice(registry))
    serving |= dict.fromkeys(_refuted(r, serving))
    for target in [target for target, version in serving.items() if version is None]:
        columns = "lift_active stays" if target in lifts else f"p_{target} and raw_{target} stay"
        r.say(f"    {target}: no version is used, so {columns} null", NOTICE)
    _require_same(r, {target: str(v.version) if v else None for target, v in serving.items()})
    scorers = {target: registry.load(target, str(v.version)) if v else None for target, v in serving.items()}
    lift = next((scorers.pop(name) for name in lifts), None)
    scores = model.score_users(features, scorers, reasons=r.settings.model.reasons, lift=lift)
    releases.require_frozen(r, {derived.SCORES.name: scores})
    r.write(derived.SCORES, scores)


def _require_same(r: Run, versions: Mapping[str, str | None]) -> None:
    """PlanError where a wave of the cycle is planned and other versions would score: its picks would be others."""
    is_now = F.col("cycle") == str(r.cycle)
    then = r.read(derived.SCORES, is_now).head() if plan_registration.is_running(r) and not r.force else None
    differ = [t for t, version in versions.items() if then is not None and then[f"{t}_version"] != version]
    if then is not None and differ:
        advice = "what was drawn and sent goes by the old scores: leave them, or --force"
        findings = [
            Finding("differs", t, f"scored by {then[f'{t}_version']}, now {versions[t]}; {advice}") for t in differ
        ]
        raise PlanError(f"the experiment of {r.cycle} is running and its scores cannot be changed", findings)


def _refuted(r: Run, serving: Mapping[str, ModelVersion | None]) -> list[str]:
    """The models whose version a later month has refuted: it scores nobody until it is approved again.

    ModelError where a version would score that nobody approved: its alias was moved past `approve_model`.
    """
    known, refuted, findings = model_ledger.decided(r, until=r.cycle), [], []
    for target, version in serving.items():
        if version is None:
            continue
        last = known.get((version.name, str(version.version)))
        command = f"jobs/approve_model.py --model {target} --version {version.version} --reviewer … --reason …"
        if last is not None and last.event == model_ledger.REFUTED:
            refuted.append(target)
            r.say(f"    {target}: version {version.version} was refuted in {last.cycle}: {last.reason}", NOTICE)
            asked = ", ".join(r.settings.campaign.asks_lifts)
            r.say(
                f"    {asked or 'nothing in conf'} goes by it; it is used again once it is approved again: {command}",
                NOTICE,
            )
        elif last is None or last.event != model_ledger.APPROVED:
            advice = f"`model_ledger` has no approval of it; approve it by {command}, or move the alias back"
            findings.append(Finding("not approved", f"{version.name} version {version.version}", advice))
    if findings:
        raise ModelError(f"nobody is scored in cycle {r.cycle} by a version that nobody approved", findings)
    return refuted


def advice(registry: Registry) -> list[Finding]:
    """What to do about a champion that is not there: approve what is ready, or train."""
    ready = [v for v in registry.versions("active") if v.tags.get("ready_for_review") == "true"]
    if not ready:
        return [Finding("no champion", "active", "no version is ready for review: run jobs/train_models.py first")]
    newest = ready[0]
    command = f"jobs/approve_model.py --model active --version {newest.version} --reviewer … --reason …"
    return [Finding("no champion", "active", f"version {newest.version} is ready for review; approve it by {command}")]

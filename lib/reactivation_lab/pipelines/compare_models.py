"""Compare the models that serve a cycle with xgboost on the same rows, features and test month."""

from reactivation import model
from reactivation.pipelines import training_rows
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation_lab.comparisons import xgboost_yardstick


def run(r: Run) -> None:
    """Prints both areas under the ROC curve, writes nothing. The model's are those of the version that serves."""
    registry, material = Registry.open(r), training_rows.known(r)
    months = material.training.months
    for target, examples in material.examples(model.TARGETS).items():
        serving = registry.serving(target, r.cycle)
        if serving is None:
            r.say(f"    {target}: no version serves {r.cycle}, nothing to compare")
            continue
        rivals = xgboost_yardstick.against_xgboost(
            examples,
            registry.load(target, str(serving.version)),
            months=months,
            salt=training_rows.salt(r, target),
            settings=r.settings.model,
        )
        r.show(f"{target}, version {serving.version}, tested on {months.test}", rivals.rows)

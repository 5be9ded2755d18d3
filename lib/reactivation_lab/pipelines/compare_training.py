"""Train a cycle's models with each way to handle contacted users, and compare them out of time."""

from dataclasses import replace

from pyspark.sql import DataFrame

from reactivation import model
from reactivation.pipelines import training_rows
from reactivation.runtime.run import Run
from reactivation_lab.comparisons import contact_handling


def run(r: Run) -> None:
    """Prints one table per model, writes and registers nothing. The test month is that of `train_models`."""
    material = training_rows.known(r)
    months = material.training.months
    for target in model.TARGETS:

        def examples_of(way: model.ModelSettings, target: str = target) -> DataFrame:
            return replace(material, run=r.under(model=way)).examples([target])[target]

        tried, salt = contact_handling.ways(r.settings.model), training_rows.salt(r, target)
        found = contact_handling.compared(examples_of, tried, months=months, salt=salt)
        r.show(f"{target}, trained on {months.train[0]} to {months.train[-1]}, tested on {months.test}", found)

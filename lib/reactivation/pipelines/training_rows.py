"""No job, but what two share: the months a cycle learns from, and the rows that train and test its models."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation import campaign, experiment, model, population
from reactivation.contracts import canonical, derived
from reactivation.errors import Finding, ModelError, NotReady
from reactivation.frames import checkpointed, records, union_all
from reactivation.periods import Month, Window
from reactivation.pipelines import (
    configured_sources,
    evidence_months,
    learnt_options,
    permissions,
    reach,
    readout_outcomes,
    releases,
)
from reactivation.runtime.run import Run


@dataclass(frozen=True)
class Material:
    """Features and labels of all months of one training.

    alone: weights of users left alone, None where nobody was. at_most: examples that there can be.
    """

    run: Run
    training: model.Training
    features: DataFrame
    labels: DataFrame
    alone: DataFrame | None
    at_most: int

    def examples(self, targets: Iterable[str]) -> dict[str, DataFrame]:
        """The examples of each target, chosen and weighed by what conf says of contacted users."""
        every = {target: model.examples(self.features, self.labels, target=target) for target in targets}
        return evidence_months.examples_alone(self.run, every, self.training.months, self.alone)

    def lift_rows(self, target: str) -> DataFrame:
        """Rows from which the lift of a target is learnt: ModelError where no month of the training had a draw."""
        r, months = self.run, [str(month) for month in self.training.months.all]
        propensities = evidence_months.touched_probabilities(r, months)
        if not propensities:
            finding = Finding("no draw", f"{months[0]} to {months[-1]}", "they teach once a month with a draw settled")
            raise ModelError("no lift can be learnt", [finding])
        arms = r.read(derived.ARMS, F.col("cycle").isin(*propensities))
        examples = model.examples(self.features, self.labels, target=target)
        return model.month_lift(examples, arms, propensities=propensities)

    def option_rows(self, option: str) -> DataFrame:
        """Rows from which it is learnt what an option adds to P(active) from its wave's day to the month's end.

        option: wave/channel/benefit. Features are those of the cycle and what users had done in the month when the wave
        was planned. ModelError where the wave went out in no month of the training that had a draw.
        """
        r, (wave, label), known = self.run, option.split("/", 1), releases.ledger(self.run)
        months = [str(month) for month in self.training.months.all]
        had_draw, planned = evidence_months.touched_probabilities(r, months), {}
        is_wave = F.col("cycle").isin(*had_draw) & (F.col("wave") == wave)
        plans = (
            releases.newest(r, derived.WAVE_PLAN, is_wave, known=known)
            if had_draw and r.has(derived.WAVE_PLAN)
            else None
        )
        drawn = [] if plans is None else records(experiment.draw_counts(plans))
        left_out = {key: why for key, why in learnt_options.left_out(r, known, drawn).items() if key[1] == wave}
        for cycle in had_draw:
            release = known.released(cycle=cycle, wave=wave)
            if release is not None and (cycle, wave) not in left_out:
                events = known.having("planned", cycle=cycle, wave=wave)
                planned[cycle] = next(e for e in events if e["plan_version"] == release["plan_version"])
        if plans is None or not planned:
            about, advice = f"{wave}, {months[0]} to {months[-1]}", "they teach once the month has settled"
            findings = [Finding("left out", cycle, why) for (cycle, _), why in sorted(left_out.items())]
            raise ModelError(f"no lift of {option} can be learnt", [Finding("no draw", about, advice), *findings])
        then = union_all([self._on_day(Month.parse(cycle), e["as_of"], e["send_on"]) for cycle, e in planned.items()])
        plans = plans.where(F.col("cycle").isin(*planned))
        rows = model.option_lift(plans, then, option=label)
        return checkpointed(model.of_one_draw(rows))

    def _on_day(self, month: Month, as_of: date, send_on: date) -> DataFrame:
        """Examples of a month as one of its waves knew them: label is what users did from the day of sending on."""
        r = replace(self.run, cycle=month)
        whole = model.examples(self.features, self.labels, target="active").where(F.col("cycle") == str(month))
        to_date = reach.month_to_date(r, Window(month.first, as_of), known_before=as_of)
        rest, settled = Window(send_on, (month + 1).first), r.calendar.settle_on(month)
        did = readout_outcomes.behaviour(r, configured_sources.sources(r), rest, known_before=settled)
        label = did.select("user_id", F.col("is_active").cast("double").alias("label"))
        counts = [name for name, kind in to_date.dtypes if kind != "timestamp" and name != "user_id"]
        known = whole.drop("label").join(label, "user_id").join(to_date.select("user_id", *counts), "user_id", "left")
        return known.fillna(0, counts)

    @cached_property
    def facts(self) -> DataFrame | None:
        """What is known beside the features of users of the test month, for a card's groups; None without `users`."""
        r, month = self.run, self.training.months.test
        if not r.has(canonical.USERS):
            return None
        is_drawn = r.has(derived.ARMS) and str(month) in r.rows_by(derived.ARMS, "cycle")
        arms = r.read(derived.ARMS, F.col("cycle") == str(month)) if is_drawn else None
        users = population.spine(r.read(canonical.USERS), cycles=[month], calendar=r.calendar)
        return model.card_facts(users, arms)

    @cached_property
    def recent(self) -> DataFrame:
        """Features of the cycle's own month and the one before it, where they are built."""
        cycle = self.training.cycle
        near = configured_sources.features_now(self.run, F.col("cycle").isin(str(cycle - 1), str(cycle)))
        return permissions.profiled(self.run, near)


def known(r: Run) -> Material:
    """What the run's cycle may learn from; NotReady where its test month has no labels.

    Nothing of users who refuse profiling as known at the cycle's observation date, in whatever month.
    """
    newest = campaign.usable_months.newest_known(r.cycle, calendar=r.calendar, settings=r.settings.campaign.learning)
    months = model.months(newest, settings=r.settings.model)
    tables = derived.FEATURES, derived.LABELS
    is_needed = F.col("cycle").isin([str(month) for month in months.all])
    features, every = configured_sources.features_now(r, is_needed), r.read(derived.LABELS, is_needed)
    labels = permissions.profiled(r, every)  # examples are features that have a label
    read = model.fingerprint(features, labels)
    if str(months.test) not in read.cycles[1]:
        advice = "run jobs/build_features.py for this cycle first; or may nobody be profiled (population.undecided)?"
        findings = [Finding("no rows", f"labels of {months.test}", advice)]
        raise NotReady(f"the test month of cycle {r.cycle} has no labels", findings)
    months = months.among(read.cycles[1])
    alone = evidence_months.untouched(r, [str(month) for month in months.all])
    text = read.text if alone is None else f"{read.text} {model.fingerprint(alone).text}"
    training = model.Training(r.cycle, months, r.settings_hash, r.versions(tables), text)
    return Material(r, training, features, labels, alone, at_most=read.rows[0])


def salt(r: Run, target: str) -> str:
    """Names the draw of sample and split."""
    return r.salt(f"train_{target}")

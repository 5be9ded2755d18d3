"""What a plan adds to each user's probabilities, when who gets a later contact depends on what came before.

A wave contacts those who have not come yet. Given the contacts there were, whoever came early was contacted less and
whoever stayed away more, so the probability under these contacts is, on average, below the share that comes. The sum
of each day's probability over the days until the event, that day included, is not: it is the event's compensator, and
its expectation is that of the event whatever decided the contacts, as long as they look at the past alone. It is taken
in both worlds with the same draws, so a user on whom the contacts do nothing adds exactly nothing.

Reference: Doob's decomposition; Andersen, Borgan, Gill and Keiding, Statistical Models Based on Counting Processes
(1993), II.4.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Window
from reactivation_lab.bank import behaviour, exact_sums
from reactivation_lab.bank.date_dimension import DateDimension
from reactivation_lab.bank.settings import SandboxSettings
from reactivation_lab.bank.tables import WORLDS

DAILY = ("login", "transaction")
"""Metrics that a day decides."""


def rises(people: DataFrame, *, outcome: Window, dates: DateDimension, settings: SandboxSettings) -> DataFrame:
    """rise_<metric> of `DAILY`, per user. people: with `touches`; who has none is left out and rises by nothing.

    Two passes over the days: when each event comes first, then the sums until then.
    """
    touched = people.where(F.size("touches") > 0)
    stretches = behaviour.stretches(touched, segments=[outcome], settings=settings)
    known = chances(settings)
    first = {
        f"first_{metric}_{world}": F.min(F.when(chance[world][1], F.col("day")))
        for metric, chance in known.items()
        for world in WORLDS
    }
    days = behaviour.days(stretches, dates=dates, settings=settings)
    firsts = days.groupBy("user_id").agg(*[column.alias(name) for name, column in first.items()])
    again = behaviour.days(stretches.join(firsts, "user_id"), dates=dates, settings=settings)

    def until(metric: str, world: str) -> Column:
        ends = F.coalesce(F.col(f"first_{metric}_{world}"), F.col("last_day"))
        return exact_sums.total(F.when(F.col("day") <= ends, known[metric][world][0]).otherwise(0.0))

    return again.groupBy("user_id").agg(
        *[(until(metric, "planned") - until(metric, "untouched")).alias(f"rise_{metric}") for metric in DAILY]
    )


def chances(settings: SandboxSettings) -> Mapping[str, Mapping[str, tuple[Column, Column]]]:
    """Per metric of `DAILY` and world: a day's probability, and whether it happened; over the columns of `days`."""
    rates = {"untouched": F.col("login_rate"), "planned": F.col("login_rate") + F.col("added_rate")}
    pays = {"untouched": behaviour.p_mobile(F.lit(0.0), settings.effects), "planned": F.col("p_mobile")}
    comes = {world: 1 - F.exp(-rates[world]) for world in WORLDS}
    has_come = {world: F.col("draw") < comes[world] for world in WORLDS}
    has_paid = {world: has_come[world] & (F.col("mobile_draw") < pays[world]) for world in WORLDS}
    return {
        "login": {world: (comes[world], has_come[world]) for world in WORLDS},
        "transaction": {world: (comes[world] * pays[world], has_paid[world]) for world in WORLDS},
    }

"""A small simulated bank for tests: the conf with fewer users, and sums that tell whether rows are equal."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reactivation.periods import Calendar, Month, Window
from reactivation_lab import bank as simulator
from reactivation_lab.bank.people import FIRST_USER_ID

CONF = yaml.safe_load((Path(__file__).parents[3] / "conf/regions/sandbox.yml").read_text(encoding="utf-8"))
SHANGHAI = Calendar(**CONF["calendar"])
MAY = Month.parse("2026-05").window


def settings(**changes: Any) -> simulator.SandboxSettings:
    """The conf's bank with other values at the top level, `effects` key by key."""
    values = {**CONF["sandbox"], **changes}
    values["effects"] = {**CONF["sandbox"]["effects"], **changes.get("effects", {})}
    return simulator.SandboxSettings(**values)


def simulated(
    people: DataFrame,
    settings: simulator.SandboxSettings,
    contacts: DataFrame | None = None,
    segments: Sequence[Window] = (MAY,),
    is_opening: bool = True,
) -> dict[str, DataFrame]:
    return simulator.simulate(
        people, segments=segments, is_opening=is_opening, contacts=contacts, calendar=SHANGHAI, settings=settings
    )


def to_everybody(spark: SparkSession, users: int, channel: str, benefit: str, *days: date) -> DataFrame:
    """A contact for each user on each of the days."""
    ids = spark.range(FIRST_USER_ID, FIRST_USER_ID + users).select(F.col("id").alias("user_id"))
    given = {"cycle": "2026-05", "wave": "W1", "channel": channel, "benefit": benefit}
    sent = ids.withColumn("send_on", F.explode(F.array(*[F.lit(day) for day in days])))
    contact_id = F.concat_ws("-", F.lit(channel), "send_on", "user_id")
    return sent.withColumns({name: F.lit(value) for name, value in given.items()}).withColumn("contact_id", contact_id)


UPLIFT = simulator.Uplift(min_share=0.1, min_amount=1000)


def potentials(
    people: DataFrame, bank: simulator.SandboxSettings, contacts: DataFrame | None, outcome: Window = MAY
) -> DataFrame:
    """`truth_potentials` of May's outcome window."""
    return simulator.potentials(
        people,
        cycle=Month.of(MAY.first),
        outcome=outcome,
        contacts=contacts,
        calendar=SHANGHAI,
        uplift=UPLIFT,
        settings=bank,
    )


def sums(frames: dict[str, DataFrame], but: Sequence[str] = ()) -> dict[str, tuple[int, int]]:
    """Rows of each table, and the sum of their hashes: equal where the tables hold equal rows in whatever order."""
    hashed = [
        frame.select(
            F.lit(name).alias("name"),
            F.xxhash64(*[c for c in frame.columns if c not in but]).cast("decimal(38,0)").alias("h"),
        )
        for name, frame in frames.items()
    ]
    together = hashed[0]
    for frame in hashed[1:]:
        together = together.unionByName(frame)
    found = together.groupBy("name").agg(F.count("*").alias("rows"), F.sum("h").alias("h")).collect()
    return {row.name: (row.rows, int(row.h)) for row in found}

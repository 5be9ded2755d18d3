"""What a month's report is made of: a few small tables as plain rows, and one aggregate of the month's users.

`report.json` beside the page holds them, so the page can be made again in another language, without Spark.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Facts:
    """One month, as plain values: text, numbers, days as ISO text. All rows are the cycle's unless said otherwise.

    asked: what was registered, see `pipelines.month_report`. registration: codes and values of what is not as
    registered. readout, checks, targeting, bands, response, evaluation, waterfall, limits: rows of these tables; the
    waterfall and the limits are of each wave's newest release. curves: of `curves`. releases: of `wave_releases`, of
    all cycles up to this one. prices: of `readout`, cost per active user and net gain of all cycles up to this one.
    contacts: of `experiment.wave_counts`. users: of `by_band_and_day`. money: approved, committed, worst, spent;
    frozen_on. challenger: of `experiment.challenger.of_month`; empty where the month had no such cell.
    """

    region: str
    scenario: str
    cycle: str
    asked: dict[str, Any]
    made: dict[str, Any] = field(default_factory=dict)
    registration: Rows = field(default_factory=list)
    readout: Rows = field(default_factory=list)
    checks: Rows = field(default_factory=list)
    targeting: Rows = field(default_factory=list)
    bands: Rows = field(default_factory=list)
    response: Rows = field(default_factory=list)
    evaluation: Rows = field(default_factory=list)
    waterfall: Rows = field(default_factory=list)
    limits: Rows = field(default_factory=list)
    curves: Rows = field(default_factory=list)
    releases: Rows = field(default_factory=list)
    prices: Rows = field(default_factory=list)
    contacts: Rows = field(default_factory=list)
    users: Rows = field(default_factory=list)
    money: dict[str, Any] = field(default_factory=dict)
    challenger: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, **given: Any) -> "Facts":
        """Facts from rows as they come: decimals and days become plain values, and what has no order gets one."""
        plain = {name: _plain(value) for name, value in given.items()}
        for name in _UNORDERED & plain.keys():
            plain[name] = sorted(plain[name], key=lambda row: json.dumps(row, sort_keys=True))
        return cls(**plain)

    @classmethod
    def read(cls, text: str) -> "Facts":
        """Facts from `report.json`. What an older file does not have is empty."""
        known = json.loads(text)
        return cls(**{f.name: known[f.name] for f in fields(cls) if f.name in known})

    def as_json(self) -> str:
        """All of it as text; numbers keep nine digits."""
        return json.dumps(_rounded(asdict(self)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def by_band_and_day(outcomes: DataFrame, arms: DataFrame, tiers: DataFrame, scores: DataFrame) -> DataFrame:
    """Count the month's users by what was known before and by the day on which they first logged in.

    Grain and key: policy, is_selected, touch, band, first_login_day; some thousand rows at most, however many users.
    p_sum: sum of p_active, exact. All tables are the cycle's.
    """
    known = (
        arms.select("user_id", "policy", "is_selected", "touch")
        .join(outcomes.select("user_id", "is_active", "logged_in", "first_login_day", "contacts_delivered"), "user_id")
        .join(tiers.select("user_id", "band"), "user_id", "left")
        .join(scores.select("user_id", F.col("p_active").cast("decimal(18,9)").alias("p")), "user_id", "left")
    )
    return known.groupBy("policy", "is_selected", "touch", "band", "first_login_day").agg(
        F.count("*").alias("users"),
        F.count("p").alias("scored"),
        F.count_if("is_active").alias("active"),
        F.count_if("logged_in").alias("logged_in"),
        F.sum("contacts_delivered").alias("delivered"),
        F.sum("p").cast("double").alias("p_sum"),
    )


_UNORDERED = {"contacts", "evaluation", "users"}
"""Rows that a cluster gives in any order."""
PRICES = ("cost_per_active", "net_gain")
"""Metrics of `readout` that are money."""
_OF_EVENTS = ("cycle", "wave", "plan_version", "status", "as_of", "contacts", "cost", "worst_cost", "reason")


def events(ledger: Iterable[Row], *, until: str) -> Rows:
    """What happened to waves up to a cycle; what was only planned is left out. ledger: rows of `wave_releases`."""
    known = [row for row in ledger if row["cycle"] <= until and row["status"] != "planned"]
    return [{name: row[name] for name in _OF_EVENTS} for row in sorted(known, key=lambda row: row["happened_at"])]


def curves(ledger: Iterable[Row], *, cycle: str) -> Rows:
    """Value by budget of each wave of a cycle, of its newest released version: wave, times, budget, value.

    ledger: rows of `wave_releases`. A version that was filled by a simple rule has none.
    """
    mine = [row for row in ledger if row["cycle"] == cycle]
    last: dict[str, int] = {}
    for row in mine:
        if row["status"] == "released":
            last[row["wave"]] = max(row["plan_version"], last.get(row["wave"], 0))
    told = {
        row["wave"]: row for row in mine if row["status"] == "planned" and row["plan_version"] == last.get(row["wave"])
    }
    return [
        {"wave": wave, **point} for wave in sorted(told) for point in json.loads(told[wave].get("curve_json") or "[]")
    ]


def prices(readout: Iterable[Row]) -> Rows:
    """The rows of prices over all users."""
    return [dict(row) for row in readout if row["metric"] in PRICES and row["segment"] == "all"]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value

"""A region's own attributes of users, from raw columns to features; and views that are queries."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from ingest.warehouse import SETTINGS, SHANGHAI, Warehouse, raw
from reactivation import features, population
from reactivation.errors import SourceError
from reactivation.features import ActivitySettings, FeatureSettings
from reactivation.ingest import SourceSettings, SourcesSettings
from reactivation.periods import Month
from reactivation.runtime import deliveries
from reactivation.runtime.raw import RawTables

pytestmark = pytest.mark.rules

MAY = Month.parse("2026-05")
NONE = ("15d", "0x1p3", "Infinity", "12 CNY")
"""Texts that a cast takes for numbers, or people do."""
OWN = {"profile_numbers": {"income": "wage", "cars": "size(split(plates, ','))"}, "profile_texts": {"work": "job"}}


def test_a_regions_own_attributes_become_features_and_a_number_that_is_none_is_a_bad_row(spark: SparkSession) -> None:
    users = [
        ("1", "2026-01-05", "1200.5", "A,B", "it's"),
        ("2", "2026-01-05", None, None, None),  # nothing is known
        ("3", "2026-01-05", "1,200", "C", "baker"),  # no number
        *((str(n), "2026-01-05", wage, "C", None) for n, wage in enumerate(NONE, start=4)),
        ("9", "2026-01-05", "NaN", None, None),  # nothing is known
    ]
    source = SourceSettings.model_validate({"from": "users", **OWN})
    settings = SETTINGS.model_copy(update={"users": source, "asset_snapshots": None})
    tables = {
        "users": raw(spark, "user_id signed_up_on wage plates job", users),
        "logins": raw(spark, "user_id login_time arrived_at secs", [("1", "2026-04-10", "2026-04-10", "5")]),
    }
    bank = Warehouse(spark, tables, settings)
    bank.ingest("2026-05-01")
    assert {row.user_id: (row.profile_numbers, row.profile_texts) for row in bank.rows("users")} == {
        1: ('{"cars":"2","income":"1200.5"}', '{"work":"it\'s"}'),
        2: (None, None),
        9: ('{"income":"NaN"}', None),
    }
    bad = sorted((row.user_id, row.reason) for row in bank.rows("quarantine"))
    assert bad == [(user, "bad_type") for user in range(3, 4 + len(NONE))]
    kinds = ActivitySettings(function_groups={}, transaction_channels=(), asset_products=())
    look = FeatureSettings(
        lookback_months=(1,), min_history_months=1, profile_numbers=("cars", "income"), profile_texts=("work",)
    )
    spine = population.spine(bank.past().stored["users"], cycles=[MAY], calendar=SHANGHAI)
    logins = features.measures(kinds)["logins"]
    months = ", ".join(["cycle string, user_id bigint, months_back int", *(f"{m.name} {m.type}" for m in logins)])
    built = features.build(
        spine,
        spark.createDataFrame([], months),
        measures={"logins": logins},
        features=features.catalogue(["users", "logins"], look, kinds=kinds),
        calendar=SHANGHAI,
        settings=look,
    )
    found = {row.user_id: row for row in built.collect()}
    assert (found[1].profile_cars, found[1].profile_income, found[1].profile_work) == (2.0, 1200.5, "it's")
    for user in (2, 9):
        assert (found[user].profile_cars, found[user].profile_income, found[user].profile_work) == (None, None, None)


def test_a_view_may_be_a_query_over_those_before_it(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(1, 4).write.parquet(str(tmp_path / "people.parquet"))
    at = "timestamp '2026-05-01 00:00:00Z'"
    content = {
        **SETTINGS.model_dump(by_alias=True, exclude={"logins", "asset_snapshots"}),
        "format": "parquet",
        "views": {
            "people": "people.parquet",
            "some": {"query": "select id from people where id > 1"},
            "few": {"query": "select id from some where id > 2"},
        },
        "users": {
            "query": "select id as user_id, date '2026-01-05' as signed_up_on, 7 as wage from few",
            "profile_numbers": {"income": "wage"},
        },
        "logins": {"query": f"select id as user_id, {at} as event_at, {at} as arrived_at from some"},
    }
    settings = SourcesSettings.model_validate(content)
    tables = RawTables(spark, settings, folder=str(tmp_path), region="north").open()
    assert {name: frame.count() for name, frame in tables.items()} == {"users": 1, "logins": 2}
    assert deliveries._places(settings.users, settings) == ["people.parquet"]
    content["views"]["few"] = {"query": "select idd from some"}
    with pytest.raises(
        SourceError, match=r"view few .*there is no `idd`: did you mean `id`.*sources\.views\.few\.query"
    ):
        RawTables(spark, SourcesSettings.model_validate(content), folder=str(tmp_path), region="north").open()

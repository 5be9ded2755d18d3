"""What `build_features` still has to do: what is not there, and what was made of something else."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conftest import CONF, Rows
from reactivation import cli
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import NotReady
from reactivation.periods import Month
from reactivation.pipelines import build_features, configured_sources
from reactivation.runtime.input_fingerprint import Basis, made_of, note_made_of, to_make
from reactivation.runtime.store import Store
from reactivation.settings import Settings, load

pytestmark = pytest.mark.rules

MARCH, APRIL, MAY = (Month.parse(month) for month in ("2026-03", "2026-04", "2026-05"))
MONTHS = (MARCH, APRIL, MAY)


def settings(*overrides: str) -> Settings:
    return load(CONF, env="local", region="sandbox", scenario="mobile_activity", overrides=overrides).settings


def counts(**changes: int) -> list[dict[str, Any]]:
    """What the ingest kept of two sources per month."""
    kept = {"2026-03": 30, "2026-04": 40, "2026-05": 50}
    return [
        {"cycle": month, "source": source, "rows_kept": changes.get(f"{source}_{month[-2:]}", rows)}
        for month, rows in kept.items()
        for source in ("logins", "transactions")
    ]


def basis(rows: list[dict[str, Any]], *overrides: str, **changes: int) -> Basis:
    """The basis of some counts, settings and versions of the code."""
    return Basis.of(settings(*overrides), rows, definitions={**build_features.DEFINITIONS, **changes})


@pytest.mark.parametrize(
    ("held", "always", "expected"),
    [
        ({}, None, MONTHS),
        ({"2026-03": "a", "2026-04": "a"}, None, [MAY]),
        ({"2026-03": "a", "2026-04": "b", "2026-05": "a"}, None, [APRIL]),  # made of something else
        ({"2026-03": "a", "2026-05": "a"}, MAY, [APRIL, MAY]),  # the newest is always made again
        ({"2026-03": "a", "2026-04": "a", "2026-05": "a"}, None, []),
    ],
)
def test_what_is_there_is_not_made_again_unless_it_was_made_of_something_else(
    held: dict[str, str], always: Month | None, expected: list[Month]
) -> None:
    assert to_make(dict.fromkeys(MONTHS, "a"), held, always=always) == list(expected)


@pytest.mark.parametrize(
    ("override", "stale"),
    [
        ("campaign.arms.holdout_share=0.2", set()),  # decides nothing that is built here
        ("features.min_history_months=2", set()),
        ("features.lookback_months=[1, 3]", {"features"}),
        ("population.low_activity=login_days_3m <= 2", {"features"}),
        ("labels.asset_uplift.min_share=0.2", {"labels"}),
        ("calendar.settle_days=9", {"labels"}),
        ("activity.transaction_channels=[mobile, card, counter, atm]", {"activity", "features", "labels"}),
        ("sources.users.profile_numbers={income: wage}", {"features"}),
        ("calendar.zone=UTC", {"activity", "features", "labels"}),
    ],
)
def test_a_changed_setting_makes_again_what_it_decides(override: str, stale: set[str]) -> None:
    was, now = (basis(counts(), *overrides) for overrides in ((), (override,)))
    kinds = {"activity": Basis.activity, "features": Basis.features, "labels": Basis.labels}
    assert {name for name, of in kinds.items() if of(was, MONTHS) != of(now, MONTHS)} == stale


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("activity", {"activity", "features", "labels"}),  # features and labels are made of its measures
        ("features", {"features"}),
        ("labels", {"labels"}),
    ],
)
def test_changed_code_makes_again_what_it_decides(changed: str, stale: set[str]) -> None:
    was, now = basis(counts()), basis(counts(), **{changed: 99})
    kinds = {"activity": Basis.activity, "features": Basis.features, "labels": Basis.labels}
    assert {name for name, of in kinds.items() if of(was, MONTHS) != of(now, MONTHS)} == stale


def test_rows_that_came_later_make_again_the_months_that_look_back_on_them() -> None:
    was, now = (basis(rows) for rows in (counts(), counts(logins_04=41)))
    assert [m for m in MONTHS if was.activity(MONTHS)[m] != now.activity(MONTHS)[m]] == [APRIL]
    assert [m for m in MONTHS if was.features(MONTHS)[m] != now.features(MONTHS)[m]] == [MAY]
    settling = [m for m in MONTHS if was.labels(MONTHS)[m] != now.labels(MONTHS)[m]]
    assert settling == [MARCH, APRIL, MAY]  # March's took rows of April's first days
    more = [*counts(), {"cycle": "2026-03", "source": "contacts", "rows_kept": 5}]  # a source more
    assert basis(more).activity(MONTHS)[MARCH] != was.activity(MONTHS)[MARCH]


def test_a_table_keeps_its_notes(spark: SparkSession, tmp_path: Path, rows: Rows) -> None:
    store = Store(spark, str(tmp_path), writer="a test")
    assert made_of(store, derived.LABELS) == {}
    for month, made in (("2026-03", "a"), ("2026-04", "b"), ("2026-03", "c")):
        store.replace(derived.LABELS, rows(derived.LABELS, ["cycle", "user_id"], [(month, 1)]), {"cycle": month})
        note_made_of(store, derived.LABELS, {month: made})
    assert made_of(store, derived.LABELS) == {"2026-03": "c", "2026-04": "b"}
    before = store.version(derived.LABELS)
    note_made_of(store, derived.LABELS, {"2026-04": "b"})  # nothing new: no commit
    assert store.version(derived.LABELS) == before


def test_nothing_is_built_of_a_month_whose_rows_are_not_all_there(
    spark: SparkSession, tmp_path: Path, rows: Rows
) -> None:
    columns = ["cycle", "source", "arrived_before"]
    taken = rows(derived.INGEST_COUNTS, columns, [("2026-05", "logins", date(2026, 5, 20))])
    Store(spark, str(tmp_path)).replace(derived.INGEST_COUNTS, taken, {"cycle": "2026-05"})
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={tmp_path}"]
    r = cli.open_run(cli.parser("build_features", "").parse_args(argv), step=flow.FEATURES)
    with pytest.raises(NotReady, match="not ingested up to 2026-06-01"):
        build_features.run(r)


def test_a_source_that_was_taken_out_of_conf_is_absent(spark: SparkSession, tmp_path: Path, rows: Rows) -> None:
    store = Store(spark, str(tmp_path), writer="a test")
    for table, at in ((canonical.USERS, "signed_up_on"), (canonical.FUNCTION_USES, "event_at")):
        store.append(table, rows(table, ["user_id", at], [(1, "2026-04-01")]))

    def held(*overrides: str) -> set[str]:
        parser = cli.parser("build_features", "")
        given = [part for setting in (f"paths.root={tmp_path}", *overrides) for part in ("--set", setting)]
        arguments = parser.parse_args(["--cycle", "2026-05", "--conf-dir", str(CONF), *given])
        return set(configured_sources.sources(cli.open_run(arguments, step=flow.FEATURES)))

    assert held() == {"users", "function_uses"}
    plain = "campaign.waves.W1.options=[{channel: push, benefit: login_discount}]"  # leads to no group of functions
    assert held("sources.function_uses=null", plain) == {"users"}

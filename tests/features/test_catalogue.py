"""The catalogue: every feature has a name by the grammar, a description, a unit and a source."""

from pathlib import Path

import pytest
import yaml

from reactivation import features
from reactivation.contracts import canonical
from reactivation.periods import Calendar, Month

pytestmark = pytest.mark.numbers

CONF = Path(__file__).parents[2] / "conf"
REGIONS = {
    "sandbox": [table.name for table in canonical.ALL],
    "berka": ["users", "transactions", "asset_snapshots"],
}


def catalogue(region: str) -> tuple[features.Feature, ...]:
    """The catalogue of a region as its conf has it."""
    return features.catalogue(
        REGIONS[region],
        features.FeatureSettings(**part(region, "features")),
        kinds=features.ActivitySettings(**part(region, "activity")),
    )


def part(region: str, key: str) -> dict[str, object]:
    base = yaml.safe_load((CONF / "base" / f"{key}.yml").read_text())[key]
    own = yaml.safe_load((CONF / "regions" / f"{region}.yml").read_text()).get(key) or {}
    return {**base, **own}


@pytest.mark.parametrize("region", REGIONS)
def test_every_feature_keeps_the_grammar_and_has_description_unit_and_source(region: str) -> None:
    for feature in catalogue(region):
        assert features.GRAMMAR.fullmatch(feature.name), feature.name
        assert feature.meaning
        assert feature.source in REGIONS[region]
        assert bool(feature.unit) == (feature.type == "double"), f"{feature.name}: a number has a unit, a text has none"


@pytest.mark.parametrize(("region", "at_least"), [("sandbox", 90), ("berka", 40)])
def test_there_are_enough_features_and_each_name_once(region: str, at_least: int) -> None:
    names = [feature.name for feature in catalogue(region)]
    assert len(names) == len(set(names))
    assert len(names) >= at_least


def test_an_absent_source_gives_no_features() -> None:
    assert {feature.source for feature in catalogue("berka")} == {"users", "transactions", "asset_snapshots"}
    assert {feature.source for feature in catalogue("sandbox")} == set(REGIONS["sandbox"]) - {"consents", "exclusions"}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("login_count_3m", "3m"),
        ("transaction_own_days_lag_2m", "lag_2m"),
        ("login_days_ratio_1m_3m", "ratio_1m_3m"),
        ("asset_total_growth_6m", "growth_6m"),
        ("transaction_own_days_since_last", None),
    ],
)
def test_the_grammar_tells_how_time_enters(name: str, form: str | None) -> None:
    match = features.GRAMMAR.fullmatch(name)
    assert match is not None
    assert match["form"] == form


@pytest.mark.parametrize("name", ["count_3m", "login", "login_Count_3m", "login_3m_count", "balance_total"])
def test_a_name_outside_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="grammar"):
        features.Feature(name, "0", "?", "logins")


@pytest.mark.parametrize(
    ("cycle", "settle_days", "train_months", "expected"),
    [
        ("2026-06", 5, 1, ["2026-03", "2026-04"]),  # April settled on 6 May; May will on 6 June, after 1 June
        ("2026-06", 0, 1, ["2026-04", "2026-05"]),  # nothing to wait for: May is there
        ("2026-06", 5, 9, ["2026-01", "2026-02", "2026-03", "2026-04"]),  # arrivals began in November: 2 months before
        ("2026-01", 5, 3, []),  # nothing settled has history enough
    ],
)
def test_training_uses_settled_months_with_history(
    cycle: str, settle_days: int, train_months: int, expected: list[str]
) -> None:
    months = features.training_months(
        Month.parse(cycle),
        first_arrivals=Month.parse("2025-11"),
        calendar=Calendar(zone="UTC", settle_days=settle_days),
        train_months=train_months,
        min_history_months=2,
    )
    assert [str(month) for month in months] == expected

"""What `check_region` finds of conf alone, all at once and without a query; and what it tells of raw rows."""

from argparse import Namespace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from reactivation import cli
from reactivation.periods import Month
from reactivation.pipelines import check_region, conf_check
from reactivation.runtime.standalone import Bench
from reactivation.settings import load

pytestmark = pytest.mark.edges

CONF = Path(__file__).parents[2] / "conf"
JUNE = Month.parse("2026-06")
OWN = "sources.users.profile_numbers={income: birth_year * 10}"


def findings(*overrides: str, cycle: Month = JUNE, env: str = "local") -> dict[str, str]:
    loaded = load(
        CONF, env=env, region="sandbox", scenario="mobile_activity", overrides=overrides, refuses_absent=False
    )
    b = Bench(loaded.settings, Namespace(env=env, region="sandbox"), absent=loaded.absent)
    return {finding.what: finding.advice for finding in conf_check.findings(b, cycle)}


def test_the_sandbox_has_nothing_to_mend(spark: SparkSession) -> None:
    assert findings() == {}


def test_the_three_kinds_of_mistake_are_found_at_once_and_no_query_runs(spark: SparkSession) -> None:
    spark.sparkContext.setJobGroup("conf alone", "")
    found = findings(
        "labels.is_active=login_day_count >= 1",  # no such column
        "sources.asset_snapshots=null",  # and `asset_total` stands in base's balance
        "experiment.metrics.asset_uplift=null",
        "experiment.means.asset_change=null",
        cycle=Month.parse("2027-03"),  # the long holdout has left by then
    )
    assert spark.sparkContext.statusTracker().getJobIdsForGroup("conf alone") == []
    assert "login_days_count" in found["labels.is_active"]  # what Spark proposes instead
    assert "`asset_total`: the region has no `asset_snapshots`" in found["experiment.balance.covariates"]
    assert "stays out from 2026-01 and leaves in 2027-01" in found["campaign.arms.long_holdout_since"]
    assert any(what.startswith("W1 on 2027-03") for what in found)  # whose holidays nobody has said yet


@pytest.mark.parametrize(
    ("override", "key", "why"),
    [
        ("population.low_activity=login_days_4m <= 3", "population.low_activity", "login_days_4m"),
        ("population.low_activity=login_days_3m", "population.low_activity", "is double, must be a condition"),
        ("campaign.arms.rule_order=profile_segment", "campaign.arms.rule_order", "is string, must be a number"),
        ("experiment.covariates=[login_days_1m, luck]", "experiment.covariates", "luck"),
        ("experiment.balance.covariates=[raw_active]", "experiment.balance.covariates", "raw_active"),  # not known yet
        ("campaign.waves.W1.guidance=has_pushed = 1", "campaign.waves.W1.guidance", "has_push"),
        ("campaign.waves.W3.first.rule=wage > 1", "campaign.waves.W3.first.rule", "wage"),
        ("population.undecided.call=null", "population.undecided.call", "what counts where a user never decided?"),
    ],
)
def test_an_expression_over_what_there_will_not_be_is_named(
    spark: SparkSession, override: str, key: str, why: str
) -> None:
    found = findings(override)
    assert set(found) == {key}
    assert why in found[key]


def test_a_wave_reads_branch_segment_age_and_the_regions_own(spark: SparkSession) -> None:
    readable = "campaign.waves.W1.options=[{channel: push, benefit: none, only_if: %s}]"
    asked = "branch = 'B1' and segment = 'x' and age < 30 and income > 2000"
    assert findings(OWN, readable % f'"{asked}"') == {}
    assert "income" in findings(readable % f'"{asked}"')["campaign.waves.W1.options.0.only_if"]


def test_what_is_assumed_is_refused_in_prod(spark: SparkSession) -> None:
    found = findings(env="prod")
    assert "`assumed` is no legal basis in prod" in found["population.undecided.sms"]


def test_conf_and_raw_tables_are_told_together_and_exit_with_2(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["labels.is_active=login_day_count >= 1", f"paths.root={tmp_path}", "calendar.settle_days=3"]
    argv = ["--region", "sandbox", "--cycle", "2026-06", "--conf-dir", str(CONF)]
    argv += [part for override in wrong for part in ("--set", override)]
    code = cli.execute_alone(
        check_region.run,
        "jobs/check_region.py",
        argv,
        arguments=check_region.add_arguments,
        refuses_absent=False,
    )
    told = capsys.readouterr()
    assert code == 2
    assert "region sandbox is not ready for 2026-06" in told.err
    assert "labels.is_active" in told.err
    assert "missing table" in told.err
    assert "calendar.settle_days: regions/sandbox.yml says 4; --set says 3, which counts" in told.out
    assert list(tmp_path.iterdir()) == []

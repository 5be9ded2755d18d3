"""What reaches the driver does not grow with users: each place that brings rows there says why they are few."""

from pathlib import Path

import pytest

from layers import brings, row_problems

pytestmark = pytest.mark.numbers

ROOT = Path(__file__).parents[1]
CODE = [path for folder in ("lib", "jobs", "notebooks") for path in sorted((ROOT / folder).rglob("*.py"))]

LIB = "lib/reactivation/"
LAB = "lib/reactivation_lab/"
FEW = {
    f"{LIB}campaign/assignment/arms.py": (3, "one row of counts, a row per policy and touch"),
    f"{LIB}campaign/planning/allocation.py": (
        2,
        "a row per queue, rank bucket (256 of them) and set of options; a rank per queue",
    ),
    f"{LIB}campaign/planning/gains.py": (1, "response: a row per month, wave, tier and option"),
    f"{LIB}campaign/tiers/usable_months.py": (1, "months"),
    f"{LIB}campaign/planning/intensity.py": (1, "one row of sums"),
    f"{LIB}campaign/assignment/ranks.py": (1, "quantiles"),
    f"{LIB}campaign/tiers/bands.py": (3, "a row per band; one row of shares"),
    f"{LIB}campaign/planning/exploration.py": (1, "a row per cell, hash bucket and options"),
    f"{LIB}campaign/planning/planned_wave.py": (1, "a row per cell, reason and option"),
    f"{LIB}campaign/planning/priced.py": (
        4,
        "50 000 users drawn by hash; cells of equals, and of a look; users with whom a share of a cell ends",
    ),
    f"{LIB}experiment/power.py": (1, "one row of shares"),
    f"{LIB}experiment/any_table/sums.py": (1, "a hundred rows, for a value amid the others"),
    f"{LIB}frames.py": (1, "`records` itself; its callers stand here"),
    f"{LIB}model/evaluate.py": (4, "one row of sums, a row per decile or bin"),
    f"{LIB}model/card_sample.py": (1, "a sample of at most some `model_card.sample_rows` rows, by hash"),
    f"{LIB}model/examples.py": (1, "one row of counts"),
    f"{LIB}model/fitting.py": (1, "a row per split"),
    f"{LIB}model/score_table.py": (1, "a row per group, 30 at most of each kind, and score bin, 2 000 of them"),
    f"{LIB}model/lift_fit.py": (3, "one row of sums"),
    f"{LIB}model/lift_judgement.py": (3, "one row of sums; cuts; a row per decile and side"),
    f"{LIB}model/lift_train.py": (1, "a row per month, third of the users and side"),
    f"{LIB}model/reasons.py": (1, "2 000 rows of examples"),
    f"{LIB}runtime/commits.py": (1, "the newest commit"),
    f"{LIB}runtime/console.py": (1, "a table to read, cut to some rows"),
    f"{LIB}runtime/watermark.py": (1, "one day"),
    f"{LAB}measurement/meter.py": (1, "the stage of a job, no rows"),
    f"{LIB}runtime/deliveries.py": (1, "one instant"),
    f"{LIB}runtime/raw.py": (2, "names of sources; broken rows of a view by file, twenty"),
    f"{LIB}runtime/logged_models.py": (1, "200 rows of examples"),
    f"{LIB}runtime/run_log.py": (2, "what was run; one instant"),
    f"{LIB}runtime/principal.py": (1, "one name"),
    f"{LIB}pipelines/releases.py": (
        5,
        "a row per event of a wave; a day per wave; a row per table or benefit; a row of sums",
    ),
    f"{LIB}pipelines/release_wave.py": (1, "a row per channel, benefit and reason"),
    f"{LIB}pipelines/check_region.py": (1, "a row per source and month; per source; per month"),
    f"{LIB}pipelines/check_released.py": (2, "a row per channel; a row per channel, benefit and reason"),
    f"{LIB}pipelines/stop_wave.py": (3, "one row of sums; a row per channel, twice"),
    f"{LIB}runtime/contract_rules.py": (3, "one row of counts; keys of rows that the driver made"),
    f"{LIB}runtime/store.py": (2, "a row per part; one version"),
    f"{LIB}runtime/stored_table.py": (1, "a table's properties"),
    f"{LIB}runtime/vacuum.py": (1, "a place and a size"),
    f"{LIB}pipelines/forgotten_releases.py": (3, "cycles of one user; fingerprints by table; events of releases"),
    f"{LIB}runtime/erasure.py": (2, "rows of one user, counted by part; sums of the erasure ledger by table"),
    f"{LIB}ingest/__init__.py": (1, "a row per source and month of counts"),
    f"{LIB}ingest/admission.py": (1, "a row of counts per source"),
    f"{LIB}ingest/batch.py": (1, "a row of counts per month"),
    f"{LIB}ingest/disposition.py": (2, "a row per source, month and rule; a row per month and disposition"),
    f"{LIB}ingest/incremental.py": (1, "a row of counts per source"),
    f"{LIB}ingest/shares.py": (2, "where an ingest stops: three examples per source; three values per column"),
    f"{LIB}ingest/still_taken.py": (1, "where rows are gone: a row of counts per month"),
    f"{LIB}pipelines/analyze_experiment.py": (1, "sums by arm and stratum"),
    f"{LIB}pipelines/assign_tiers.py": (1, "sums by cell and arm"),
    f"{LAB}against/helpers/repeat_raw.py": (1, "a day per stretch of raw rows"),
    f"{LAB}pipelines/benchmark_allocation.py": (1, "an option per user: of an instance that the driver drew"),
    f"{LAB}pipelines/benchmark_readout.py": (3, "sums by group; one row per contrast"),
    f"{LAB}pipelines/benchmark_training.py": (1, "months"),
    f"{LIB}pipelines/build_features.py": (2, "ingest_counts; months whose rows have expired"),
    f"{LAB}pipelines/check_intervals.py": (1, "counts per contrast over all seeds"),
    f"{LAB}pipelines/compare_allocations_by_truth.py": (2, "one row of counts; one row of sums"),
    f"{LAB}pipelines/compare_loops.py": (3, "a row per cell, contrast or figure"),
    f"{LIB}pipelines/evaluate_scores.py": (1, "one row: which model"),
    f"{LIB}pipelines/explain_user.py": (4, "rows of one user; bands of a cycle; one example"),
    f"{LIB}pipelines/expire_months.py": (1, "own contacts of a shared ledger, counted by month"),
    f"{LIB}pipelines/ingest_sources.py": (1, "ingest_counts: a row per source and month"),
    f"{LIB}pipelines/rows_taken.py": (3, "ingest_counts; rows of counts per source, and per month"),
    f"{LIB}pipelines/model_ledger.py": (2, "decisions on versions; events of one model"),
    f"{LIB}pipelines/training_rows.py": (1, "draws of one wave by option and month"),
    f"{LIB}pipelines/readout_groups.py": (1, "sums by group"),
    f"{LIB}pipelines/evidence_months.py": (3, "months, their plans; sums by band"),
    f"{LIB}pipelines/learnt_options.py": (
        4,
        "what contact added by month; draws by option; sums by option and month, channel and benefit",
    ),
    f"{LIB}pipelines/design_experiment.py": (1, "forecasts by wave and cell"),
    f"{LIB}pipelines/spend_forecast.py": (1, "eligible users by wave, cell, place in the order and options"),
    f"{LIB}pipelines/compare_policies.py": (3, "sums by challenger; some rows of the read-out and one plan per month"),
    f"{LIB}pipelines/what_if.py": (2, "limits of one wave; one row of sums"),
    f"{LIB}pipelines/read_out.py": (7, "sums, deciles, tiers, waves, sums by option, and draws"),
    f"{LIB}pipelines/readout_outcomes.py": (1, "codes of benefits"),
    f"{LIB}pipelines/month_report.py": (6, "rows of small tables; users by band and day, some thousand rows"),
    f"{LIB}pipelines/plan_registration.py": (1, "the registered plan"),
    f"{LIB}pipelines/permissions.py": (2, "a row per feed, or per source"),
    f"{LIB}pipelines/report_loop.py": (5, "a row per month and figure"),
    f"{LAB}pipelines/report_truth.py": (1, "a row per month and figure"),
    f"{LIB}pipelines/score_users.py": (1, "one row: which model"),
    f"{LAB}pipelines/simulate_bank.py": (4, "stretches of days; months; means by cell"),
    f"{LAB}pipelines/simulate_policies.py": (4, "sums by cell; a sample of some 2 000 users for the linear programme"),
    "notebooks/05_read_out.py": (1, "readout: a row per contrast, metric and segment"),
}

BY_BATCH = {
    f"{LIB}model/reasons.py": (
        "mapInArrow",
        "contributions are looked up by the byte in tables of doubles, which no Column expression does in time",
    ),
}
"""The one stage in which rows pass through Python: many at a time through numpy, never one by one."""


def test_every_place_that_brings_rows_to_the_driver_says_why_they_are_few() -> None:
    found = {str(path.relative_to(ROOT)): brings(path.read_text("utf-8")) for path in CODE}
    assert {place: count for place, count in found.items() if count} == {place: n for place, (n, _) in FEW.items()}


def test_no_row_passes_through_python() -> None:
    found = {str(path.relative_to(ROOT)): row_problems(path.read_text("utf-8")) for path in CODE}
    for place, (used, _) in BY_BATCH.items():
        assert [problem for problem in found[place] if f"`{used}`" in problem] == found[place] != []
        found[place] = []
    assert {place: problems for place, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("code", "times"),
    [
        ("rows = users.collect()", 1),
        ("rows = users.where(is_sleeper).limit(5).toPandas()", 1),
        ("for row in users.toLocalIterator():\n    keep(frames.records(users))", 2),
        ("collected = users.count()", 0),
    ],
)
def test_the_driver_rule_sees_what_it_brings(code: str, times: int) -> None:
    assert brings(code) == times


@pytest.mark.parametrize(
    ("code", "is_seen"),
    [
        ("name = F.udf(lambda row: row)", True),
        ("@pandas_udf('double')\ndef score(rows): ...", True),
        ("users.rdd.map(score)", True),
        ("users.groupBy('branch').applyInPandas(score, schema)", True),
        ("users.groupBy('branch').agg(F.count('*'))", False),
    ],
)
def test_the_row_rule_sees_python_over_rows(code: str, is_seen: bool) -> None:
    assert bool(row_problems(code)) == is_seen

"""Exit codes and messages of the command line."""

from pathlib import Path
from types import ModuleType

import pytest

from reactivation import cli
from reactivation.errors import Finding, NotReady
from reactivation.pipelines import explain_user, forget_user, run_cycle, stop_wave, what_if
from reactivation.runtime import console
from reactivation.runtime.run import Job, Run
from reactivation_lab.bank.tables import TRUTH_POTENTIALS
from reactivation_lab.pipelines import compare_allocations_by_truth

pytestmark = pytest.mark.edges

JOB = "jobs/score_users.py"
CONF = str(Path(__file__).parent.parent / "conf")


def does_nothing(r: Run) -> None:
    """Do nothing."""


def finds_nothing(r: Run) -> None:
    """Find nothing."""
    raise NotReady("`features` is not there", [Finding("missing", "features", "run jobs/build_features.py first")])


def knows_the_truth(r: Run) -> None:
    """Look up what only the simulator knows."""
    r.read(TRUTH_POTENTIALS)


def breaks(r: Run) -> None:
    """Break."""
    raise RuntimeError("a bug")


class LosesExecutors:
    """A job whose first runs each lose an executor, as Spark 4.1 words it."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.runs: list[str] = []

    def __call__(self, r: Run) -> None:
        self.runs.append(r.run_id)
        if len(self.runs) <= self.times:
            raise RuntimeError(
                "An error occurred while calling o57.count.\n: org.apache.spark.SparkException: "
                "[CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND] Checkpoint block rdd_3_0 not found!"
            )


def execute(job: Job, root: Path, *more: str) -> int:
    return cli.execute(job, JOB, ["--cycle", "2026-06", "--conf-dir", CONF, "--set", f"paths.root={root}", *more])


def test_done_is_zero_and_stands_in_the_run_log(tmp_path: Path, spark: object) -> None:
    assert execute(does_nothing, tmp_path) == 0
    assert (tmp_path / "warehouse" / "run_log").is_dir()


def test_a_users_mistake_is_two_with_one_message_and_no_stack_trace(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(finds_nothing, tmp_path) == 2
    assert capsys.readouterr().err == (
        "NotReady: `features` is not there\n  missing  features  run jobs/build_features.py first\n"
    )


def test_a_job_that_loses_rows_with_an_executor_runs_again_and_a_second_time_says_what_to_do(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here in Spark's words alone; `tests/cycle/cluster` kills real executors."""
    once, twice = LosesExecutors(1), LosesExecutors(2)
    once.__doc__ = twice.__doc__ = "Lose executors."
    assert execute(once, tmp_path) == 0
    assert len(set(once.runs)) == 2  # a run of its own, with nothing of the first
    assert "An executor was lost" in capsys.readouterr().err
    assert execute(twice, tmp_path) == 2
    said = capsys.readouterr().err
    assert "RowsLost: executors were lost twice" in said
    assert "run the same command again" in said
    assert len(twice.runs) == 2


def test_a_real_banks_month_needs_a_day(spark: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--cycle", "1994-03", "--region", "berka", "--conf-dir", CONF, "--set", f"paths.root={tmp_path}"]
    assert cli.execute(run_cycle.run, "run_cycle.py", argv, arguments=run_cycle.add_arguments) == 2
    assert "missing  --as-of" in capsys.readouterr().err


def test_a_job_that_would_read_the_truth_is_stopped(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(knows_the_truth, tmp_path) == 1  # a bug of the job, which shows where it is
    assert (
        "`score_users` reads `truth`, but flow lists only features, scores, wave_waterfall" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (["--cycle", "2026-13"], "`2026-13` is not a cycle"),
        (["--as-of", "tomorrow"], "`tomorrow` is not a day"),
        (["--as-of", "20260612"], "`20260612` is not a day"),
        (["--region", "sandbx"], "did you mean `sandbox`"),
        (["--set", "calendar"], "write --set key.path=value"),
    ],
)
def test_a_wrong_argument_is_two(
    tmp_path: Path, argument: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(does_nothing, tmp_path, *argument) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_what_is_wrong_with_month_day_and_conf_comes_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ("--cycle", "2026-13", "--as-of", "2026-02-30", "--region", "sandbx")
    assert execute(does_nothing, tmp_path, *wrong) == 2
    error = capsys.readouterr().err
    assert all(found in error for found in ("2026-13", "2026-02-30", "did you mean `sandbox`"))


@pytest.mark.parametrize(
    ("job", "argument", "message"),
    [
        (stop_wave, ["--reason", " "], "it is blank"),
        (stop_wave, ["--reason", "a", "--plan-version", "0"], "`0` is no version of a plan"),
        (forget_user, ["--user", "7", "--request", ""], "it is blank"),
        (explain_user, ["--reason", "a", "--user-id", "9" * 19], "is no user_id"),
        (what_if, ["--budgets", "1", "0,5"], "`0,5` is no number of 0 or more, write it as 0.5"),
        (what_if, ["--budgets", "50%"], "`50%` is no number"),
        (what_if, ["--budgets", "nan"], "`nan` is no number"),
        (compare_allocations_by_truth, ["--active-user", "-1"], "`-1` is no number"),
        (compare_allocations_by_truth, ["--since", "2026-5"], "`2026-5` is not a cycle"),
    ],
)
def test_an_argument_of_a_job_that_is_not_understood_is_two_and_no_stack_trace(
    job: ModuleType, argument: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.parser("job", "", job.add_arguments).parse_args(["--cycle", "2026-06", *argument])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_a_mistake_of_the_program_is_one_and_shows_where(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(breaks, tmp_path) == 1
    said, log = capsys.readouterr(), tmp_path / "logs" / "2026-06" / "score_users.log"
    assert "a bug" in said.err
    assert f"All that was said before: {log}" in said.out
    assert "a bug" in log.read_text(encoding="utf-8")


def test_a_job_alone_shows_its_answer_and_its_log_all(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    def tells(r: Run) -> None:
        """Tell something."""
        r.say("rows of each table", console.DETAIL)
        r.say("the answer")

    log = tmp_path / "logs" / "2026-06" / "score_users.log"
    for more, shows_details in (([], False), (["--verbose"], True)):
        assert execute(tells, tmp_path, *more) == 0
        said = capsys.readouterr().out
        assert "the answer" in said
        assert ("rows of each table" in said) == shows_details
    kept = log.read_text(encoding="utf-8")
    assert kept.count("==== score_users of sandbox, mobile_activity, local, 2026-06; run ") == 2
    assert kept.count("rows of each table") == kept.count("the answer") == 2


def test_a_refusal_stands_on_stderr_and_in_the_log_whatever_is_shown(
    tmp_path: Path, spark: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(finds_nothing, tmp_path) == execute(finds_nothing, tmp_path, "--verbose") == 2
    refusal = "NotReady: `features` is not there\n  missing  features  run jobs/build_features.py first\n"
    assert capsys.readouterr().err == 2 * refusal
    assert (tmp_path / "logs" / "2026-06" / "score_users.log").read_text(encoding="utf-8").count(refusal.strip()) == 2

"""What the terminal shows of what a job says, and that its log keeps all of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from reactivation.runtime import console, java, mlflow_log
from reactivation.runtime.console import ANSWER, DETAIL, NOTICE

pytestmark = pytest.mark.numbers

TOLD = [("tiers 9 361 rows", DETAIL), ("version 1: sms 812", ANSWER), ("no champion", NOTICE)]


@pytest.fixture(autouse=True)
def nothing_overheard(tmp_path: Path) -> None:
    """What Java said when tests of this process started Spark goes into the log of another command."""
    with console.logged(tmp_path / "before.log", verbose=False, head="a command before"):
        pass


@pytest.mark.parametrize(
    ("verbose", "is_among_others", "shown"),
    [
        (True, False, ["tiers 9 361 rows", "version 1: sms 812", "no champion"]),
        (True, True, ["tiers 9 361 rows", "version 1: sms 812", "no champion"]),
        (False, False, ["version 1: sms 812", "no champion"]),
        (False, True, ["no champion"]),  # of a job among others only what somebody should look at
    ],
)
def test_what_is_shown_depends_on_who_asks_and_the_log_has_it_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: bool, is_among_others: bool, shown: list[str]
) -> None:
    log = tmp_path / "logs" / "job.log"
    with console.logged(log, verbose=verbose, head="a job"), console.showing(NOTICE if is_among_others else ANSWER):
        for text, level in TOLD:
            console.say(text, level)
    assert capsys.readouterr().out.splitlines() == shown
    kept = log.read_text(encoding="utf-8").splitlines()
    assert [line.split(maxsplit=3)[2:] for line in kept] == [
        ["INFO", "==== a job ===="],
        ["DEBUG", "tiers 9 361 rows"],
        ["INFO", "version 1: sms 812"],
        ["WARNING", "no champion"],
    ]


def test_what_speaks_of_one_user_is_printed_and_in_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with console.logged(tmp_path / "job.log", verbose=False, head="explain_user"):
        console.say("user 4711 is in cell rule, token=abc", is_kept=False)
        console.say("done")
    assert capsys.readouterr().out.splitlines() == ["user 4711 is in cell rule, token=***", "done"]
    log = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "done" in log
    assert "4711" not in log


def test_without_a_place_for_a_log_everything_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with console.logged(None, verbose=False, head="a job on a cluster"):
        for text, level in TOLD:
            console.say(text, level)
    assert capsys.readouterr().out.splitlines() == [text for text, _ in TOLD]


def test_a_second_command_adds_to_the_log_and_a_notice_is_shown_once_by_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with console.logged(tmp_path / "job.log", verbose=False, head="a job"):
            console.say("is it complete?", NOTICE)
            console.say("is it complete?", NOTICE)
    assert capsys.readouterr().out.count("is it complete?") == 2
    kept = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert (kept.count("is it complete?"), kept.count("==== a job ====")) == (4, 2)


def test_errors_go_to_stderr_and_into_the_log_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with console.logged(tmp_path / "job.log", verbose=False, head="run with api_token=abc"):
        console.complain("OperationalError: connect(password='abc')")
        console.say("postgresql://bank:abc@host", DETAIL)
    said, kept = capsys.readouterr(), (tmp_path / "job.log").read_text(encoding="utf-8")
    assert said.err == "OperationalError: connect(password=***)\n"
    assert "OperationalError" in kept
    assert "abc" not in said.out + said.err + kept


def test_a_line_is_finished_where_it_began_and_nothing_is_printed_into_it(capsys: pytest.CaptureFixture[str]) -> None:
    console.begin_line("[1/2] score_users")
    console.finish_line("  3.2 s", otherwise="    3.2 s")
    console.begin_line("[2/2] plan_wave")
    console.complain("RowsLost: an executor was lost")
    console.finish_line("  9.9 s", otherwise="    failed after 9.9 s")
    said = capsys.readouterr()
    assert said.out.splitlines() == ["[1/2] score_users  3.2 s", "[2/2] plan_wave", "    failed after 9.9 s"]
    assert said.err == "RowsLost: an executor was lost\n"


def test_notices_of_a_job_among_others_wait_until_its_line_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with console.showing(NOTICE):
        console.begin_line("[1/2] ingest_sources")
        console.say("    is it complete?", NOTICE)
        assert capsys.readouterr().out == "[1/2] ingest_sources"
        console.finish_line("  9.9 s", otherwise="    9.9 s")
        console.say("    and after it", NOTICE)
    assert capsys.readouterr().out == "  9.9 s\n    is it complete?\n    and after it\n"


def test_a_table_is_never_folded_and_its_numbers_stand_to_the_right() -> None:
    rows = [{"reason": "no [b]channel[/b] " * 20, "users": 1234567}, {"reason": "planned", "users": None}]
    names, ruler, first, second = console.table(rows).splitlines()
    assert names.split() == ["reason", "users"]
    assert set(ruler.replace(" ", "")) == {"─"}
    assert first.endswith(" 1 234 567")
    assert second.endswith(" –")
    assert first.count("no [b]channel[/b]") == 20


STARTS = "import sys, time; print(':: resolving', file=sys.stderr, flush=True); time.sleep(0.3); {}"


@pytest.mark.parametrize(
    ("then", "starts", "shown"),
    [
        ("", True, ""),  # what was said while it started is in the log alone
        ("print('26/11/29 ERROR Utils: no port', file=sys.stderr)", True, "26/11/29 ERROR Utils: no port\n"),
        (
            "print('unresolved dependency', file=sys.stderr); sys.exit(1)",
            False,
            ":: resolving\nunresolved dependency\n",
        ),
    ],
)
def test_what_java_says_while_it_starts_is_shown_only_where_it_does_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], then: str, starts: bool, shown: str
) -> None:
    said = java.Said()
    process = subprocess.Popen([sys.executable, "-c", STARTS.format(then)], stderr=said.write_end)
    process.wait()
    with console.logged(tmp_path / "job.log", verbose=False, head="a job"):
        said.started() if starts else said.failed()
        said.close()
    assert capfd.readouterr().err == shown
    assert ":: resolving" in (tmp_path / "job.log").read_text(encoding="utf-8")


def test_what_java_prints_is_in_the_log_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    heard = java.Said(is_shown=False)
    says = [sys.executable, "-c", "input(); print('a property')"]
    process = subprocess.Popen(says, stdin=subprocess.PIPE, stdout=heard.write_end)
    with console.logged(tmp_path / "job.log", verbose=False, head="a job"):
        heard.started()
        process.communicate(b"\n")
        heard.close()
    assert capfd.readouterr() == ("", "")
    assert "a property" in (tmp_path / "job.log").read_text(encoding="utf-8")


def test_what_was_overheard_before_there_was_a_log_stands_at_its_beginning(tmp_path: Path) -> None:
    """Java starts before the settings' root is known to be there."""
    with console.logged(None, verbose=False, head="an earlier command"):
        pass
    console.overhear("found io.delta#delta-spark in central with token=abc\n", is_shown=False)
    for _ in range(2):
        with console.logged(tmp_path / "job.log", verbose=False, head="a job"):
            console.say("on it goes")
    kept = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert kept.count("found io.delta#delta-spark in central with token=***") == 1
    assert kept.index("found io.delta") < kept.index("on it goes")


def test_what_java_says_later_is_passed_on_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    said = java.Said()
    speaks = "import sys; input(); print('OutOfMemoryError: heap', file=sys.stderr)"
    with subprocess.Popen([sys.executable, "-c", speaks], stderr=said.write_end, stdin=subprocess.PIPE) as process:
        said.started()
        process.communicate(b"\n")
    said.close()
    assert capfd.readouterr().err == "OutOfMemoryError: heap\n"


def test_mlflow_prints_its_errors_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    from mlflow.utils.logging_utils import eprint

    mlflow_log.errors_alone()
    mlflow_log.errors_alone()  # a second registry of the same process
    eprint("Successfully registered model 'sandbox_mobile_activity_active'.")
    logging.getLogger("mlflow.store").info("Creating initial MLflow database tables...")
    logging.getLogger("mlflow.store").error("the database is locked")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "the database is locked\n")

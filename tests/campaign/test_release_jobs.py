"""Releasing, checking and stopping from the command line on literal rows: what is not known counts as sent."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conftest import CONF, Rows
from reactivation import cli
from reactivation.campaign.release import channel_files
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import Busy, NotReady, PlanError
from reactivation.pipelines import broken_off, check_released, plan_wave, reach, release_wave, releases, stop_wave
from reactivation.runtime import erasure
from reactivation.runtime.channel_file_reader import read_withdrawn
from reactivation.runtime.run import Run
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

JUNE, DAY = "2026-06", "2026-06-05"
LEDGER, RELEASES = derived.CONTACT_LEDGER, derived.WAVE_RELEASES
NAMED = ["cycle", "wave", "release_id", "plan_version", "contact_id", "user_id", "channel", "send_order", "send_on",
         "send_from", "send_until", "template_version"]  # fmt: skip


@pytest.fixture
def store(spark: Any, tmp_path: Path) -> Store:
    return Store(spark, str(tmp_path), writer="a test")


@pytest.fixture
def release(store: Store, rows: Rows) -> Callable[..., None]:
    """Releases a version of W1. people: user, channel, first and last day of sending; in the order of sending.

    status: `planned` for a release that was broken off once its contacts stood in the ledger.
    """

    def note(version: int, people: list[tuple[int, str, str, str]], status: str = "released") -> None:
        name = f"sandbox-mobile_activity-{JUNE}-W1-v{version}"
        contacts = [
            (JUNE, "W1", name, version, f"{name}-{user}", user, channel, order, DAY, first, last, 1)
            for order, (user, channel, first, last) in enumerate(people, start=1)
        ]
        store.replace(LEDGER, rows(LEDGER, NAMED, contacts), {"cycle": JUNE, "release_id": name})
        columns = ["event_id", "cycle", "wave", "plan_version", "status", "release_id", "send_on", "folder", "contacts"]
        folder = f"{JUNE}/W1/v{version}" if status == "released" else None
        event = (f"e{version}", JUNE, "W1", version, status, name, DAY, folder, len(people))
        store.replace(RELEASES, rows(RELEASES, columns, [event]), {"event_id": f"e{version}"})

    return note


def arguments(store: Store, *more: str) -> list[str]:
    root = str(Path(store.place(LEDGER)).parents[1])
    return ["--cycle", JUNE, "--conf-dir", str(CONF), "--set", f"paths.root={root}", "--wave", "W1", *more]


def stop(store: Store, *more: str) -> int:
    argv = arguments(store, "--reason", "wrong discount", *more)
    return cli.execute(stop_wave.run, "stop_wave.py", argv, arguments=stop_wave.add_arguments)


def opened(store: Store, step: flow.Step, *more: str) -> Run:
    return cli.open_run(cli.parser(step.job, "").parse_args(arguments(store, *more)), step=step)


def stopped(store: Store) -> set[int]:
    return {row.user_id for row in store.read(LEDGER).where("stopped_on is not null").collect()}


def test_what_may_have_gone_out_is_not_stopped_until_somebody_says_what_was_sent(
    store: Store, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """At 11:00 of the day SMS are out and no receipt is in; calls of the next day are known to wait."""
    release(1, [(1, "sms", DAY, DAY), (2, "sms", DAY, DAY), (3, "call", DAY, "2026-06-09"),
                (4, "call", "2026-06-08", "2026-06-09")])  # fmt: skip
    for sent in ((), ("--sent", "sms=1")):
        assert stop(store, "--as-of", DAY, *sent) == 2
        said = capsys.readouterr().err
        assert "version 1, call  1 contacts may have gone out" in said
        assert ("--plan-version 1 --sent sms=N" in said) == (not sent)
        assert stopped(store) == set()
        assert not list(Path(store.place(LEDGER)).parents[1].rglob("stopped.json"))
    assert stop(store, "--as-of", DAY, "--sent", "sms=1", "--sent", "call=3") == 0
    assert stopped(store) == {2, 4}
    [event] = store.read(RELEASES).where("status = 'stopped'").collect()
    assert json.loads(event.left_out_json) == {"sms": 1, "push": 0, "call": 3}
    assert event.as_of == date(2026, 6, 5)


def test_before_its_first_day_of_sending_a_release_is_stopped_without_a_word_and_after_it_is_not(
    store: Store, release: Callable[..., None]
) -> None:
    release(1, [(1, "push", DAY, DAY)])
    assert stop(store) == 2  # by the clock its day has come
    assert stop(store, "--as-of", "2026-06-04") == 0
    assert stopped(store) == {1}


def test_receipts_tell_of_those_who_have_one_and_of_those_before_them(
    store: Store, rows: Rows, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release(1, [(user, "sms", DAY, DAY) for user in (1, 2, 3)])
    name = f"sandbox-mobile_activity-{JUNE}-W1-v1"
    columns = ["contact_id", "user_id", "cycle", "wave", "status", "sent_at"]
    receipts = [(f"{name}-2", 2, JUNE, "W1", "delivered", DAY), (f"{name}-3", 9, JUNE, "W1", "not_attempted", DAY)]
    store.append(canonical.CONTACTS, rows(canonical.CONTACTS, columns, receipts[:1]))
    assert stop(store, "--as-of", DAY) == 2
    assert "version 1, sms  1 contacts" in capsys.readouterr().err  # user 3
    assert stop(store, "--as-of", DAY, "--sent", "sms=2") == 0
    assert stopped(store) == {3}


def test_of_several_releases_each_counts_for_itself(
    store: Store, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release(1, [(1, "sms", DAY, DAY), (2, "sms", DAY, DAY)])
    release(2, [(3, "sms", DAY, DAY), (4, "sms", DAY, DAY)])
    assert stop(store, "--as-of", DAY, "--sent", "sms=1") == 2
    assert "add --plan-version 1 or 2" in capsys.readouterr().err
    assert stop(store, "--as-of", DAY, "--sent", "sms=1", "--plan-version", "2") == 0
    assert stopped(store) == {4}
    assert stop(store, "--as-of", DAY, "--sent", "sms=0") == 0  # one is left
    assert stopped(store) == {1, 2, 4}
    assert stop(store, "--as-of", DAY, "--sent", "sms=0") == 2


def test_a_release_that_was_broken_off_is_stopped_like_another_and_can_no_longer_be_released(
    store: Store, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files have no `_SUCCESS`; a channel that did not wait for it may have sent some."""
    release(1, [(1, "sms", DAY, DAY), (2, "sms", DAY, DAY)], status="planned")
    assert stop(store, "--as-of", DAY) == 2
    assert "2 contacts may have gone out" in capsys.readouterr().err
    assert stopped(store) == set()
    assert stop(store, "--as-of", DAY, "--sent", "sms=1") == 0
    assert stopped(store) == {2}
    [event] = store.read(RELEASES).where("status = 'stopped'").collect()
    assert (event.contacts, event.cost, event.reason) == (1, 0, "wrong discount")
    assert not list(Path(store.place(LEDGER)).parents[1].rglob("stopped.json"))  # the folder may be another version's
    assert stop(store, "--as-of", DAY, "--sent", "sms=1") == 2
    with pytest.raises(PlanError, match="version 1 of W1 was stopped and is not released"):
        release_wave.run(opened(store, flow.RELEASE, "--as-of", DAY))


def test_who_skips_a_wave_hears_what_a_release_that_was_broken_off_still_holds(
    store: Store, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    release(1, [(1, "sms", DAY, DAY)], status="planned")
    argv = arguments(store, "--skip", "--reason", "the disk was full")
    assert cli.execute(plan_wave.run, "plan_wave.py", argv, arguments=plan_wave.add_arguments) == 0
    told = "version 1 of W1 was broken off while it was released: its contacts count for caps and stock until"
    assert f"{told} jobs/stop_wave.py --wave W1 --plan-version 1 says what was sent" in capsys.readouterr().out
    r = opened(store, flow.RELEASE)
    broken_off.tell(r, releases.ledger(r), but=1)  # it is released right now
    assert "broken off" not in capsys.readouterr().out
    release(1, [(1, "sms", DAY, DAY)])
    broken_off.tell(r, releases.ledger(r))
    assert "broken off" not in capsys.readouterr().out


@pytest.fixture
def checked(store: Store, rows: Rows, release: Callable[..., None]) -> Callable[..., int]:
    """Pushes to users 1 and 2 go out until the 12th, as conf was at the release; each refuses on a day given."""
    release(1, [(1, "push", DAY, "2026-06-12"), (2, "push", DAY, "2026-06-12")])
    people = [(user, "2020-01-01", True, True) for user in (1, 2)]
    store.append(canonical.USERS, rows(canonical.USERS, ["user_id", "signed_up_on", "has_phone", "has_push"], people))
    columns = ["user_id", "event_at", "channel", "is_allowed"]
    decided = [(user, "2026-01-01", kind, True) for user in (1, 2) for kind in ("push", "profiling")]
    refused = [(1, "2026-06-07 12:00", "push", False), (2, "2026-06-05 12:00", "push", False)]
    store.append(canonical.CONSENTS, rows(canonical.CONSENTS, columns, [*decided, *refused]))

    def check(day: str, *, delivered_on: str) -> int:
        columns = ["cycle", "source", "arrived_before", "delivered_on"]
        counts = [(JUNE, source, "2026-06-12", delivered_on) for source in ("consents", "exclusions", "contacts")]
        store.replace(derived.INGEST_COUNTS, rows(derived.INGEST_COUNTS, columns, counts), {"cycle": JUNE})
        settings = ("campaign.release.send_days.push=1", "population.consent.oldest_feed.days=3")
        argv = arguments(store, "--as-of", day, *(part for text in settings for part in ("--set", text)))
        return cli.execute(check_released.run, "check_released.py", argv)

    return check


def withdrawn(store: Store) -> list[tuple[int, str]]:
    [file] = Path(store.place(LEDGER)).parents[1].rglob("push.withdrawn.csv")
    lines = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    return sorted((int(user), reason) for _, user, reason in lines)


def test_a_check_goes_by_the_days_of_the_release_and_an_older_one_takes_nobody_off_the_list(
    store: Store, checked: Callable[..., int]
) -> None:
    """Conf sends pushes for one day by now, so the 9th would be over by it."""
    assert checked("2026-06-09", delivered_on="2026-06-09") == 0
    assert withdrawn(store) == [(1, "refused"), (2, "refused")]
    assert checked("2026-06-07", delivered_on="2026-06-09") == 0  # user 1 refuses later on
    assert withdrawn(store) == [(1, "refused"), (2, "refused")]


def test_in_prod_no_check_goes_by_a_day_that_is_over(store: Store, checked: Callable[..., int]) -> None:
    """Its rows come up to the 12th, and what was refused since would be hidden."""
    assert checked("2026-06-12", delivered_on="2026-06-12") == 0
    run = opened(store, flow.CHECK, "--as-of", "2026-06-12")
    with pytest.raises(NotReady, match="is not ingested up to"):
        check_released.run(run.at(flow.CHECK, env="prod"))


def test_a_feed_that_died_after_the_release_is_told_once_the_lists_are_written(
    store: Store, checked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked("2026-06-12", delivered_on="2026-06-01") == 2
    said = capsys.readouterr().err
    assert "what users decided is not known well enough as of 2026-06-12" in said
    assert "stop what is unsent by jobs/stop_wave.py" in said
    assert withdrawn(store) == [(1, "refused"), (2, "refused")]


def test_a_list_keeps_whom_it_names_and_why_and_gains_the_others(store: Store, rows: Rows, tmp_path: Path) -> None:
    (tmp_path / "push.withdrawn.csv").write_text("contact_id,user_id,reason\na,1,refused\nb,2,quiet_days\n", "utf-8")
    contacts = rows(LEDGER, ["contact_id", "user_id", "channel"], [("b", 2, "push"), ("c", 3, "push"), ("d", 4, "sms")])
    looked: DataFrame = contacts.selectExpr("*", "if(user_id = 3, null, 'refused') as left_out")
    found = channel_files.withdrawn(looked, read_withdrawn(store.spark, str(tmp_path))).collect()
    assert sorted((row.file, row.contact_id, row.reason) for row in found) == [
        ("push.withdrawn", "a", "refused"),
        ("push.withdrawn", "b", "quiet_days"),
        ("sms.withdrawn", "d", "refused"),
    ]


@pytest.mark.parametrize("places", [["before"], ["", "before"]])
def test_a_list_whose_place_was_not_taken_by_the_new_one_is_read(
    store: Store, tmp_path: Path, places: list[str]
) -> None:
    for place in places:
        file = tmp_path / ".".join(["push.withdrawn", *([place] if place else []), "csv"])
        file.write_text("contact_id,user_id,reason\na,1,refused\n", "utf-8")
    found = read_withdrawn(store.spark, str(tmp_path))
    assert found is not None
    assert [tuple(row) for row in found.collect()] == [("push.withdrawn", "a", 1, "refused")]


def test_of_two_first_releases_the_one_that_comes_second_sees_the_first(
    store: Store, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both looked at the caps before there was a ledger."""
    first, second = (opened(store, flow.RELEASE) for _ in "ab")
    upon = [release_wave._version(r) for r in (first, second)]

    def reserve(r: Run, wave: str, upon: int) -> None:
        contacts = rows(LEDGER, NAMED, [(JUNE, wave, wave, 1, f"{wave}-1", 1, "sms", 1, DAY, DAY, DAY, 1)])
        release_wave._reserve(r, contacts, {"release_id": wave}, upon)

    reserve(first, "W1", upon[0])
    with pytest.raises(Busy, match="another wave was released meanwhile"):
        reserve(second, "W2", upon[1])
    reserve(second, "W2", release_wave._version(second))  # once it has looked again


def test_a_ledger_without_what_was_released_stops_whoever_goes_by_it(
    store: Store, rows: Rows, tmp_path: Path, release: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """`paths.contact_ledger` leads to another place since: caps would not see what went out from the old one."""
    release(1, [(1, "sms", DAY, DAY), (2, "sms", DAY, DAY)])
    elsewhere = Store(store.spark, str(tmp_path / "shared"), writer="a test")
    moved = ("--set", f"paths.contact_ledger={tmp_path / 'shared'}")

    def recent(*more: str, send_on: date = date(2026, 6, 12)) -> DataFrame:
        r = opened(store, flow.PLAN, *more)
        known = releases.ledger(r)
        return reach.recently_contacted(r, date(2026, 6, 10), known=known, send_on=send_on, is_final=False)

    with pytest.raises(NotReady, match="nothing of what was released"):
        recent(*moved)
    others = [(JUNE, "W1", "cards", 1, "c", 3, "sms", 1, DAY, DAY, DAY, 1)]
    elsewhere.replace(LEDGER, rows(LEDGER, NAMED, others), {"cycle": JUNE, "release_id": "cards"})
    with pytest.raises(NotReady, match=f"sandbox-mobile_activity-{JUNE}-W1-v1 .*Copy its rows"):
        recent(*moved)
    assert stop(store, "--sent", "sms=0", *moved) == 2
    assert "nothing of what was released" in capsys.readouterr().err
    recent(*moved, send_on=date(2026, 12, 1))  # caps do not look back so far
    store.stored(LEDGER).remove(erasure.is_of(LEDGER, F.lit(1)))
    assert [row.user_id for row in recent().collect()] == [2]  # where the ledger was, one erased since

"""What was forgotten is in no table, no file and no old version; what expired is gone by whole months; counts stay."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from conftest import CONF, Rows
from reactivation import campaign, cli
from reactivation.contracts import canonical, derived, flow
from reactivation.periods import Month
from reactivation.pipelines import build_features, expire_months, forget_user, forgotten_releases
from reactivation.runtime import erasure
from reactivation.runtime.store import Store

pytestmark = pytest.mark.edges

LOGINS, TIERS, QUARANTINE, COUNTS = canonical.LOGINS, derived.TIERS_TABLE, derived.QUARANTINE, derived.INGEST_COUNTS
OTHERS = "c2,23,none,2026-05-05\nc3,11,none,2026-05-05\n"
SENT = f"contact_id,user_id,benefit,send_on\nc1,1,none,2026-05-05\n{OTHERS}"


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path, rows: Rows) -> Store:
    """User 1 logs in twice, waits in quarantine, was in a tier that was decided again, and got a contact."""
    made = Store(spark, str(tmp_path), writer="a test")
    logins = [(1, "2026-04-02"), (1, "2026-05-02"), (23, "2026-05-02"), (11, "2024-01-02")]
    made.append(LOGINS, rows(LOGINS, ["user_id", "event_at"], logins).repartition(1))
    for users in ([1, 23], [23]):  # of the first draw, an old version holds user 1
        tiers = rows(TIERS, ["cycle", "user_id"], [("2026-05", user) for user in users])
        made.replace(TIERS, tiers, {"cycle": "2026-05"})
    waiting = [
        ("logins", 1, '{"user_id": "1"}', "2026-05"),
        ("logins", None, '{"user_id": "1"}', "2026-05"),
        ("logins", None, '{"user_id": "11"}', "2026-05"),
    ]
    named = ["source", "user_id", "row_json", "cycle"]
    made.replace(QUARANTINE, rows(QUARANTINE, named, waiting), {"cycle": "2026-05"})
    counts = rows(COUNTS, ["cycle", "source", "rows_kept"], [("2026-05", "logins", 2)])
    made.replace(COUNTS, counts, {"cycle": "2026-05"})
    wave = tmp_path / "exports" / "2026-05" / "W1"
    wave.mkdir(parents=True)
    (wave / "sms.csv").write_text(SENT, "utf-8")
    (wave / "manifest.json").write_text(json.dumps({"files": {"sms.csv": {"rows": 3, "sha256": "of then"}}}), "utf-8")
    return made


def forget(root: Path, *more: str) -> int:
    argv = ["--conf-dir", str(CONF), "--set", f"paths.root={root}", "--set", 'paths.exports="{root}/exports"']
    argv += ["--user", "1", "--request", "R-7", *more]
    return cli.execute_alone(forget_user.run, "forget_user.py", argv, arguments=forget_user.add_arguments)


def users_in_files(root: Path) -> Iterator[int]:
    """Users in all data files under a root, those of old versions too."""
    for file in root.rglob("*.parquet"):
        if "_delta_log" not in file.parts and "user_id" in pq.read_schema(file).names:
            yield from pq.read_table(file, columns=["user_id"]).column("user_id").to_pylist()


def ledger(store: Store) -> list[tuple[object, ...]]:
    columns = ["kind", "request", "table", "part", "rows"]
    return sorted(tuple(row) for row in store.read(erasure.LEDGER).select(*columns).collect())


def test_a_dry_run_tells_what_there_is_and_changes_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert forget(tmp_path) == 0
    told = capsys.readouterr().out
    for name in ("logins", "quarantine", "2026-05/W1/sms.csv", "This was a dry run"):
        assert name in told
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_forgotten_user_is_in_no_table_no_file_and_no_old_version_and_counts_stay(
    store: Store, tmp_path: Path
) -> None:
    assert 1 in set(users_in_files(tmp_path))
    assert forget(tmp_path, "--apply") == 0
    assert set(users_in_files(tmp_path)) == {23, 11, None}
    now = Store(store.spark, str(tmp_path), writer="a test")
    assert sorted(row.user_id for row in now.read(LOGINS).collect()) == [11, 23]
    assert [row.row_json for row in now.read(QUARANTINE).collect()] == ['{"user_id": "11"}']
    assert [row.rows_kept for row in now.read(COUNTS).collect()] == [2]
    assert [row.user_id for row in now.read(TIERS).collect()] == [23]
    wave = tmp_path / "exports" / "2026-05" / "W1"
    sent = (wave / "sms.csv").read_bytes()
    assert sent.decode() == f"contact_id,user_id,benefit,send_on\n{OTHERS}"
    told = json.loads((wave / "manifest.json").read_text("utf-8"))["files"]["sms.csv"]
    assert told == {"rows": 3, "sha256": hashlib.sha256(sent).hexdigest(), "lines_erased": 1}
    assert sorted(file.name for file in wave.iterdir()) == ["manifest.json", "sms.csv"]
    assert ledger(now) == [
        ("forgotten", "R-7", "2026-05/W1/sms.csv", "-", 1),
        ("forgotten", "R-7", "logins", "2026-04", 1),
        ("forgotten", "R-7", "logins", "2026-05", 1),
        ("forgotten", "R-7", "quarantine", "2026-05", 2),
    ]
    assert forget(tmp_path, "--apply") == 0  # there is nothing left to note
    assert len(ledger(Store(store.spark, str(tmp_path)))) == 4


def test_rows_that_name_the_user_otherwise_than_by_user_id_go_too(store: Store, tmp_path: Path, rows: Rows) -> None:
    contacts, ours = canonical.CONTACTS, "sandbox-mobile_activity-2026-05-W1-v1"
    received = [
        (f"{ours}-4711", 5, "2026-05-06"),  # the receipt names another user
        ("2026-05-W1-4711", 5, "2026-05-06"),  # as release 0.1.0 numbered
        (f"{ours}-14711", 14711, "2026-05-06"),
        ("call-4711", 5, "2026-05-06"),  # another sender's number
    ]
    store.append(contacts, rows(contacts, ["contact_id", "user_id", "sent_at"], received))
    gone = [
        ("contacts", "missing_user_id", {"contact_id": f"{ours}-4711"}),
        ("contacts", "bad_type", {"user_id": "47l1", "contact_id": f" {ours}-4711 "}),
        ("logins", "bad_type", {"user_id": "0004711"}),
        ("logins", "bad_type", {"user_id": " 4711"}),
        ("logins", "bad_type", {"user_id": "4711.0"}),
        ("consents", "ragged_row", {"user_id": "push", "channel": "4711"}),  # one field too few
    ]
    kept = [
        ("logins", "bad_type", {"user_id": "47110"}),
        ("transactions", "bad_type", {"user_id": "5", "amount": "4711"}),
        ("logins", "ragged_row", {"user_id": "5", "channel": "47 11"}),
        ("contacts", "missing_user_id", {"contact_id": f"{ours}-14711"}),
    ]
    waiting = [(source, reason, json.dumps(row), "2026-05") for source, reason, row in (*gone, *kept)]
    named = ["source", "reason", "row_json", "cycle"]
    store.replace(QUARANTINE, rows(QUARANTINE, named, waiting), {"cycle": "2026-05"})
    assert forget(tmp_path, "--apply", "--user", "4711") == 0
    assert {row.contact_id for row in store.read(contacts).collect()} == {f"{ours}-14711", "call-4711"}
    left = [json.loads(row.row_json) for row in store.read(QUARANTINE).collect()]
    assert sorted(map(str, left)) == sorted(str(row) for _, _, row in kept)
    assert ("forgotten", "R-7", "quarantine", "2026-05", 6) in ledger(store)


def test_no_log_of_a_table_names_the_forgotten(store: Store, tmp_path: Path, rows: Rows) -> None:
    """The log keeps the smallest and the largest user of a file, so the user lies between others."""
    user = 7305118904
    logins = [(n, "2026-05-02") for n in (2, user, user + 10**9)]
    store.append(LOGINS, rows(LOGINS, ["user_id", "event_at"], logins))
    waiting = [("logins", n, json.dumps({"user_id": str(n)}), "2026-05") for n in (2, user, user + 10**9)]
    store.replace(
        QUARANTINE, rows(QUARANTINE, ["source", "user_id", "row_json", "cycle"], waiting), {"cycle": "2026-05"}
    )
    assert forget(tmp_path, "--apply", "--user", str(user)) == 0
    assert user not in set(users_in_files(tmp_path))
    logs = [file for file in tmp_path.rglob("*") if "_delta_log" in file.parts and file.is_file()]
    assert any("MERGE" in file.read_text("utf-8") for file in logs if file.suffix == ".json")
    assert [file for file in logs if str(user).encode() in file.read_bytes()] == []


def test_what_was_noted_of_a_release_leaves_the_forgotten_out_and_says_how_many(
    store: Store, tmp_path: Path, rows: Rows
) -> None:
    scores, contacts, releases = derived.SCORES, derived.CONTACT_LEDGER, derived.WAVE_RELEASES
    scored = [("2026-05", 1, 0.5), ("2026-05", 23, 0.25), ("2026-05", 11, 0.75)]
    store.replace(scores, rows(scores, ["cycle", "user_id", "p_active"], scored), {"cycle": "2026-05"})
    send(store, rows, "mobile_activity", 1, 23)

    def noted() -> str:
        now = {"scores": store.read(scores)}
        found = campaign.frozen.fingerprints(now)
        return json.dumps(campaign.frozen.of_rows([row.asDict() for row in found.collect()], {"scores": 0}, now))

    files = json.dumps({"sms.csv": {"rows": 3, "sha256": "of then"}, "push.csv": {"sha256": "of then"}})
    event = [("e", "2026-05", "W1", "released", "2026-05/W1", noted(), files)]
    columns = ["event_id", "cycle", "wave", "status", "folder", "frozen_json", "files_json"]
    store.replace(releases, rows(releases, columns, event), {"event_id": "e"})
    assert forget(tmp_path, "--apply") == 0
    [now] = store.read(releases).collect()
    frozen, left = json.loads(now.frozen_json)["scores"], json.loads(noted())["scores"]
    assert (frozen["rows"], frozen["hash"], frozen["users_erased"]) == (2, left["hash"], 1)
    parts = {"2026-05": {"scores": {"rows": 1, "hash": "7"}}}
    assert forgotten_releases.note_without(store, parts, {}, request="R-7") == 0  # as after a run that broke off
    digest = hashlib.sha256((tmp_path / "exports" / "2026-05" / "W1" / "sms.csv").read_bytes()).hexdigest()
    told = json.loads(now.files_json)
    assert (told["sms.csv"]["sha256"], told["push.csv"]["sha256"]) == (digest, "of then")
    assert [row.user_id for row in store.read(contacts).collect()] == [23]
    assert ("forgotten", "R-7", "contact_ledger", "2026-05", 1) in ledger(store)


@pytest.mark.parametrize("killed_in", ["_put", "note"])  # before the rename, and after it
def test_a_run_killed_among_the_files_is_finished_by_the_next(
    store: Store, tmp_path: Path, rows: Rows, killed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases, files = derived.WAVE_RELEASES, json.dumps({"sms.csv": {"rows": 3, "sha256": "of then"}})
    columns = ["event_id", "cycle", "wave", "status", "folder", "files_json"]
    event = [("e", "2026-05", "W1", "released", "2026-05/W1", files)]
    store.replace(releases, rows(releases, columns, event), {"event_id": "e"})
    wave = tmp_path / "exports" / "2026-05" / "W1"
    (wave / "push.csv").write_text(OTHERS, "utf-8")
    (wave / ".push.csv.writing").write_text("half of", "utf-8")
    monkeypatch.setattr(f"reactivation.runtime.erasure_of_files.{killed_in}", lambda *_: 1 / 0)
    assert forget(tmp_path, "--apply") == 1
    monkeypatch.undo()
    assert forget(tmp_path, "--apply") == 0
    sent = (wave / "sms.csv").read_bytes()
    assert sent.decode() == f"contact_id,user_id,benefit,send_on\n{OTHERS}"
    digest = hashlib.sha256(sent).hexdigest()
    told = json.loads((wave / "manifest.json").read_text("utf-8"))["files"]["sms.csv"]
    assert told == {"rows": 3, "sha256": digest, "lines_erased": 1}
    [noted] = store.read(releases).collect()
    assert json.loads(noted.files_json)["sms.csv"]["sha256"] == digest
    assert (wave / "push.csv").read_text("utf-8") == OTHERS
    assert sorted(file.name for file in wave.iterdir()) == ["manifest.json", "push.csv", "sms.csv"]


def test_what_a_killed_release_left_in_temporary_folders_goes(store: Store, tmp_path: Path) -> None:
    wave = tmp_path / "exports" / "2026-05" / "W1"
    for left in (".channel.writing/channel=sms", ".file.writing/_temporary/0"):
        (wave / left).mkdir(parents=True)
        (wave / left / "part-0.csv").write_text(SENT, "utf-8")
    assert forget(tmp_path) == 0
    assert len(list(wave.rglob("part-0.csv"))) == 2
    assert forget(tmp_path, "--apply") == 0
    assert sorted(file.name for file in wave.iterdir()) == ["manifest.json", "sms.csv"]


def send(store: Store, rows: Rows, scenario: str, *users: int, cycle: str = "2026-05") -> None:
    """Released contacts of a scenario, into the ledger."""
    named = ["region", "scenario", "cycle", "release_id", "contact_id", "user_id"]
    named += ["plan_version", "send_order", "template_version"]
    sent = [("sandbox", scenario, cycle, scenario, f"{scenario}-{user}", user, 1, user, 1) for user in users]
    part = {"cycle": cycle, "release_id": scenario}
    store.replace(derived.CONTACT_LEDGER, rows(derived.CONTACT_LEDGER, named, sent), part)


def test_of_a_shared_ledger_a_scenario_forgets_its_own_contacts_and_the_others_still_see_theirs(
    store: Store, tmp_path: Path, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = Store(store.spark, str(tmp_path / "shared"), writer="a test")
    send(shared, rows, "mobile_activity", 1, 23)
    send(shared, rows, "cards", 1, 11)
    assert forget(tmp_path, "--apply", "--set", f"paths.contact_ledger={tmp_path / 'shared'}") == 0
    left = shared.read(derived.CONTACT_LEDGER).collect()
    assert sorted((row.scenario, row.user_id) for row in left) == [("cards", 1), ("cards", 11), ("mobile_activity", 23)]
    assert "Other scenarios keep 1 contacts of the person" in capsys.readouterr().out
    assert ("forgotten", "R-7", "contact_ledger", "2026-05", 1) in ledger(store)


def test_the_request_must_not_lead_to_the_user(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forget(tmp_path, "--apply", "--request", "user-1") == 2
    assert "must not lead to the person" in capsys.readouterr().err
    assert store.read(LOGINS).count() == 4


def test_a_run_that_broke_off_notes_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    held = erasure.of_user(store, [LOGINS], 1)
    monkeypatch.setattr("reactivation.runtime.stored_table.StoredTable.remove", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        erasure.forget(store, held, user=1, request="R-7", ledger=store)
    monkeypatch.undo()
    erasure.forget(store, erasure.of_user(store, [LOGINS], 1), user=1, request="R-7", ledger=store)
    assert [row[2:] for row in ledger(store)] == [("logins", "2026-04", 1), ("logins", "2026-05", 1)]
    assert store.read(LOGINS).where("user_id = 1").isEmpty()


def test_rows_that_a_broken_run_only_marked_as_removed_are_gone_after_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, named = Path(store.place(LOGINS)), store.stored(LOGINS).in_sql
    store.spark.sql(f"alter table {named} set tblproperties ('delta.enableDeletionVectors' = 'true')")
    held = erasure.of_user(store, [LOGINS], 1)
    monkeypatch.setattr("reactivation.runtime.stored_table.StoredTable.purge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        erasure.forget(store, held, user=1, request="R-7", ledger=store)
    monkeypatch.undo()
    held = erasure.of_user(store, [LOGINS], 1)
    assert held == {LOGINS: []}  # the mark hides them
    assert 1 in set(users_in_files(place))
    erasure.forget(store, held, user=1, request="R-7", ledger=store)
    assert set(users_in_files(place)) == {23, 11}


def expire(root: Path, *more: str) -> int:
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={root}", *more]
    return cli.execute(expire_months.run, "expire_months.py", argv, arguments=expire_months.add_arguments)


def test_months_past_their_retention_go_after_a_dry_run_and_the_ledger_keeps_their_counts(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expire(tmp_path) == 0
    assert "2024-01" in capsys.readouterr().out
    assert store.read(LOGINS).count() == 4
    assert expire(tmp_path, "--apply") == 0
    assert store.rows_by(LOGINS, "arrival_cycle") == {"2026-04": 1, "2026-05": 2}
    assert ledger(store) == [("expired", None, "logins", "2024-01", 1)]
    assert store.rows_by(COUNTS, "cycle") == {"2026-05": 1}
    assert expire(tmp_path, "--apply") == 0
    assert len(ledger(store)) == 1


def test_of_a_shared_ledger_only_the_own_contacts_expire(store: Store, tmp_path: Path, rows: Rows) -> None:
    shared = Store(store.spark, str(tmp_path / "shared"), writer="a test")
    for scenario in ("mobile_activity", "cards"):  # cards keeps its contacts for longer
        send(shared, rows, scenario, 1, 23, cycle="2022-01")
    assert expire(tmp_path, "--apply", "--set", f"paths.contact_ledger={tmp_path / 'shared'}") == 0
    assert {row.scenario for row in shared.read(derived.CONTACT_LEDGER).collect()} == {"cards"}
    assert ("expired", None, "contact_ledger", "2022-01", 2) in ledger(store)


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ("{logins: 3}", "retention.months.logins"),  # training still needs them
        ("{users: 26}", "nothing of it can expire: `users`"),  # the newest row counts, however old
        ("{consents: 26}", "nothing of it can expire: `consents`"),
        ("{exclusions: 26}", "nothing of it can expire: `exclusions`"),
        ("{contacts: 26}", "nothing of it can expire: `contacts`"),  # a receipt may have opted out
        ("{quarantine: 26}", "nothing of it can expire: `quarantine`"),  # there wait refusals that could not be read
        ("{logins: 0}", "must be 1 or more"),
    ],
)
def test_what_is_still_needed_does_not_expire(
    store: Store, tmp_path: Path, months: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expire(tmp_path, "--apply", "--set", f"retention.months={months}") == 2
    assert told in capsys.readouterr().err
    assert store.read(LOGINS).count() == 4


@pytest.mark.parametrize(
    ("setting", "least"),
    [
        ("campaign.learning.frozen_after=2024-04", 33),  # 26 months and the 7 of which it learns
        ("campaign.tiers.evidence_months=30", 33),
    ],
)
def test_months_that_teach_are_counted_from_the_newest_that_may(
    store: Store, tmp_path: Path, setting: str, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expire(tmp_path, "--apply", "--set", setting) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"retention.months.logins 26 months, at least {least} are needed" in told
    assert store.read(LOGINS).count() == 4


def test_a_cycle_ahead_of_the_ingest_takes_nothing(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expire(tmp_path, "--apply", "--cycle", "2026-07") == 2
    assert "the newest ingested month is 2026-05" in capsys.readouterr().err
    assert store.read(LOGINS).count() == 4


def test_partials_of_expired_rows_stay_as_they_were_made(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expire(tmp_path, "--apply") == 0
    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", f"paths.root={tmp_path}", "--force"]
    r = cli.open_run(cli.parser("build_features", "").parse_args(argv), step=flow.FEATURES)
    sources = {"logins": r.read(LOGINS)}
    months = [Month.of(date(2024, 1, 1)), Month.of(date(2026, 4, 1))]
    assert build_features._of_rows_still_there(r, sources, months) == months[1:]
    assert "activity of 2024-01 stays as it was made" in capsys.readouterr().out

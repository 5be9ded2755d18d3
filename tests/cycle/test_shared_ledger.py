"""Two scenarios of one bank, two roots, one ledger: nobody is contacted by both as if each were alone."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cycle.conftest import PROJECT, Bank
from reactivation import cli
from reactivation.contracts import derived, flow
from reactivation.contracts.table import Table
from reactivation.pipelines import releases
from reactivation.runtime.store import Store

pytestmark = pytest.mark.cycle

CYCLE, DAY = "2026-06", "2026-06-05"
ENOUGH = ("over_contact_limit", "quiet_days")


@dataclass(frozen=True)
class Scenario:
    """One scenario of the bank with a root of its own."""

    bank: Bank
    name: str
    conf: Path
    ledger: Path

    def job(self, name: str, *more: str) -> int:
        return self.bank.job(name, CYCLE, *self.arguments, *more)

    @property
    def arguments(self) -> tuple[str, ...]:
        shared = f"paths.contact_ledger={self.ledger}"
        return ("--scenario", self.name, "--conf-dir", str(self.conf), "--set", shared)

    def receipts(self, *, are_others: bool) -> set[str]:
        """Which contacts of the shared ledger, of which each has a receipt, are others' to this scenario's read-out."""
        argv = [*self.bank.arguments(CYCLE), *self.arguments]
        run = cli.open_run(cli.parser("read_out", "").parse_args(argv), step=flow.READ_OUT)
        found = releases.receipts_of_others(run, run.read(derived.CONTACT_LEDGER), are_others=are_others)
        return {row.scenario for row in found.collect()}

    def copied(self, root: Path) -> "Scenario":
        shutil.copytree(self.bank.root, root)
        return Scenario(Bank(self.bank.spark, root), self.name, self.conf, self.ledger)

    def read(self, table: Table) -> DataFrame:
        return self.bank.read(table, CYCLE).where("wave = 'W1'")

    def planned(self) -> set[int]:
        rows = self.read(derived.WAVE_PLAN).where("contact_id is not null")
        newest = max(row.plan_version for row in rows.select("plan_version").distinct().collect())
        return {row.user_id for row in rows.where(F.col("plan_version") == newest).collect()}

    def why_not(self) -> Mapping[str, int]:
        rows = self.read(derived.WAVE_WATERFALL).collect()
        newest = max(row.plan_version for row in rows)
        return {row.reason: row.users for row in rows if row.plan_version == newest}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both scenarios keep what they have released, May's contacts among it; neither one's root."""
    return tmp_path_factory.mktemp("shared") / "ledger"


@pytest.fixture(scope="module")
def waking(bank: Bank, ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The first scenario, of which June's first wave is planned."""
    folder = tmp_path_factory.mktemp("scenarios")
    shutil.copytree(PROJECT / "conf", folder / "conf")
    scenarios = folder / "conf" / "scenarios"
    shutil.copy(scenarios / "mobile_activity.yml", scenarios / "cards.yml")
    first = Scenario(bank, "mobile_activity", folder / "conf", ledger).copied(folder / "waking")
    assert first.bank.job("simulate_bank", CYCLE, "--as-of", DAY) == 0
    assert first.job("ingest_sources", "--as-of", DAY) == 0
    assert first.job("plan_wave", "--wave", "W1") == 2  # May's contacts are not in the ledger
    old, new = (Store(bank.spark, str(root)).place(derived.CONTACT_LEDGER) for root in (bank.root, ledger))
    shutil.copytree(old, new)
    return first


@pytest.fixture(scope="module")
def cards(waking: Scenario) -> Scenario:
    """The second one, with draws of its own, planned for the same day before the first released anything."""
    second = Scenario(waking.bank, "cards", waking.conf, waking.ledger).copied(waking.bank.root.parent / "cards")
    assert second.job("assign_tiers", "--force") == 0
    assert second.job("plan_wave", "--wave", "W1") == 0
    return second


def test_each_scenario_draws_and_plans_for_itself(waking: Scenario, cards: Scenario) -> None:
    assert waking.job("plan_wave", "--wave", "W1") == 0
    arms = [scenario.bank.fingerprint(derived.ARMS, CYCLE) for scenario in (waking, cards)]
    assert arms[0] != arms[1]
    assert len(waking.planned() & cards.planned()) > 20


def test_the_second_scenarios_plan_sees_the_contacts_of_the_first(waking: Scenario, cards: Scenario) -> None:
    before = cards.planned()
    assert waking.job("release_wave", "--wave", "W1") == 0
    again = cards.copied(cards.bank.root.parent / "again")
    assert again.job("plan_wave", "--wave", "W1") == 0
    had_enough = [sum(found.get(reason, 0) for reason in ENOUGH) for found in (cards.why_not(), again.why_not())]
    assert had_enough[1] - had_enough[0] >= len(waking.planned() & before)
    assert not again.planned() & waking.planned()


def test_a_release_reserves_for_the_whole_bank(waking: Scenario, cards: Scenario) -> None:
    taken = waking.planned() & cards.planned()
    assert cards.job("release_wave", "--wave", "W1") == 0
    released = cards.read(derived.WAVE_RELEASES).where("status = 'released'").collect()[0]
    left_out = json.loads(released.left_out_json)
    assert set(left_out) <= set(ENOUGH)
    assert sum(left_out.values()) == len(taken)
    contacts = Bank(cards.bank.spark, cards.ledger).read(derived.CONTACT_LEDGER, CYCLE).collect()
    users = {name: {row.user_id for row in contacts if row.scenario == name} for name in ("mobile_activity", "cards")}
    assert users == {"mobile_activity": waking.planned(), "cards": cards.planned() - taken}
    assert len({row.contact_id for row in contacts}) == len(contacts)
    folders = [scenario.bank.root / "exports" / CYCLE / "W1" for scenario in (waking, cards)]
    listed = [
        line.split(",")[1]
        for folder in folders
        for file in ("sms.csv", "push.csv", "call.csv")
        if (folder / file).exists()
        for line in (folder / file).read_text(encoding="utf-8").splitlines()[1:]
    ]
    assert len(listed) == len(set(listed)) == len(contacts)


def test_to_a_read_out_the_other_scenarios_contacts_are_those_of_another_sender(
    waking: Scenario, cards: Scenario
) -> None:
    for own, other in ((waking, cards), (cards, waking)):
        assert own.receipts(are_others=False) == {own.name}
        assert own.receipts(are_others=True) == {other.name}

"""Random worlds of consents, receipts, exclusions and days against an oracle in plain Python: nobody barred passes."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from conftest import Rows
from population.conftest import BASIS, World, settings
from reactivation import population
from reactivation.contracts import canonical
from reactivation.periods import Calendar

pytestmark = pytest.mark.rules

CONFS, WORLDS = 5, 200
FIRST, DAYS = date(2026, 1, 1), 12
KINDS = ("sms", "push", "call", "profiling")
WORDS = {"anruf": "call"}
Row = dict[str, Any]


def _moment(chance: random.Random) -> str:
    day = FIRST + timedelta(days=chance.randrange(DAYS))
    return f"{day} {chance.choice(('00:00', '10:00', '23:59'))}"


def _times(chance: random.Random) -> tuple[str, str]:
    """When it happened, and when it arrived: often later, so that rows are read out of order."""
    first, second = sorted((_moment(chance), _moment(chance)))
    return (first, second) if chance.random() < 0.5 else (first, first)


def _consent(chance: random.Random, user: int) -> Row:
    at, came = _times(chance)
    end = FIRST + timedelta(days=chance.randrange(DAYS))
    return {
        "user_id": user,
        "channel": chance.choice(KINDS),
        "is_allowed": chance.random() < 0.6,
        "event_at": at,
        "arrived_at": came,
        "purpose": chance.choice((None, None, "marketing", "MARKETING ", "statements")),
        "valid_until": chance.choice((None, None, None, str(end))),
    }


def _receipt(chance: random.Random, user: int) -> Row:
    at, came = _times(chance)
    return {
        "user_id": user,
        "channel": chance.choice(KINDS[:3]),
        "status": chance.choice(("delivered", "clicked", "opted_out", "complained")),
        "sent_at": at,
        "arrived_at": came,
    }


def _exclusion(chance: random.Random, user: int) -> Row:
    first = FIRST + timedelta(days=chance.randrange(DAYS))
    last = first + timedelta(days=chance.randrange(4))
    return {
        "user_id": user,
        "reason": chance.choice(("minor", "dispute")),
        "channel": chance.choice((*KINDS[:3], "all")),
        "from_on": str(first),
        "until_on": chance.choice((None, str(last))),
        "arrived_at": _moment(chance),
    }


def _unread(chance: random.Random, user: int) -> tuple[Any, ...]:
    source = chance.choice(("consents", "contacts", "exclusions"))
    at, came = _times(chance)
    said = {
        "channel": chance.choice(("sms", " Push", "ANRUF", "all", "fax", "profiling", None)),
        "event_at": chance.choice((f"{at}:00Z", "1970-01-01 00:00:00Z", "2099-01-01 00:00:00Z", "some day", None)),
        "status": chance.choice(("Opted_Out", "complained", "delivered", "gone", None)),
    }
    reason = chance.choice(("bad_type", "missing_is_allowed", "unknown_user"))
    row = {name: text for name, text in said.items() if text is not None}
    return source, reason, user, chance.choice((came, came, None)), row


class Oracle:
    """One user's facts, and what may be done on a day by the sentences of the documentation, one after the other."""

    def __init__(self, facts: dict[str, list[Any]], conf: population.PopulationSettings, day: date) -> None:
        self.facts, self.conf, self.day = facts, conf, day
        self.now = datetime.fromisoformat(str(day))

    def _is_known(self, *texts: str | None) -> bool:
        return all(text is None or datetime.fromisoformat(text) < self.now for text in texts)

    def unread(self, source: str, kind: str) -> list[tuple[datetime, datetime]]:
        """When unreadable rows that may concern a kind count from, and when they arrived."""
        found = []
        for where, reason, _, came, row in self.facts["unread"]:
            said = str(row.get("channel", "")).strip().lower()
            named = WORDS.get(said, said)
            kinds = KINDS if source == "consents" else KINDS[:3]
            if where != source or reason == "unknown_user" or kind not in ((named,) if named in kinds else kinds):
                continue
            status = str(row.get("status", "")).lower()
            if source == "contacts" and status in ("delivered",):
                continue
            at = str(row.get("event_at", ""))
            is_time = at.startswith("2026") and (came is None or at[:16] <= came)
            happened = at[:16] if is_time else came
            if not self._is_known(came or happened):
                continue
            found.append(
                (
                    datetime.fromisoformat(happened) if happened else self.now,
                    datetime.fromisoformat(came) if came else self.now,
                )
            )
        return found

    def decided(self, kind: str) -> bool:
        """Whether the user's decisions allow a kind."""
        rows: list[tuple[datetime, datetime, bool, bool]] = []
        for row in self.facts["consents"]:
            if row["channel"] != kind or not self._is_known(row["event_at"], row["arrived_at"]):
                continue
            purpose = (row["purpose"] or "marketing").strip().lower()
            if row["is_allowed"] and purpose != "marketing":
                continue
            at, came = (datetime.fromisoformat(row[name]) for name in ("event_at", "arrived_at"))
            oldest = self.conf.consent.oldest_consent.oldest(self.day)
            is_live = oldest is None or at.date() >= oldest
            if row["valid_until"] is not None and date.fromisoformat(row["valid_until"]) < self.day:
                is_live = False
            rows.append((at, came, not row["is_allowed"], row["is_allowed"] and not is_live))
        for row in self.facts["contacts"]:
            is_refusal = row["status"] in ("opted_out", "complained") and row["channel"] == kind
            if is_refusal and self._is_known(row["sent_at"], row["arrived_at"]):
                came = datetime.fromisoformat(row["arrived_at"])
                rows.append((came, came, True, False))
        for source in ("consents", "contacts"):
            rows += [(at, came, True, False) for at, came in self.unread(source, kind)]
        if rows:
            _, _, is_refusal, is_none = max(rows)
            if not is_refusal and not is_none:
                return True
            if any(row[2] for row in rows):
                return False
        basis = self.conf.undecided.get(kind)  # type: ignore[call-overload]
        return isinstance(basis, population.Basis) and self.day <= basis.valid_until

    def excluded(self, kind: str) -> bool:
        """Whether a list of the bank bars a channel."""
        known = [row for row in self.facts["exclusions"] if self._is_known(row["arrived_at"])]
        newest: dict[tuple[str, str, str], Row] = {}
        for row in sorted(known, key=lambda row: row["arrived_at"]):
            newest[row["reason"], row["channel"], row["from_on"]] = row
        for row in newest.values():
            last = date.fromisoformat(row["until_on"]) if row["until_on"] else date.max
            if row["channel"] in (kind, "all") and date.fromisoformat(row["from_on"]) <= self.day <= last:
                return True
        read = [datetime.fromisoformat(row["arrived_at"]) for row in known if row["channel"] in (kind, "all")]
        unread = [came for _, came in self.unread("exclusions", kind)]
        return bool(unread) and (not read or max(unread) >= max(read))

    def marks(self) -> tuple[bool, ...]:
        """can_sms, can_push, can_call, is_profiling_allowed, is_contactable."""
        can = [self.decided(kind) and not self.excluded(kind) for kind in KINDS[:3]]
        profiling = self.decided("profiling")
        return (*can, profiling, any(can) and profiling)


def _facts(chance: random.Random, user: int) -> dict[str, list[Any]]:
    facts: dict[str, list[Any]] = {
        "consents": [_consent(chance, user) for _ in range(chance.randrange(7))],
        "contacts": [_receipt(chance, user) for _ in range(chance.randrange(3))],
        "exclusions": [_exclusion(chance, user) for _ in range(chance.choice((0, 0, 1, 2)))],
        "unread": [_unread(chance, user) for _ in range(chance.choice((0, 0, 1, 2)))],
    }
    once = {tuple(row[n] for n in ("reason", "channel", "from_on", "arrived_at")): row for row in facts["exclusions"]}
    return {**facts, "exclusions": list(once.values())}


def _conf(chance: random.Random) -> population.PopulationSettings:
    basis = {**BASIS, "valid_until": str(FIRST + timedelta(days=chance.randrange(DAYS)))}
    undecided = {kind: chance.choice(("not_allowed", basis, BASIS)) for kind in KINDS if chance.random() < 0.8}
    oldest = {"days": chance.choice((2, 5, 400))}
    return settings(undecided=undecided, consent={"oldest_consent": oldest})


@given(seed=st.integers(0, 2**32))
@examples(
    max_examples=CONFS,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it makes frames and keeps nothing
)
def test_what_may_be_done_is_what_the_sentences_say_for_every_user_of_random_worlds(
    spark: SparkSession, rows: Rows, seed: int
) -> None:
    chance, world, utc = random.Random(seed), World(spark, rows), Calendar(zone="UTC", settle_days=5)
    conf, day = _conf(chance), FIRST + timedelta(days=chance.randrange(1, DAYS + 2))
    users = {user: _facts(chance, user) for user in range(1, WORLDS + 1)}
    tables = {name: [row for facts in users.values() for row in facts[name]] for name in users[1]}
    permissions = world(**tables, words=WORDS)
    people = [(user, "2020-01-01", True, True) for user in users]
    spine = rows(canonical.USERS, ["user_id", "signed_up_on", "has_phone", "has_push"], people)
    reach = population.contactable(spine, permissions, day=day, calendar=utc, settings=conf).collect()
    names = ("can_sms", "can_push", "can_call", "is_profiling_allowed", "is_contactable")
    found = {row.user_id: tuple(row[name] for name in names) for row in reach}
    expected = {user: Oracle(facts, conf, day).marks() for user, facts in users.items()}
    differ = {user: (users[user], found[user], expected[user]) for user in users if found[user] != expected[user]}
    assert not differ, f"day {day}, {conf}: {next(iter(differ.items()))}"
    assert len(set(expected.values())) > 2

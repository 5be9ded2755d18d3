"""Random worlds for the release, and who may be released in them by the sentences of issue and documentation.

Plain Python, written from what is promised and not from the code: a user's facts, a day, and what may be done.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from population.conftest import BASIS

WORLDS, USERS = 50, 8
CYCLE, FIRST, DAYS = "2026-06", date(2026, 6, 1), 16
CHANNELS = ("sms", "push", "call")
KINDS = (*CHANNELS, "profiling")
CELLS = ("model", "rule", "random")
STATUSES = {
    "reached": ("delivered", "answered", "clicked", "responded", "opted_out", "complained"),
    "reaction": ("answered", "clicked", "responded"),
    "refusal": ("opted_out", "complained"),
    "not_tried": ("stopped", "withdrawn", "rejected", "not_attempted"),
    "tried": ("failed", "not_reached"),
}
ALL_STATUSES = (*STATUSES["reached"], *STATUSES["tried"], *STATUSES["not_tried"])
WORDS = {"anruf": "call"}
SOURCES = {  # of a contact in the ledger: scenario, cycle, wave, version
    "own wave before": ("cards", CYCLE, "W1", 1),
    "own earlier wave": ("cards", CYCLE, "W0", 1),
    "own later wave": ("cards", CYCLE, "W2", 1),
    "own last cycle": ("cards", "2026-05", "W4", 2),
    "other scenario": ("loans", CYCLE, "W1", 1),
}
RELEASE = f"north-cards-{CYCLE}-W1-v2"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Row = dict[str, Any]
Limits = dict[str, Any]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Contact(NamedTuple):
    """One earlier contact. source: of `SOURCES`, or None: known by its receipts alone. receipts: status and arrival.

    sent_on: the day by its receipts, and the first on which it might go out. last_on: the last.
    """

    contact_id: str
    channel: str
    sent_on: date
    last_on: date
    source: str | None
    is_stopped: bool
    receipts: tuple[tuple[str, str], ...]


@dataclass
class User:
    """What the bank knows of one user, and what was drawn for the month."""

    number: int
    rank: int
    policy: str
    touch: str | None
    is_selected: bool
    tier: str | None
    has_phone: bool
    has_push: bool
    left: tuple[date, str] | None  # day of closing, and when that arrived
    consents: list[Row] = field(default_factory=list)
    exclusions: list[Row] = field(default_factory=list)
    unread: list[tuple[Any, ...]] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    outside: list[tuple[str, str, str]] = field(default_factory=list)  # channel, sent, arrived
    own_receipts: list[tuple[str, str, str]] = field(default_factory=list)  # of this release: channel, status, arrived


class Conf(NamedTuple):
    """What conf says, in plain values, and the days of this wave.

    registered_on: the day that the calendar gives the wave. as_of: of its plan; late where the wave was missed.
    late_on: the day that a late plan would be sent on, which may be closed.
    """

    undecided: dict[str, Any]
    oldest_consent_days: int
    policy: Limits
    options: tuple[str, ...]
    has_guidance: bool
    wave_day: int
    lead_days: int
    closed_weekdays: tuple[str, ...]
    holidays: tuple[tuple[date, date], ...]
    workdays: tuple[date, ...]
    send_days: dict[str, int]
    registered_on: date
    late_on: date | None
    as_of: date
    release_on: date
    check_on: date

    @property
    def send_on(self) -> date:
        return self.as_of + timedelta(days=self.lead_days)

    def is_closed(self, day: date) -> bool:
        return day not in self.workdays and (
            any(first <= day <= last for first, last in self.holidays)
            or WEEKDAYS[day.weekday()] in self.closed_weekdays
        )

    def last_day(self, channel: str) -> date:
        """The last of the open days on which a channel sends."""
        day = self.send_on
        for _ in range(self.send_days[channel] - 1):
            day = self.next_open(day + timedelta(days=1))
        return day

    def next_open(self, day: date) -> date:
        while self.is_closed(day):
            day += timedelta(days=1)
        return day


def conf_of(chance: random.Random) -> Conf:
    def limits() -> Limits:
        return {
            "window_days": chance.randint(1, 9),
            "max_contacts": chance.randint(1, 3),
            "min_days_between": chance.randint(0, 3),
            "cool_off_days": chance.choice((0, 0, 2, 6)),
        }

    ends = {**BASIS, "valid_until": str(FIRST + timedelta(days=chance.randrange(DAYS)))}
    undecided = {kind: chance.choice((BASIS, BASIS, BASIS, ends, "not_allowed")) for kind in KINDS}
    undecided["profiling"] = chance.choice((BASIS,) * 6 + (ends, "not_allowed"))  # else nobody is left
    channels = {name: limits() for name in CHANNELS if chance.random() < 0.5}
    holiday = FIRST + timedelta(days=chance.randint(6, 11))
    conf = Conf(
        undecided={kind: basis for kind, basis in undecided.items() if chance.random() < 0.95},
        oldest_consent_days=chance.choice((3, 7, 400)),
        policy={**limits(), "counts_outside_contacts": chance.random() < 0.7, "channels": channels},
        options=tuple(chance.sample(CHANNELS, 3)),
        has_guidance=chance.random() < 0.5,
        wave_day=chance.randint(8, 11),
        lead_days=chance.randint(0, 2),
        closed_weekdays=chance.choice(((), ("sunday",), ("saturday", "sunday"), ("monday", "wednesday"))),
        holidays=((holiday, holiday + timedelta(days=chance.randint(0, 1))),) if chance.random() < 0.5 else (),
        workdays=(FIRST + timedelta(days=chance.randint(6, 11)),) if chance.random() < 0.5 else (),
        send_days={"sms": chance.randint(1, 2), "push": 1, "call": chance.randint(1, 3)},
        **dict.fromkeys(("registered_on", "late_on", "as_of", "release_on", "check_on"), FIRST),
    )
    registered_on = conf.next_open(date(2026, 6, conf.wave_day))
    planned_on, late = registered_on - timedelta(days=conf.lead_days), timedelta(days=chance.choice((0, 0, 1, 2)))
    late_on = registered_on + late if late else None
    as_of = planned_on if late_on and conf.is_closed(late_on) else planned_on + late
    release_on = as_of + timedelta(days=chance.randint(0, conf.lead_days))
    check_on = as_of + timedelta(days=conf.lead_days + chance.randint(0, 2))
    return conf._replace(
        registered_on=registered_on, late_on=late_on, as_of=as_of, release_on=release_on, check_on=check_on
    )


def users_of(chance: random.Random, conf: Conf) -> list[User]:
    """The users of all worlds; the world is the number's hundreds."""
    numbers = [world * 100 + n for world in range(1, WORLDS + 1) for n in range(1, USERS + 1)]
    return [_user(chance, number, rank, conf) for rank, number in enumerate(numbers, start=1)]


def _user(chance: random.Random, number: int, rank: int, conf: Conf) -> User:
    policy = chance.choice((*CELLS, *CELLS, *CELLS, "none"))
    touch = chance.choice(("touched", "touched", "touched", "touched", "holdout", "long_holdout"))
    left = FIRST + timedelta(days=chance.randrange(DAYS))
    user = User(
        number=number,
        rank=rank,
        policy=policy,
        touch=None if policy == "none" else touch,
        is_selected=policy != "none" and chance.random() < 0.8,
        tier=None
        if chance.random() < 0.05
        else chance.choice(("high_potential", "low_potential", "natural_converter")),
        has_phone=chance.random() < 0.9,
        has_push=chance.random() < 0.9,
        left=(left, _moment(chance)) if chance.random() < 0.08 else None,
        consents=[_consent(chance, number) for _ in range(chance.choice((0, 0, 1, 2, 4)))],
        exclusions=[_exclusion(chance, number) for _ in range(chance.choice((0,) * 7 + (1, 2)))],
        unread=[_unread(chance, number) for _ in range(chance.choice((0,) * 7 + (1, 2)))],
        contacts=[_contact(chance, f"{number}.{n}", conf) for n in range(chance.choice((0, 0, 0, 1, 1, 2)))],
        outside=[_outside(chance, conf) for _ in range(chance.choice((0, 0, 0, 1)))],
    )
    once = {tuple(row[name] for name in ("reason", "channel", "from_on", "arrived_at")): row for row in user.exclusions}
    user.exclusions = list(once.values())
    if chance.random() < 0.4:
        channel, came = chance.choice(CHANNELS), conf.send_on + timedelta(days=chance.randint(0, 1))
        statuses = chance.sample(ALL_STATUSES, chance.randint(1, 2))
        user.own_receipts = [(channel, status, f"{came} 13:00") for status in statuses]
    return user


def _moment(chance: random.Random) -> str:
    return f"{FIRST + timedelta(days=chance.randrange(DAYS))} {chance.choice(('00:00', '10:00', '23:59'))}"


def _times(chance: random.Random) -> tuple[str, str]:
    """When it happened, and when it arrived: often later, so that rows are read out of order."""
    first, second = sorted((_moment(chance), _moment(chance)))
    return (first, second) if chance.random() < 0.5 else (first, first)


def _consent(chance: random.Random, user: int) -> Row:
    at, came = _times(chance)
    end = FIRST + timedelta(days=chance.randrange(DAYS))
    return {
        "user_id": user,
        "channel": chance.choice((*CHANNELS, *KINDS)),
        "is_allowed": chance.random() < 0.7,
        "event_at": at,
        "arrived_at": came,
        "purpose": chance.choice((None, None, None, "marketing", "MARKETING ", "statements")),
        "valid_until": chance.choice((None, None, None, str(end))),
    }


def _exclusion(chance: random.Random, user: int) -> Row:
    first = FIRST + timedelta(days=chance.randrange(DAYS))
    last = first + timedelta(days=chance.randrange(6))
    return {
        "user_id": user,
        "reason": chance.choice(("minor", "dispute")),
        "channel": chance.choice((*CHANNELS, "all")),
        "from_on": str(first),
        "until_on": chance.choice((None, str(last))),
        "arrived_at": _moment(chance),
    }


def _unread(chance: random.Random, user: int) -> tuple[Any, ...]:
    """A row in quarantine: source, reason, user, arrival, and the row as texts."""
    source = chance.choice(("consents", "contacts", "exclusions", "users"))
    at, came = _times(chance)
    said = {
        "channel": chance.choice(("sms", " Push", "ANRUF", "all", "fax", "profiling", None)),
        "event_at": chance.choice((f"{at}:00Z", "1970-01-01 00:00:00Z", "2099-01-01 00:00:00Z", "some day", None)),
        "status": chance.choice(("Opted_Out", "complained", "delivered", "gone", None)),
        "reason": chance.choice(("minor", "dispute", "deceased", None)),
    }
    reason = chance.choice(("bad_type", "missing_is_allowed", "unknown_user"))
    row = {name: text for name, text in said.items() if text is not None}
    return source, reason, user, chance.choice((came, came, None)), row


def _contact(chance: random.Random, contact_id: str, conf: Conf) -> Contact:
    source = chance.choice((*SOURCES, None))
    away = {"own wave before": (-2, 0), "own later wave": (1, 3)}.get(source or "", (-11, 2))
    sent_on = conf.send_on + timedelta(days=chance.randint(*away))
    receipts = chance.sample(ALL_STATUSES, chance.choice((0, 0, 1, 1, 2) if source else (1, 2)))
    came = [
        f"{sent_on + timedelta(days=chance.choice((0, 0, 1, 3, 8)))} {chance.choice(('12:30', '23:59'))}"
        for _ in receipts
    ]
    channel = chance.choice(CHANNELS)
    return Contact(
        contact_id,
        channel,
        sent_on,
        sent_on + timedelta(days=chance.randint(0, 3) if channel == "call" else 0),
        source,
        is_stopped=chance.random() < 0.25,
        receipts=tuple(zip(receipts, came, strict=True)),
    )


def _outside(chance: random.Random, conf: Conf) -> tuple[str, str, str]:
    sent = conf.send_on + timedelta(days=chance.randint(-9, 1))
    came = sent + timedelta(days=chance.choice((0, 0, 1, 3)))
    return chance.choice((*CHANNELS, "letter")), f"{sent} 12:00", f"{came} 12:30"


@dataclass(frozen=True)
class Oracle:
    """One user on one day, by the sentences of the documentation, one after the other."""

    user: User
    conf: Conf
    day: date

    def _last(self, kind: str) -> date:
        """The last day on which a contact of a kind goes out, on which it must be allowed as well."""
        return max(self.day, self.conf.last_day(kind)) if kind in CHANNELS else self.day

    def _is_known(self, *texts: str | None) -> bool:
        return all(text is None or instant(text) < midnight(self.day) for text in texts)

    @property
    def is_signed_up(self) -> bool:
        """Closed accounts are gone from their day on, once that is known."""
        left = self.user.left
        return left is None or not self._is_known(left[1]) or left[0] >= self.day

    def _receipts(self) -> Iterator[tuple[str, str, str, str]]:
        """Channel, status, sent, arrived, of all contacts of ours."""
        for contact in self.user.contacts:
            for status, came in contact.receipts:
                yield contact.channel, status, f"{contact.sent_on} 12:00", came
        for channel, status, came in self.user.own_receipts:
            yield channel, status, f"{self.conf.send_on} 12:00", came

    def _unread(self, source: str, kind: str | None = None) -> Iterator[tuple[datetime, datetime, str | None]]:
        """When unreadable rows that may concern a kind count from, when they arrived, and an exclusion's reason."""
        for where, reason, _, came, row in self.user.unread:
            said = str(row.get("channel", "")).strip().lower()
            named = WORDS.get(said, said)
            kinds = KINDS if source == "consents" else CHANNELS
            if where != source or reason == "unknown_user":
                continue
            if kind is not None and kind not in ((named,) if named in kinds else kinds):
                continue
            if source == "contacts" and str(row.get("status", "")).lower() == "delivered":
                continue
            at = str(row.get("event_at", ""))
            is_time = at.startswith("2026") and (came is None or at[:16] <= came)
            happened = at[:16] if is_time else came
            if self._is_known(came or happened):
                now = midnight(self.day)
                yield instant(happened) if happened else now, instant(came) if came else now, row.get("reason")

    @property
    def may_have_left(self) -> bool:
        """Whether a row of master data that nobody could read came with the newest that somebody could, or later."""
        left = self.user.left
        since = left[1] if left and self._is_known(left[1]) else "2020-01-01"
        return any(came >= instant(since) for _, came, _ in self._unread("users"))

    def decided(self, kind: str) -> bool:
        """Whether the user's decisions, or without any a basis of conf, allow a kind."""
        rows: list[tuple[datetime, bool, datetime, bool]] = []  # decided, is a refusal, arrived, is none
        for row in self.user.consents:
            if row["channel"] != kind or not self._is_known(row["event_at"], row["arrived_at"]):
                continue
            if row["is_allowed"] and (row["purpose"] or "marketing").strip().lower() != "marketing":
                continue
            at, oldest = instant(row["event_at"]), self._last(kind) - timedelta(days=self.conf.oldest_consent_days)
            has_ended = row["valid_until"] is not None and date.fromisoformat(row["valid_until"]) < self._last(kind)
            is_none = row["is_allowed"] and (at.date() < oldest or has_ended)
            rows.append((at, not row["is_allowed"], instant(row["arrived_at"]), is_none))
        for channel, status, sent, came in self._receipts():
            if channel == kind and status in STATUSES["refusal"] and self._is_known(sent, came):
                rows.append((instant(came), True, instant(came), False))
        for source in ("consents", "contacts"):
            rows += [(at, True, came, False) for at, came, _ in self._unread(source, kind)]
        if rows and not (max(rows)[1] or max(rows)[3]):
            return True
        if any(is_refusal for _, is_refusal, *_ in rows):
            return False
        basis = self.conf.undecided.get(kind, "not_allowed")
        return isinstance(basis, dict) and self._last(kind) <= date.fromisoformat(basis["valid_until"])

    def excluded(self, channel: str) -> bool:
        """Whether the bank lets nobody contact the user by a channel."""
        known = [row for row in self.user.exclusions if self._is_known(row["arrived_at"])]
        newest: dict[tuple[str, ...], Row] = {}
        for row in sorted(known, key=lambda row: row["arrived_at"]):
            newest[row["reason"], row["channel"], row["from_on"]] = row
        for row in newest.values():
            ends = date.fromisoformat(row["until_on"]) if row["until_on"] else date.max
            begins = date.fromisoformat(row["from_on"])
            if row["channel"] in (channel, "all") and begins <= self._last(channel) and self.day <= ends:
                return True
        for _, came, reason in self._unread("exclusions", channel):
            of_it = [row for row in known if row["channel"] in (channel, "all") and reason in (None, row["reason"])]
            if all(came >= instant(row["arrived_at"]) for row in of_it):
                return True
        return False

    @property
    def may_be_profiled(self) -> bool:
        return self.decided("profiling")

    def may(self, channel: str) -> bool:
        """Whether consent, exclusions and the phone or the app let the bank use a channel."""
        reaches = self.user.has_push if channel == "push" else self.user.has_phone
        is_open = self.is_signed_up and not self.may_have_left and self.may_be_profiled
        return is_open and reaches and self.decided(channel) and not self.excluded(channel)

    def counted(self, *, is_final: bool) -> list[tuple[str, date]]:
        """Contacts that count for caps: channel and day. The plan does not count the own scenario's later waves."""
        found = []
        for contact in self.user.contacts:
            known = [status for status, came in contact.receipts if self._is_known(came)]
            scenario, _, wave, _ = SOURCES.get(contact.source or "", ("", "", "", 0))
            is_own_wave = (scenario, wave) == ("cards", "W1")
            is_later = scenario == "cards" and contact.sent_on > self.conf.send_on and not is_final
            stands = contact.source is not None and not (contact.is_stopped or is_own_wave or is_later)
            if any(status in STATUSES["reached"] for status in known):
                found.append((contact.channel, contact.sent_on))
            elif stands and not known:
                found.append((contact.channel, max(contact.sent_on, min(contact.last_on, self.conf.send_on))))
        if self.conf.policy["counts_outside_contacts"]:
            known_outside = [(c, sent[:10]) for c, sent, came in self.user.outside if self._is_known(came)]
            found += [(channel, date.fromisoformat(sent)) for channel, sent in known_outside]
        return found

    def reactions(self) -> list[tuple[str, date]]:
        """Channel and day of what the user reacted to, another release's contacts."""
        return [
            (contact.channel, instant(came).date())
            for contact in self.user.contacts
            for status, came in contact.receipts
            if status in STATUSES["reaction"] and self._is_known(came)
        ]

    def _away(self, day: date, by: str | None) -> int:
        """Days between a contact and the nearest day on which one would go out by a channel; None: on the first."""
        last = self.conf.send_on if by is None else self.conf.last_day(by)
        return max(0, (self.conf.send_on - day).days, (day - last).days)

    def is_full(self, channel: str | None, *, is_final: bool, by: str | None = None) -> bool:
        """Whether a cap is reached: of one channel, or over all."""
        limits = self._limits(channel)
        days = [day for name, day in self.counted(is_final=is_final) if channel in (None, name)]
        near = [day for day in days if limits and self._away(day, by) <= limits["window_days"]]
        return bool(limits) and len(near) >= limits["max_contacts"]

    def is_quiet(self, channel: str | None, *, is_final: bool, by: str | None = None) -> bool:
        """Whether a contact lies too near, or a reaction: of one channel, or over all."""
        limits, send_on = self._limits(channel), self.conf.send_on
        contacts = [day for name, day in self.counted(is_final=is_final) if channel in (None, name)]
        reactions = [day for name, day in self.reactions() if channel in (None, name)]
        return bool(limits) and (
            any(self._away(day, by) < limits["min_days_between"] for day in contacts)
            or (limits["cool_off_days"] > 0 and any((send_on - d).days < limits["cool_off_days"] for d in reactions))
        )

    def _limits(self, channel: str | None) -> Limits:
        return self.conf.policy if channel is None else self.conf.policy["channels"].get(channel, {})

    def can_get(self, channel: str, *, is_final: bool) -> bool:
        """Limits over all that hold on the first day already bar the user as such."""

        def is_over(of: str | None, by: str | None) -> bool:
            return self.is_full(of, is_final=is_final, by=by) or self.is_quiet(of, is_final=is_final, by=by)

        is_over_later = is_over(None, channel) and not is_over(None, None)
        return self.may(channel) and not is_over(channel, channel) and not is_over_later

    @property
    def is_guided(self) -> bool:
        user = self.user
        is_for_guidance = user.policy == "model" and user.tier in ("high_potential", "low_potential")
        return self.conf.has_guidance and is_for_guidance and not user.is_selected

    @property
    def channels(self) -> set[str]:
        """What the plan may send by: all channels to the picked, a push to the guided.

        Every option of the wave has a gift: in the model's cell only users of high potential may get what costs.
        """
        user = self.user
        if not (user.is_selected or self.is_guided):
            return set()
        may_cost = user.policy != "model" or user.tier == "high_potential"
        asked = ("push",) if self.is_guided else CHANNELS if may_cost else ()
        return {channel for channel in asked if self.can_get(channel, is_final=False)}

    @property
    def reason(self) -> str | None:
        """Why the user is not planned for at all; None where the user may be."""
        user = self.user
        holds = {
            "profiling_refused": user.tier is None or (self.is_signed_up and not self.may_be_profiled),
            "not_contactable": user.policy == "none",
            str(user.touch): user.touch != "touched",
            "not_selected": not user.is_selected and not self.is_guided,
            "no_channel": not self.channels,
            "over_contact_limit": self.is_full(None, is_final=False),
            "quiet_days": self.is_quiet(None, is_final=False),
        }
        return next((reason for reason, is_so in holds.items() if is_so), None)

    def left_out(self, channel: str, *, is_checked: bool = False) -> str | None:
        """Why a planned contact is not released on the day, or where it is checked later, withdrawn."""
        for contact in self.user.contacts:
            if contact.source == "own wave before" and not contact.is_stopped and not is_checked:
                return "released_before"
        if not self.is_signed_up:
            return "not_signed_up"
        if not self.may(channel):
            return "refused"
        if self.is_full(None, is_final=True) or not self.can_get(channel, is_final=True):
            return "over_contact_limit"
        return "quiet_days" if self.is_quiet(None, is_final=True) else None

    def may_still_be_sent(self, channel: str) -> bool:
        """Whether a released contact may still go out: its days are not over, and no receipt says it was tried."""
        known = [status for _, status, came in self.user.own_receipts if self._is_known(came)]
        return self.day <= self.conf.last_day(channel) and all(status in STATUSES["not_tried"] for status in known)

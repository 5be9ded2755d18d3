"""The errors with which the system stops: one class per cause, one base class.

An error is a headline (what, where) and findings (what was wrong, what was found, what to do), all of them at once:

    ContractError: `logins` (region north, cycle 2024-06) breaks its contract in 2 places
      missing   event_at: timestamp     found: login_time: string. Map it in conf: sources.logins.columns
      not null  user_id                 1 204 of 8 113 902 rows are null
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple


class Finding(NamedTuple):
    """One line under an error's headline.

    kind: the rule that was broken, in two or three words (`missing`, `not null`, `unknown key`).
    what: the thing that breaks it (a column, a key, a path).
    advice: what was found there, and what to do about it.
    """

    kind: str
    what: str
    advice: str = ""


class ReactivationError(Exception):
    """Base of all errors that a user can mend; jobs print it without a stack trace and exit with 2."""

    exit_code = 2

    def __init__(self, headline: str, findings: Iterable[Finding] = ()) -> None:
        self.headline = headline
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join([headline, *_lines(self.findings)]))


class SettingsError(ReactivationError):
    """Conf holds a key nobody knows, a value that cannot be, or an expression that does not resolve."""


class ContractError(ReactivationError):
    """A table does not have the columns, types, keys or values its contract states."""


class SourceError(ReactivationError):
    """A region's raw table is missing, empty, unreadable or lacks what the contract needs."""


class TooManyBadRows(ReactivationError):
    """The share of rows that break the contract, or of events that are equal, is above the share stated in conf."""


class NotReady(ReactivationError):
    """What a step needs has not been written yet; the message names the job that writes it."""


class ModelError(ReactivationError):
    """A model version is missing, not fit to serve, or not reviewed."""


class PlanError(ReactivationError):
    """A campaign or an experiment plan contradicts itself or the rules that guard it."""


class Busy(ReactivationError):
    """Another job is writing the same part of the same table."""


class RowsLost(ReactivationError):
    """Executors were lost together with rows that only they kept; a job that runs again makes them again."""


class FlowError(Exception):
    """A job reads or writes a table that `flow` does not list for it: a mistake in the program, not of the user."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean …?` with the nearest known name, or the known names, or nothing at all.

    >>> nearest("sede", ["seed", "users"])
    'did you mean `seed`?'
    >>> nearest("zzz", ["seed", "users"])
    'known here: seed, users'
    """
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(sorted(names))}" if names else ""


def _lines(findings: Sequence[Finding]) -> list[str]:
    kind_width = max((len(f.kind) for f in findings), default=0)
    what_width = min(max((len(f.what) for f in findings), default=0), 48)
    return [f"  {f.kind:<{kind_width}}  {f.what:<{what_width}}  {f.advice}".rstrip() for f in findings]

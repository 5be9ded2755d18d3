"""Readers of the command line's arguments: each takes a text, and tells what cannot be."""

import re
from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation

from reactivation.errors import Finding, SettingsError
from reactivation.periods import Month


def day(text: str) -> date:
    """Read `YYYY-MM-DD`; anything else raises SettingsError."""
    with suppress(ValueError):
        if str(found := date.fromisoformat(text)) == text:
            return found
    advice = "write a day as YYYY-MM-DD, for example 2026-06-12"
    raise SettingsError(f"`{text}` is not a day", [Finding("as-of", text, advice)])


def amount(text: str) -> Decimal:
    """Read an argument that is a number of 0 or more; ArgumentTypeError, which argparse tells, for anything else."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and number >= 0):
        raise ArgumentTypeError(f"`{text}` is no number of 0 or more, write it as 0.5")
    return number


def month(text: str) -> Month:
    """Read an argument that is a month; ArgumentTypeError, which argparse tells, for anything else."""
    try:
        return Month.parse(text)
    except SettingsError as error:
        raise ArgumentTypeError(" ".join(str(error).split())) from None


def user_id(text: str) -> int:
    """Read an argument that is a user's number, as tables hold it; ArgumentTypeError for anything else."""
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or not -(1 << 63) <= int(text) < 1 << 63:
        raise ArgumentTypeError(f"`{text}` is no user_id, a whole number of at most 64 bits")
    return int(text)


def said(text: str) -> str:
    """Read an argument that must say something; ArgumentTypeError for a blank."""
    if not text.strip():
        raise ArgumentTypeError("it is blank, and is kept for those who ask later: say something")
    return text

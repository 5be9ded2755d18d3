"""A sentence that keeps its code and its values, so that another language can say the same."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

SEVERAL = "several"
"""Code of several reasons in one text. value: `parts`, each with `code` and `values`."""


class Said(str):
    """English text that knows what it says. code: name of the sentence. values: the numbers and names in it."""

    code: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, code: str = "", values: Mapping[str, Any] | None = None) -> Self:
        made = super().__new__(cls, text)
        made.code, made.values = code, dict(values or {})
        return made


def said(code: str, text: str, **values: Any) -> Said:
    """A sentence with its code and values.

    >>> told = said("needs_users", "needs about 900 users", users=900)
    >>> told, told.code, told.values
    ('needs about 900 users', 'needs_users', {'users': 900})
    """
    return Said(text, code, values)


def joined(parts: Iterable[str | None]) -> str | None:
    """Several sentences as one, each once; None where there is none."""
    known = list(dict.fromkeys(part for part in parts if part))
    if len(known) < 2:
        return known[0] if known else None
    told = [{"code": part.code, "values": part.values} for part in known if isinstance(part, Said)]
    text = "; ".join(known)
    return Said(text, SEVERAL, {"parts": told}) if len(told) == len(known) else text


def parts(texts: Iterable[str]) -> str:
    """Code and values of several sentences as JSON; those without a code are left out."""
    told = [{"code": text.code, "values": text.values} for text in texts if isinstance(text, Said)]
    return json.dumps(told, sort_keys=True, default=float)


def columns(text: str | None) -> dict[str, str | None]:
    """A text as columns of a table: its code and its values as JSON; both None where it has none."""
    if not isinstance(text, Said) or not text.code:
        return {"reason_code": None, "reason_values": None}
    return {"reason_code": text.code, "reason_values": json.dumps(text.values, sort_keys=True, default=float)}

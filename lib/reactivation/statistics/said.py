"""A sentence that keeps its code and its values, so that another language can say the same."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

SEVERAL = "several"
"""Code of several reasons in one text. value: `parts`, each with `code` and `values`."""


class Said(str):
    """English text that knows what it says. code: name of the sentence. values: the numbers and names in it.

    What the month's report tells has a code; the reasons of `any_table`, told in English alone, have none.
    """

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


def joined(sentences: Iterable[Said | None]) -> Said | None:
    """Several sentences as one, each once; None where there is none."""
    known = list(dict.fromkeys(one for one in sentences if one))
    if len(known) < 2:
        return known[0] if known else None
    return combined("; ".join(known), known)


def combined(text: str, known: Iterable[Said]) -> Said:
    """A text that several sentences are told in, with the codes and values of all of them.

    >>> combined("a: b", [said("a", "a"), said("b", "b", n=2)]).values
    {'parts': [{'code': 'a', 'values': {}}, {'code': 'b', 'values': {'n': 2}}]}
    """
    each = [one.values["parts"] if one.code == SEVERAL else [{"code": one.code, "values": one.values}] for one in known]
    told = [part for parts in each for part in parts]
    return Said(text, SEVERAL, {"parts": told}) if all(part["code"] for part in told) else Said(text)


def parts(texts: Iterable[Said]) -> str:
    """Code and values of several sentences as JSON."""
    told = [{"code": text.code, "values": text.values} for text in texts]
    return json.dumps(told, sort_keys=True, default=float)


def columns(text: Said | None) -> dict[str, str | None]:
    """A text as columns of a table: its code and its values as JSON; both None where it has none."""
    if text is None or not text.code:
        return {"reason_code": None, "reason_values": None}
    return {"reason_code": text.code, "reason_values": json.dumps(text.values, sort_keys=True, default=float)}

"""The verdict on the challenger's whole policy in the words of the language, in a month that had its cell."""

from collections.abc import Iterator

from reactivation.report.evidence import Evidence, difference, reason_of
from reactivation.report.words import Words

CHALLENGED = "policy_challenger_vs_model"


def told(known: Evidence, words: Words) -> Iterator[str]:
    """One sentence; none in a month without that cell."""
    judged = known.facts.challenger
    if judged:
        row = known.row(CHALLENGED, known.primary)
        number, interval = difference(row, words)
        told = {"number": number, "interval": interval, "reason": reason_of(row, words) if row else ""}
        key = "keep_users" if judged["users_needed"] else judged["code"]
        yield words(f"challenger.{key}", **told, users=judged["users_needed"])

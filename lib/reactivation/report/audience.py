"""Whom each wave is for: conditions of conf in the words of the language."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reactivation.contracts.derived import ALL_POLICIES
from reactivation.report.words import Words

_TOKEN = re.compile(r"'[^']*'|[A-Za-z_]\w*|<=|>=|<>|!=")
_SIGNS = {"<=": "≤", ">=": "≥", "<>": "≠", "!=": "≠"}


def rows(waves: list[Mapping[str, Any]], days: Mapping[str, str], words: Words) -> Iterator[dict[str, Any]]:
    """A row per wave and condition, with the cells that have it. waves: as registered. days: on which each was sent."""
    for wave in waves:
        cells: dict[str, list[str]] = {}
        for cell in sorted(wave["qualifies"], key=ALL_POLICIES.index):
            cells.setdefault(wave["qualifies"][cell], []).append(words.name("cell", cell))
        offered = words.joined(dict.fromkeys(words.option(f"{o['channel']}/{o['benefit']}") for o in wave["options"]))
        asked = [(words.joined(names), text, offered) for text, names in cells.items()]
        if wave.get("guidance"):
            asked.append((words("chart.guided"), wave["guidance"], words("option.guidance")))
        day = days.get(wave["wave"])
        known = {"wave": words.name("wave", wave["wave"]), "as_of": None if day is None else words.day(day)}
        for policy, text, option in asked:
            yield {**known, "policy": policy, "audience": condition(text, words), "option": option}


def condition(text: str, words: Words) -> str:
    """A condition over facts in words; a name that the catalogue does not have stays as conf writes it."""

    def told(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith("'"):
            return words.name("tier", token.strip("'"))
        return _SIGNS.get(token) or words.name("fact", token.lower() if words.has(f"fact.{token.lower()}") else token)

    return _TOKEN.sub(told, text)

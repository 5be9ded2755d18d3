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
        offered = words.joined(dict.fromkeys(_offer(o, words) for o in wave["options"]))
        asked = [(words.joined(names), text, offered) for text, names in cells.items()]
        if wave.get("guidance"):
            asked.append((words("chart.guided"), wave["guidance"], _guiding(words("option.guidance"), wave, words)))
        day = days.get(wave["wave"])
        known = {"wave": words.name("wave", wave["wave"]), "as_of": None if day is None else words.day(day)}
        for policy, text, option in asked:
            yield {**known, "policy": policy, "audience": condition(text, words), "option": option}


def _offer(option: Mapping[str, Any], words: Words) -> str:
    return _guiding(words.option(f"{option['channel']}/{option['benefit']}"), option, words)


def _guiding(told: str, of: Mapping[str, Any], words: Words) -> str:
    """An option, and the group of functions that it leads to, where it leads to one."""
    return words("option.guide_to", option=told, group=of["guide_to"]) if of.get("guide_to") else told


def condition(text: str, words: Words) -> str:
    """A condition over facts in words; a name that the catalogue does not have stays as conf writes it."""

    def told(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith("'"):
            return words.name("tier", token.strip("'"))
        return _SIGNS.get(token) or words.name("fact", token.lower() if words.has(f"fact.{token.lower()}") else token)

    return _TOKEN.sub(told, text)

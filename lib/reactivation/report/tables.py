"""The tables below the month's report, row by row in the words of the language."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from reactivation.report import audience
from reactivation.report.evidence import ALL, COST, NET_GAIN, Evidence, Row, reason_of, state_of
from reactivation.report.table import Table
from reactivation.report.words import Words


def tables(known: Evidence, words: Words) -> list[Table]:
    """All tables that have rows, in their order."""
    found = []
    for key, make in _TABLES.items():
        rows = list(make(known, words))
        if rows:
            raw = known.facts.readout if key == "effects" else ()
            found.append(Table.of(key, words, rows, raw=_without_english(raw)))
    return found


def _without_english(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The statistician's rows: codes and values of the reasons, not the English text beside them."""
    return [{name: value for name, value in row.items() if name not in ("cycle", "reason", "method")} for row in rows]


def _ends(row: Row, known: Evidence, words: Words) -> dict[str, str | None]:
    """Effect and interval of a row as text: of a share in points, else in the metric's own unit."""
    metric, of = row["metric"], "ratio" if row["metric"] == COST else "difference"
    ways = {COST: words.money, NET_GAIN: words.signed_money}
    ways |= dict.fromkeys(known.facts.asked.get("means", ()), words.signed)

    def written(value: float | None) -> str | None:
        if value is None:
            return None
        return ways[metric](value) if metric in ways else words("number.points", value=value)

    return {name: written(row[f"{of}{end}"]) for name, end in (("effect", ""), ("low", "_low"), ("high", "_high"))}


def _questions(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    hypotheses = known.facts.asked.get("hypotheses", {})
    for number, (contrast, metric) in enumerate(known.facts.asked["sequence"], start=1):
        row, key = known.row(contrast, metric), hypotheses.get(contrast)
        yield {
            "number": number,
            "hypothesis": words(key) if key and words.has(key) else words.name("contrast", contrast),
            "metric": words.name("metric", metric),
            **(_ends(row, known, words) if row else dict.fromkeys(("effect", "low", "high"))),
            "state": words.name("state", state_of(row)),
            "reason": reason_of(row, words) if row else None,
        }


def _effects(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    segment = known.facts.asked.get("segment", ALL)
    for row in known.facts.readout:
        if row["segment"] not in (segment, ALL) or row.get("family") == "said_once":
            continue
        if row["segment"] != segment and known.row(row["contrast"], row["metric"], segment) is not None:
            continue
        yield {
            "contrast": words.name("contrast", row["contrast"]),
            "metric": words.name("metric", row["metric"]),
            "n_treatment": row["n_treatment"],
            "n_control": row["n_control"],
            **_ends(row, known, words),
            "state": words.name("state", state_of(row)) if row["verdict"] else None,
            "family": None if row.get("family") is None else words.name("family", row["family"]),
            "reason": reason_of(row, words),
        }


def _checks(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    order = ("withholds", "broken", "not shown to hold", "warns", "not estimable", "holds")
    for row in sorted(known.facts.checks, key=lambda row: order.index(row["verdict"])):
        yield {
            "check": words.name("check", row["check"]),
            "subject": subject(row["subject"], words),
            "verdict": words.name("check_verdict", row["verdict"]),
            "p_value": row["p_value"],
            "reason": reason_of(row, words),
        }


def subject(told: str, words: Words) -> str:
    """What a check is about, each word that a list of the catalogue has in its language."""
    lists = ("contrast", "split", "cell", "metric", "channel", "wave", "touch", "benefit", "tier")
    of_part, _, part = told.partition("=")
    if of_part in ("branch", "tier"):
        return words(f"subject.{of_part}", part=words.name(of_part, part))

    def word(one: str) -> str:
        return next((words(f"{of}.{one}") for of in lists if words.has(f"{of}.{one}")), one)

    return word(told) if word(told) != told else " ".join(word(one) for one in told.split(" "))


def _registration(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.registration:
        days = _DAYS.get(row["code"], ())
        what = subject(row["what"], words) if days else words("subject.setting", part=row["what"])
        shown = {name: words.day(row[name]) for name in days if row[name]}
        told = {"what": what, "registered": row["registered"], "now": row["now"]}
        yield {"state": words.name("change", row["code"]), **told, **shown}


_DAYS = {"moved": ("registered", "now"), **dict.fromkeys(("left_out", "nobody", "stopped"), ("registered",))}
"""Values of a wave's change that are days, by its code. Other changes are of settings, in the values of conf."""


def _waves(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    days = {row["wave"]: row["day"] for row in known.facts.asked["waves"]}
    return audience.rows(known.facts.asked.get("audiences", []), days, words)


def _waterfall(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.waterfall:
        yield {
            "wave": words.name("wave", row["wave"]),
            "reason": words.name("why", row["reason"]),
            "users": row["users"],
        }


def _limits(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.limits:
        how = words.money if row["limit"].endswith("budget") else words.whole
        yield {
            "wave": words.name("wave", row["wave"]),
            "policy": words.name("cell", row["policy"]),
            "limit": limit(row["limit"], words),
            **{name: None if row[name] is None else how(row[name]) for name in ("capacity", "used")},
        }


def limit(name: str, words: Words) -> str:
    """A limit of `wave_limits`; of one of a channel, benefit or branch its kind comes first: `stock_<benefit>`."""
    kind = next((kind for kind in ("capacity", "stock", "least_in", "least") if name.startswith(f"{kind}_")), None)
    return words(f"limit.{kind}", part=name.removeprefix(f"{kind}_")) if kind else words.name("limit", name)


def _tiers(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.bands:
        yield {
            "band": row["band"],
            "score_low": words.share(row["score_low"]),
            "score_high": words.share(row["score_high"]),
            "users": row["users"],
            "tier": words.name("tier", row["tier"]),
            "basis": words.name("basis", row["basis"]),
            "conversion": row["conversion_untouched"],
            "lift": row["lift_touched"],
            "low": row["lift_touched_low"],
            "high": row["lift_touched_high"],
            "reason": reason_of(row, words),
        }


def _response(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.response:
        yield {
            "tier": words.name("tier", row["tier"]),
            "wave": words.name("wave", row["wave"]),
            "option": words.option(f"{row['channel']}/{row['benefit']}"),
            "n_treatment": row["n_treatment"],
            "n_control": row["n_control"],
            "lift": row["lift"],
            "low": row["lift_low"],
            "high": row["lift_high"],
            "reason": reason_of(row, words),
        }


def _targeting(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.targeting:
        if row["part"] in ("qini", "auuc", "value", "better") and row["metric"] == known.primary:
            yield {
                "ranking": words.name("ranking", row["ranking"]),
                "part": words.name("part", row["part"]),
                "difference": row["estimate"],
                "low": row["low"],
                "high": row["high"],
                "reason": reason_of(row, words),
            }


def _evaluation(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.evaluation:
        yield {
            "estimate": words.name("model", row["model"]),
            "population": words.name("population", row["population"]),
            "part": words.name("quality", row["metric"]),
            "value": row["value"],
            "reason": reason_of(row, words),
        }


def _contacts(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.contacts:
        yield {
            "wave": words.name("wave", row["wave"]),
            "channel": words.name("channel", row["channel"]),
            "fate": None if row["fate"] is None else words.name("fate", row["fate"]),
            **{name: row.get(name) for name in ("contacts", "complained", "opted_out", "active")},
        }


def _releases(known: Evidence, words: Words) -> Iterator[dict[str, Any]]:
    for row in known.facts.releases:
        if row["cycle"] == known.facts.cycle:
            yield {
                "wave": words.name("wave", row["wave"]),
                "status": words.name("event", row["status"]),
                "as_of": None if row["as_of"] is None else words.day(row["as_of"]),
                "contacts": row["contacts"],
                "cost": row["cost"],
            }


_TABLES: Mapping[str, Callable[[Evidence, Words], Iterator[dict[str, Any]]]] = {
    "questions": _questions,
    "effects": _effects,
    "checks": _checks,
    "registration": _registration,
    "waves": _waves,
    "tiers": _tiers,
    "waterfall": _waterfall,
    "limits": _limits,
    "contacts": _contacts,
    "releases": _releases,
    "response": _response,
    "targeting": _targeting,
    "evaluation": _evaluation,
}

"""The month's answers: one sentence per question, with a number, its interval and a light. Plain values, no Spark.

`of(facts, words)` is what the report's first screen shows and what the terminal prints at the end of a month.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reactivation.report import advice, challenger, prices
from reactivation.report.evidence import COST, NET_GAIN, Evidence, Light, difference, reason_of, state_of
from reactivation.report.facts import Facts
from reactivation.report.words import Words

MOVED, BETTER, FINDS, GUIDES = "touch_model", "policy_model_vs_rule", "gain_model_vs_rule", "guide_model"
"""The contrasts that answer the first two questions, and the one told beside the second."""
_PAIRS = ("pick_model_vs_random", "pick_model_vs_rule")
CLAIMED = {"login": 2.5, "transaction": 3.2}
"""By metric: how many times as many of the model's campaign group the programme names, against the random group."""


@dataclass(frozen=True)
class Answer:
    """One question of the first screen.

    key: moved, better, cost, harm, valid, money or next. word: the light in a word. number, interval: as people write
    them; None where there is none. notes: what else to know, each a sentence.
    """

    key: str
    question: str
    sentence: str
    light: Light
    word: str
    number: str | None = None
    interval: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One of the programme's own figures: it describes, and proves nothing. note: its denominators."""

    name: str
    number: str
    note: str


@dataclass(frozen=True)
class Findings:
    """A month in short. title: region, scenario, month. answers: in the order of the questions. figures: descriptive.

    figures_title, figures_note: what stands above the figures.
    """

    title: str
    subtitle: str
    answers: tuple[Answer, ...]
    figures_title: str
    figures_note: str
    figures: tuple[Figure, ...]

    def text(self) -> str:
        """The same as plain lines."""
        lines = [self.title, "=" * len(self.title), self.subtitle, ""]
        for answer in self.answers:
            seen = ", ".join(filter(None, (answer.number, answer.interval)))
            lines.append(f"[{answer.word}] {answer.question}{f'  {seen}' if seen else ''}")
            lines += [f"    {sentence}" for sentence in (answer.sentence, *answer.notes)]
        lines += ["", f"{self.figures_title}. {self.figures_note}"]
        lines += [f"    {figure.name}: {figure.number}. {figure.note}" for figure in self.figures]
        return "\n".join(lines) + "\n"


def of(facts: Facts, words: Words) -> Findings:
    """The month's answers in the words of one language."""
    known = Evidence(facts)
    answers = tuple(answer(known, words) for answer in _QUESTIONS)
    place = {"region": facts.region, "scenario": facts.scenario, "cycle": facts.cycle}
    days = {"first": facts.asked["first_day"], "last": facts.asked["last_day"], "settles": facts.asked["settles_on"]}
    return Findings(
        words("page.title", **place),
        words("page.subtitle", **days),
        answers,
        words("figures.title"),
        words("figures.note"),
        tuple(_figures(known, words)),
    )


def answer_of(
    key: str,
    words: Words,
    light: Light,
    sentence: str,
    *,
    number: str | None = None,
    interval: str | None = None,
    notes: tuple[str, ...] = (),
    of: str = "",
) -> Answer:
    """An answer under its question, with the light's word. of: other words for the light than the question's."""
    own = f"light.{of or key}.{light}"
    word = words(own if words.has(own) else f"light.{light}")
    return Answer(key, words(f"question.{key}"), sentence, light, word, number, interval, notes)


def _judged(key: str, contrast: str, known: Evidence, words: Words, notes: tuple[str, ...] = ()) -> Answer:
    """A registered question: its state's sentence, the users that would tell, and what its guardrails do to it."""
    row = known.row(contrast, known.primary)
    state, needed = state_of(row), known.users_to_tell(row)
    light = known.light(row, guarded=MOVED)
    values = {
        "metric": known.primary,
        "first": None if row is None else row["estimate_treatment"],
        "second": None if row is None else row["estimate_control"],
        "minimum": known.minimum(known.primary),
        "users": needed,
        "have": 0 if row is None else row["n_treatment"] + row["n_control"],
        "reason": "" if row is None else reason_of(row, words),
    }
    sentence, is_held_down = words(f"{key}.{state}", **values), state == "better" and light != "green"
    if state == "open":
        told = words("users.would_tell" if needed else "users.not_known", **values)
        sentence = words.sentences(sentence, told)
    if is_held_down:
        sentence = words.sentences(sentence, words("guard.holds_down" if light == "amber" else "guard.breaks"))
    number, interval = difference(row, words)
    of = "held_down" if is_held_down else key
    return answer_of(key, words, light, sentence, number=number, interval=interval, notes=notes, of=of)


def _moved(known: Evidence, words: Words) -> Answer:
    row = known.row(MOVED, known.primary)
    notes: tuple[str, ...] = ()
    if row is not None and row["difference"] is not None:
        n = row["n_treatment"]
        ends = {name: row[f"difference{end}"] * n for name, end in (("low", "_low"), ("high", "_high"))}
        notes = (words("moved.users", more=row["difference"] * n, users=n, **ends),)
    return _judged("moved", MOVED, known, words, notes)


def _better(known: Evidence, words: Words) -> Answer:
    row = known.row(FINDS, known.primary)
    notes: tuple[str, ...] = ()
    if row is not None:
        number, interval = difference(row, words)
        told = {"number": number, "interval": interval, "reason": reason_of(row, words)}
        notes = (words("better.finds" if number else "better.finds_unknown", **told),)
    return _judged("better", BETTER, known, words, (*notes, *challenger.told(known, words)))


def _cost(known: Evidence, words: Words) -> Answer:
    price, net = known.plain(MOVED, COST), known.plain(MOVED, NET_GAIN)
    light, notes = prices.net_light(known, net, guarded=MOVED), prices.net_notes(known, net, words)
    if price is None or price["ratio"] is None:
        state = state_of(price)
        is_open = price is not None and price.get("reason_code") == "price_unbounded"
        key = f"cost.{state}" if state in ("absent", "withheld") else "cost.open" if is_open else "cost.unknown"
        reason = "" if price is None else reason_of(price, words)
        light = "red" if state == "withheld" else light
        return answer_of("cost", words, light, words(key, reason=reason), notes=notes)
    sentence = words("cost.known", price=price["ratio"], spent=price["estimate_treatment"] * price["n_treatment"])
    ends = {"low": price["ratio_low"], "high": price["ratio_high"]}
    interval = words("number.money_interval", alpha=known.facts.asked["alpha"], **ends)
    is_held_down = light != "green" and net is not None and (net["difference_low"] or 0) > 0
    number, of = words.money(price["ratio"]), "pays" if is_held_down else "cost"
    return answer_of("cost", words, light, sentence, number=number, interval=interval, notes=notes, of=of)


def _harm(known: Evidence, words: Words) -> Answer:
    harmed = known.broken(GUIDES)
    rows, lights = [*known.guardrails(MOVED), *harmed], [*known.guard_lights(MOVED), *("red" for _ in harmed)]
    light: Light = next((one for one in ("red", "grey", "amber") if one in lights), "green" if rows else "grey")
    notes = tuple(filter(None, (prices.per_thousand(known.facts, words),)))
    if not rows:
        return answer_of("harm", words, "grey", words("harm.absent"), notes=notes)
    row = rows[lights.index(light)]
    margin = known.facts.asked["guardrails"][row["metric"]]["margin"]
    key = f"harm.fall.{light}" if known.falls(row["metric"]) and light != "grey" else f"harm.{light}"
    values = {"metric": row["metric"], "margin": margin, "worst": known.most_harm(row)}
    told = [words(key, **values, reason=reason_of(row, words)), *(words("harm.guided") for _ in harmed[:1])]
    sentence = words.sentences(*told)
    number, interval = difference(row, words)
    return answer_of("harm", words, light, sentence, number=number, interval=interval, notes=notes)


def _valid(known: Evidence, words: Words) -> Answer:
    checks = [row for row in known.facts.checks if row["check"] not in ("guardrail", "all_guardrails")]
    failed = [row for row in checks if row["verdict"] in ("withholds", "broken")]
    warned = [row for row in checks if row["verdict"] not in ("holds", "withholds", "broken")]
    light: Light = "red" if failed else "amber" if warned else "green" if checks else "grey"
    values = {"checks": len(checks), "failed": len(failed), "warned": len(warned), "held": len(checks) - len(failed)}
    kinds = dict.fromkeys(row["check"] for row in (*failed, *warned))
    named = words.joined(words.name("check", kind) for kind in kinds)
    changes = known.facts.registration
    plan = words("valid.changed", changes=len(changes)) if changes else words("valid.registered")
    number = words("valid.number", held=len(checks) - len(failed) - len(warned), checks=len(checks))
    sentence = words(f"valid.{light}", **values, named=named)
    return answer_of("valid", words, light, sentence, number=number, notes=(plan,))


def _money(known: Evidence, words: Words) -> Answer:
    money = known.facts.money
    approved, committed, spent = (money.get(name) for name in ("approved", "committed", "spent"))
    if approved is None:
        return answer_of("money", words, "grey", words("money.grey", spent=spent, committed=committed))
    left = approved - max(committed or 0.0, spent or 0.0)
    light: Light = "red" if left < 0 else "amber" if money.get("frozen_on") else "green"
    values = {"approved": approved, "committed": committed, "spent": spent, "left": left}
    sentence = words(f"money.{light}", **values, frozen_on=money.get("frozen_on"))
    return answer_of("money", words, light, sentence, number=words("money.number", left=left))


def _next(known: Evidence, words: Words) -> Answer:
    steps = advice.steps(known)
    told = tuple(words(f"next.{step.code}", **step.values) for step in steps)
    has_changes = any(step.code != "keep" for step in steps)
    light: Light = "red" if any(step.is_urgent for step in steps) else "amber" if has_changes else "green"
    return answer_of("next", words, light, told[0] if told else words("next.nothing"), notes=told[1:])


_QUESTIONS: tuple[Callable[[Evidence, Words], Answer], ...] = (_moved, _better, _cost, _harm, _valid, _money, _next)


def _figures(known: Evidence, words: Words) -> Iterator[Figure]:
    """The programme's own figures, unadjusted: they are counts of users, and describe."""
    for cell in ("model", "rule", "random"):
        row = known.plain(f"touch_{cell}", known.primary)
        if row is not None and row["estimate_treatment"] is not None:
            told = {"metric": known.primary, "cell": cell, "held": row["estimate_control"]}
            note = words("figures.rate_note", **told, users=row["n_treatment"], others=row["n_control"])
            yield Figure(words("figures.rate", **told), words.percent(row["estimate_treatment"]), note)
    for metric in dict.fromkeys((known.primary, *CLAIMED)):
        row = known.plain(_PAIRS[0], metric)
        if row is not None and row["ratio"] is not None:
            told = {"metric": metric, "first": row["estimate_treatment"], "second": row["estimate_control"]}
            note = words("figures.ratio_note", **told, users=row["n_treatment"], others=row["n_control"])
            if metric in CLAIMED:
                note = words.sentences(note, words("figures.claimed", claimed=CLAIMED[metric]))
            yield Figure(words("figures.ratio", metric=metric), words("number.times", value=row["ratio"]), note)
    whole = known.facts.money.get("whole") or {}
    if whole.get("known"):
        share, name = whole["events"] / whole["known"], words("figures.whole", metric=known.primary)
        yield Figure(name, words.percent(share), words("figures.whole_note", users=whole["known"]))

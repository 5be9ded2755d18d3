"""The pictures of the month's report: a title, how to read it, the drawing, and the numbers behind it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reactivation.report import shrunken
from reactivation.report.drawn_months import budget, calibration, cumulative, guidance, months
from reactivation.report.evidence import Evidence, state_of
from reactivation.report.picture import Mark, Picture, intervals, stacked
from reactivation.report.svg import BLUE, GREY, ORANGE, RED, SKY, Drawing, shortened
from reactivation.report.words import Words

STAGES = ("low_active", "contactable", "qualified", "planned", "released", "delivered", "active")
_NOT_CONTACTABLE = frozenset({"not_contactable", "profiling_refused"})
_NOT_QUALIFIED = frozenset({"holdout", "long_holdout", "not_selected", "does_not_qualify"})
_COLOURS = {"better": BLUE, "small": SKY, "hint": SKY, "worse": RED}


def pictures(known: Evidence, words: Words) -> list[Picture]:
    """All pictures of the month that have something to show, in their order."""
    return [found for draw in _PICTURES if (found := draw(known, words)) is not None]


def forest(known: Evidence, words: Words) -> Picture | None:
    """The causal contrasts on the primary metric."""
    marks, rows = [], []
    for name in known.facts.asked["causal"]:
        row = known.row(name, known.primary)
        if row is None:
            continue
        state = state_of(row)
        told = {"contrast": words.name("contrast", name), "state": words.name("state", state)}
        ends = [row[f"difference{end}"] for end in ("", "_low", "_high")]
        rows.append({**told, "users": row["n_treatment"] + row["n_control"], **dict(zip(_ENDS, ends, strict=True))})
        colour = _COLOURS.get(state, GREY)
        seen = None if ends[0] is None else (ends[0], ends[1], ends[2])
        marks.append(Mark(told["contrast"], told["state"], seen, colour, state in ("better", "worse", "small")))
    if not marks:
        return None
    drawn = intervals(marks, words, words("chart.forest"), reference=known.minimum(known.primary))
    return Picture.of("forest", words, drawn, rows, metric=known.primary)


_ENDS = ("difference", "low", "high")


def natural(known: Evidence, words: Words) -> Picture | None:
    """Who would have come anyway, and who was moved, by cell."""
    bars, rows = [], []
    for cell in ("model", "rule", "random"):
        row = known.row(f"touch_{cell}", known.primary)
        if row is not None and row["difference"] is not None:
            ends = (row["estimate_control"] + row["difference_low"], row["estimate_control"] + row["difference_high"])
            bars.append((words.name("cell", cell), row["estimate_control"], row["difference"], ends))
            told = {"cell": words.name("cell", cell), "anyway": row["estimate_control"], "moved": row["difference"]}
            rows.append({**told, "low": row["difference_low"], "high": row["difference_high"]})
    if not bars:
        return None
    names = (words("chart.anyway"), words("chart.moved"))
    return Picture.of("natural", words, stacked(bars, names, words, words("chart.natural")), rows, metric=known.primary)


def stages(known: Evidence) -> dict[str, dict[str, int | None]]:
    """Users of each wave by stage, from all low-active ones to those who were active in the month; None: not known.

    The waterfall is of the newest release, and the contacts that stand are of all releases: of a wave released twice,
    the stages before its release hold at least these.
    """
    found: dict[str, dict[str, int | None]] = {}
    for wave in sorted({row["wave"] for row in known.facts.waterfall}):
        users = {row["reason"]: row["users"] for row in known.facts.waterfall if row["wave"] == wave}
        whole = sum(users.values())
        reachable = whole - sum(n for reason, n in users.items() if reason in _NOT_CONTACTABLE)
        qualified = reachable - sum(n for reason, n in users.items() if reason in _NOT_QUALIFIED)
        contacts = [row for row in known.facts.contacts if row["wave"] == wave]
        standing = [row for row in contacts if row["is_planned"]]
        released = sum(row["contacts"] for row in standing)
        delivered = [row for row in standing if row["fate"] == "delivered"]
        active = [row.get("active") for row in delivered]
        found[wave] = {
            "low_active": whole,
            "contactable": max(reachable, released),
            "qualified": max(qualified, released),
            "planned": max(users.get("planned", 0), released),
            "released": released if contacts else None,
            "delivered": sum(row["contacts"] for row in delivered) if contacts else None,
            "active": sum(n for n in active if n is not None) if active and None not in active else None,
        }
    return found


def funnel(known: Evidence, words: Words) -> Picture | None:
    """From all low-active users to those who were active after a contact, wave by wave."""
    waves = stages(known)
    if not waves:
        return None
    left, top, height = 112.0, 30.0, 36.0
    room = (Drawing(0, "").width - left) / len(waves)
    drawing = Drawing(top + height * len(STAGES) + 4, words("chart.funnel"))
    most = max(of["low_active"] or 1 for of in waves.values())
    for place, stage in enumerate(STAGES):
        y = top + place * height
        drawing.text(0, y + 22, words.name("stage", stage))
        for column, of in enumerate(waves.values()):
            n, x = of[stage], left + column * room
            width = (room - 12) * ((n or 0) / most)
            drawing.bar(x, y + 17, room - 12, 9, colour="#f1f3f5")
            drawing.bar(x, y + 17, max(width, 1.0 if n else 0.0), 9, colour=BLUE if place < 6 else ORANGE)
            drawing.text(x, y + 13, words("chart.number", value=n), style="small")
    for column, wave in enumerate(waves):
        drawing.text(left + column * room, 17, words.name("wave", wave), style="strong")
    rows = [{"wave": words.name("wave", wave), **of} for wave, of in waves.items()]
    return Picture.of("funnel", words, drawing, rows)


def options(known: Evidence, words: Words) -> Picture | None:
    """What each option does in each wave, from the draws, shrunk."""
    found = shrunken.options(known)
    return _shrunken("options", found, words, lambda p: f"{words.name('wave', p.wave)} {words.option(p.option)}")


def branches(known: Evidence, words: Words) -> Picture | None:
    """The effect in each branch, shrunk."""
    found = shrunken.branches(known)
    return _shrunken("branches", found, words, lambda p: words.name("branch", p.key), metric=known.primary)


def bands(known: Evidence, words: Words) -> Picture | None:
    """The effect by band of the score, shrunk."""
    ends = {str(row["band"]): (row["score_low"], row["score_high"]) for row in known.facts.bands}

    def label(part: shrunken.Part) -> str:
        low, high = ends.get(part.key, (None, None))
        return part.key if low is None else words("chart.band", low=low, high=high)

    return _shrunken("bands", shrunken.bands(known.facts), words, label)


def _shrunken(
    key: str, found: Sequence[shrunken.Part], words: Words, label: Callable[[shrunken.Part], str], **values: Any
) -> Picture | None:
    if not found:
        return None
    marks = list(_marks(found, words, label))
    rows = [
        {
            "part": label(part),
            "difference": part.estimate,
            "low": part.low,
            "high": part.high,
            "seen": part.seen,
            "treated": part.first,
            "control": part.second,
            "few": words("yes") if part.is_small else words("no"),
        }
        for part in found
    ]
    drawn = intervals(marks, words, words(f"chart.{key}"))
    small = sum(part.is_small for part in found)
    note = words("chart.few", few=small, parts=len(found), small=shrunken.SMALL) if small else ""
    return Picture.of(key, words, drawn, rows, note=note, **values)


def _marks(found: Sequence[shrunken.Part], words: Words, label: Callable[[shrunken.Part], str]) -> Iterator[Mark]:
    for part in found:
        told, (channel, _, benefit) = label(part), part.option.partition("/")
        below = words("chart.sides", first=part.first, second=part.second)
        if channel:  # the benefit in the line below, where it has room
            told = f"{words.name('wave', part.wave)} {words.option(channel)}"
            names = words.name("benefit", benefit)
            below = words("chart.option_sides", benefit=names, first=part.first, second=part.second)
        colour = GREY if part.is_small or part.low <= 0 <= part.high else BLUE if part.low > 0 else RED
        below += words("chart.is_few") if part.is_small else ""
        seen = (part.estimate, part.low, part.high)
        yield Mark(shortened(told, 26), shortened(below, 33), seen, colour, not part.is_small)


_PICTURES: tuple[Callable[[Evidence, Words], Picture | None], ...] = (
    *(forest, natural, funnel, options, branches, calibration, bands, cumulative, months, budget, guidance),
)

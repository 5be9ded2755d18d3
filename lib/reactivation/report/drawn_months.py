"""Pictures of the scores, of the days of the month, of the months so far, and of guidance."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import Any

from scipy.stats import norm

from reactivation.report import advice
from reactivation.report.evidence import COST, Evidence, state_of
from reactivation.report.picture import Picture, stacked
from reactivation.report.svg import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, SKY, Drawing, Scale, padded, ticks
from reactivation.report.words import Words

Row = Mapping[str, Any]
_HELD_OUT = ("holdout", "long_holdout")
_Z = float(norm.isf(0.025))


def calibration(known: Evidence, words: Words) -> Picture | None:
    """What the scores foretold of the held out against what these did, by band; and how much more each band came."""
    rows = scored_bands(known.facts.users)
    if not rows:
        return None
    drawing = Drawing(262, words("chart.calibration"))
    plane = (Scale(0, 1, 40, 226), Scale(0, 1, 206, 20))
    _frame(drawing, *plane, words)
    drawing.line((40, 206), (226, 20), colour=GREY, dash="4 4")
    for row in rows:
        x, colour = plane[0].at(row["foretold"]), ORANGE if row["users"] < 100 else BLUE
        drawing.line((x, plane[1].at(row["came_low"])), (x, plane[1].at(row["came_high"])), colour=colour, width=2)
        drawing.mark(x, plane[1].at(row["observed"]), colour=colour, filled=row["users"] >= 100, size=4)
    drawing.text(133, 240, words("chart.foretold"), anchor="middle", style="small")
    drawing.text(40, 15, words("chart.observed"), style="small")
    top = max(row["times_average"] for row in rows)
    along, step = Scale(0, max(top, 1.0) * 1.12, 312, 440), 186 / len(rows)
    drawing.text(262, 15, words("chart.lift"), style="small")
    drawing.line((along.at(1), 18), (along.at(1), 208), colour=INK, dash="3 3")
    for place, row in enumerate(rows):
        y = 20 + place * step
        label = words("chart.percent", value=row["foretold"])
        drawing.text(300, y + step / 2 + 4, label, anchor="end", style="small dim")
        drawing.bar(312, y + step * 0.18, along.at(row["times_average"]) - 312, step * 0.64, colour=BLUE)
        told = words("chart.times", value=row["times_average"])
        drawing.text(along.at(row["times_average"]) + 4, y + step / 2 + 4, told, style="small plate")
    drawing.text(along.at(1), 224, words("chart.average"), anchor="middle", style="small dim")
    slope, note = advice.slope(known), words("chart.calibration.window")
    note = note if slope is None else words.sentences(note, words("chart.calibration.slope", slope=slope))
    return Picture.of("calibration", words, drawing, rows, note=note)


def scored_bands(users: Sequence[Row]) -> list[dict[str, Any]]:
    """Of the held out with a score, by band: users, mean score, share active with Wilson's ends, its ratio to all's."""
    counts: dict[int, list[float]] = {}
    for row in users:
        if row["touch"] in _HELD_OUT and row["band"] is not None and row["scored"]:
            of = counts.setdefault(row["band"], [0.0, 0.0, 0.0])
            of[0], of[1], of[2] = of[0] + row["users"], of[1] + row["active"], of[2] + row["p_sum"]
    whole = [sum(of[i] for of in counts.values()) for i in range(2)]
    if not counts or not whole[1]:
        return []
    found = []
    for band, (n, active, p_sum) in sorted(counts.items()):
        share = active / n
        middle, room = share + _Z**2 / (2 * n), _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
        low, high = ((middle + sign * room) / (1 + _Z**2 / n) for sign in (-1, 1))
        told = {"band": band, "users": int(n), "foretold": p_sum / n, "observed": share}
        told |= {"came_low": low, "came_high": high, "times_average": share * whole[0] / whole[1]}
        found.append(told)
    return found


def by_day(known: Evidence) -> list[dict[str, Any]]:
    """Share of the model's picks who had logged in by each day of the window, touched and held out."""
    first, last = (date.fromisoformat(known.facts.asked[name]) for name in ("first_day", "last_day"))
    came: dict[str, dict[int, int]] = {"touched": {}, "holdout": {}}
    users = dict.fromkeys(came, 0)
    for row in known.facts.users:
        if row["policy"] == "model" and row["is_selected"] and row["touch"] in came:
            users[row["touch"]] += row["users"]
            if row["first_login_day"] is not None:
                of = came[row["touch"]]
                of[row["first_login_day"]] = of.get(row["first_login_day"], 0) + row["users"]
    if not all(users.values()) or not all(came.values()):
        return []
    days, so_far, found = (last - first).days + 1, dict.fromkeys(came, 0), []
    for offset in range(days):
        day = first + timedelta(days=offset)
        for touch, of in came.items():
            so_far[touch] += of.get(day.day, 0)
        found.append({"day": str(day), **{touch: so_far[touch] / users[touch] for touch in came}})
    return found


def cumulative(known: Evidence, words: Words) -> Picture | None:
    """Cumulative logins of touched and held out, day by day, with the days of the waves."""
    rows = by_day(known)
    if not rows:
        return None
    drawing = Drawing(270, words("chart.cumulative"))
    most = max(max(row["touched"], row["holdout"]) for row in rows) * 1.08
    across, up = Scale(0, len(rows) - 1, 44, 400), Scale(0, most, 222, 26)
    for tick in ticks(0, most, most=4):
        drawing.line((44, up.at(tick)), (400, up.at(tick)), colour=PALE)
        drawing.text(38, up.at(tick) + 4, words("chart.share", value=tick), anchor="end", style="small dim")
    places = {row["day"]: place for place, row in enumerate(rows)}
    for wave in known.facts.asked["waves"]:
        if wave["day"] in places:
            x = across.at(places[wave["day"]])
            drawing.line((x, 22), (x, 222), colour=GREY, dash="2 3")
            drawing.text(x, 16, words.name("wave", wave["wave"]), anchor="middle", style="small dim")
    for name, colour, dash in (("holdout", ORANGE, "6 3"), ("touched", BLUE, "")):
        points = [(across.at(place), up.at(row[name])) for place, row in enumerate(rows)]
        drawing.path(points, colour=colour, dash=dash)
        drawing.text(406, points[-1][1] + 4, words(f"chart.{name}"), style="small")
        drawing.text(406, points[-1][1] + 18, words("chart.percent", value=rows[-1][name]), style="strong small")
    for place in sorted({0, len(rows) // 2, len(rows) - 1}):
        told = words("chart.day", day=rows[place]["day"])
        drawing.text(across.at(place), 242, told, anchor="middle", style="small dim")
    return Picture.of("cumulative", words, drawing, rows)


def by_month(known: Evidence) -> list[dict[str, Any]]:
    """Committed money and the price of one more active user, cycle by cycle; None where it is not known."""
    committed: dict[str, float] = {}
    for event in known.facts.releases:
        sign = {"released": 1, "stopped": -1}.get(event["status"], 0)
        if sign:
            committed[event["cycle"]] = committed.get(event["cycle"], 0.0) + sign * (event["cost"] or 0.0)
    price = {r["cycle"]: r for r in known.facts.prices if r["metric"] == COST and r["contrast"] == "touch_model"}
    found = []
    for cycle in sorted({*committed, *price}):
        row = price.get(cycle, {})
        names = {"price": "ratio", "price_low": "ratio_low", "price_high": "ratio_high"}
        ends = {name: row.get(column) for name, column in names.items()}
        found.append({"cycle": cycle, "committed": committed.get(cycle), **ends})
    return found[-12:]


def months(known: Evidence, words: Words) -> Picture | None:
    """Spend, and the price of one more active user, over the months."""
    rows = by_month(known)
    if not rows:
        return None
    drawing = Drawing(246, words("chart.months"))
    room = 214 / len(rows)
    for left, name, ends in ((0.0, "committed", ("committed",)), (250.0, "price", ("price", "price_high"))):
        drawing.text(left, 16, words(f"chart.{name}"), style="small")
        values = [row[end] for row in rows for end in ends if row[end] is not None]
        up = Scale(0, padded(values or [1.0], share=0.16)[1], 214, 26)
        drawing.line((left, 214), (left + 222, 214), colour=GREY)
        for place, row in enumerate(rows):
            x = left + 8 + (place + 0.5) * room
            label = words("chart.month", month=row["cycle"]) if len(rows) < 4 or not place % (len(rows) // 3) else ""
            drawing.text(x, 232, label, anchor="middle", style="small dim")
            if row[name] is None:
                drawing.text(x, 206, words("chart.not_known"), anchor="middle", style="small dim")
            elif name == "committed":
                wide = min(room * 0.6, 44)
                drawing.bar(x - wide / 2, up.at(row[name]), wide, 214 - up.at(row[name]), colour=BLUE)
                drawing.text(x, up.at(row[name]) - 6, words.money(row[name]), anchor="middle", style="small strong")
            else:
                _price(drawing, x, up, row, words)
    return Picture.of("months", words, drawing, rows)


def budget(known: Evidence, words: Words) -> Picture | None:
    """Value of the model's cell by its part of each wave's budget; a mark stands at the budget there was."""
    rows = known.facts.curves
    waves = sorted({row["wave"] for row in rows})
    if not rows:
        return None
    drawing = Drawing(250, words("chart.budget"))
    across = Scale(0, max(row["budget"] for row in rows) * 1.02, 62, 420)
    up = Scale(*padded([row["value"] for row in rows]), 206, 24)
    for tick in ticks(up.low, up.high, most=4):
        drawing.line((across.start, up.at(tick)), (across.end, up.at(tick)), colour=PALE)
        drawing.text(56, up.at(tick) + 4, words("chart.value", value=tick), anchor="end", style="small dim")
    for tick in ticks(0, across.high, most=4):
        drawing.text(across.at(tick), 222, words("chart.value", value=tick), anchor="middle", style="small dim")
    drawing.text(62, 15, words("chart.budget.value"), style="small")
    drawing.text(across.end, 240, words("chart.budget.money"), anchor="end", style="small")
    for place, wave in enumerate(waves):
        colour, dash = _LINES[place % len(_LINES)]
        own = sorted((row for row in rows if row["wave"] == wave), key=lambda row: row["budget"])
        drawing.path([(across.at(row["budget"]), up.at(row["value"])) for row in own], colour=colour, dash=dash)
        for row in own:
            if row["times"] == 1:
                drawing.mark(across.at(row["budget"]), up.at(row["value"]), colour=colour)
        end = (across.at(own[-1]["budget"]) + 5, up.at(own[-1]["value"]) + 4)
        drawing.text(*end, words.name("wave", wave), style="small plate")
    numbers = [
        {"wave": words.name("wave", row["wave"]), **{n: row[n] for n in ("times", "budget")}, "worth": row["value"]}
        for row in rows
    ]
    return Picture.of("budget", words, drawing, numbers)


_LINES = ((BLUE, ""), (ORANGE, "6 3"), (GREEN, "2 3"), (RED, "8 3 2 3"), (SKY, "4 2"))
"""Colour and dash of each wave's line: the dashes stay in black and white."""


def _price(drawing: Drawing, x: float, up: Scale, row: Row, words: Words) -> None:
    """A price and its interval; one without an upper end reaches the top."""
    top = up.end if row["price_high"] is None else up.at(row["price_high"])
    drawing.line((x, up.at(row["price_low"] or 0.0)), (x, top), colour=BLUE, width=2.5)
    drawing.mark(x, up.at(row["price"]), colour=BLUE, filled=row["price_high"] is not None)
    drawing.text(x + 9, up.at(row["price"]) + 4, words.money(row["price"]), style="small strong")


def guidance(known: Evidence, words: Words) -> Picture | None:
    """What guidance at no cost did among users whom the model's cell does not pick."""
    row = known.row("guide_model", known.primary)
    if row is None or row["difference"] is None:
        return None
    anyway = row["estimate_control"]
    ends = (anyway + row["difference_low"], anyway + row["difference_high"])
    names = (words("chart.anyway"), words("chart.moved"))
    drawn = stacked([(words("chart.guided"), anyway, row["difference"], ends)], names, words, words("chart.guidance"))
    told = {"state": words.name("state", state_of(row)), "anyway": anyway, "moved": row["difference"]}
    users = {"treated": row["n_treatment"], "control": row["n_control"]}
    rows = [{**told, "low": row["difference_low"], "high": row["difference_high"], **users}]
    return Picture.of("guidance", words, drawn, rows, metric=known.primary, state=told["state"], **users)


def _frame(drawing: Drawing, across: Scale, up: Scale, words: Words) -> None:
    for tick in (0.0, 0.5, 1.0):
        x, y, told = across.at(tick), up.at(tick), words("chart.share", value=tick)
        drawing.line((across.start, y), (across.end, y), colour=PALE)
        drawing.line((x, up.start), (x, up.end), colour=PALE)
        drawing.text(across.start - 4, y + 4, told, anchor="end", style="small dim")
        drawing.text(x, up.start + 16, told, anchor="middle", style="small dim")

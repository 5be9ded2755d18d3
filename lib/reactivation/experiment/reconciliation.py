"""What was planned, sent and received, wave by wave; and whether the exploration draws were as probable as recorded."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.stats import chi2

from reactivation.contracts.canonical import NOT_TRIED, REACHED
from reactivation.experiment.checks import Checked
from reactivation.periods import Calendar, Month
from reactivation.statistics.said import said

_DISPOSITIONS = {"delivered": REACHED, "failed": ("failed",), "not_reached": ("not_reached",), "not_tried": NOT_TRIED}
"""Statuses that decide each fate; the first fate that has one counts."""
_OBJECTIONS = ("complained", "opted_out")
Row = Mapping[str, Any]


def wave_counts(
    released: DataFrame,
    contacts: DataFrame | None,
    files: DataFrame | None,
    *,
    cycle: Month,
    calendar: Calendar,
    outcomes: DataFrame | None = None,
) -> DataFrame:
    """Count contacts by what became of them. Grain and key: wave, channel, is_planned, is_exported, fate.

    Columns contacts; complained, opted_out: those with such a receipt; active: contacts of users who were active in the
    month, by `outcomes` (the cycle's user_id, is_active; None: not known).

    A contact has one fate, by receipts that arrived before the settle date: delivered, where one says or implies it,
    else failed, else not_reached, else not_tried; null where there is none. released: contacts that were released and
    not stopped. contacts, files: receipts and channel files; None where there are none.
    """
    key = ["wave", "channel", "contact_id"]
    planned = released.select(*key, "user_id", F.lit(True).alias("is_planned"))
    if outcomes is not None:
        planned = planned.join(outcomes.select("user_id", "is_active"), "user_id", "left")
    table = planned.drop("user_id")
    if files is not None:
        table = table.join(files.select(*key, F.lit(True).alias("is_exported")), key, "full")
    else:
        table = table.withColumn("is_exported", F.lit(None).cast("boolean"))
    if contacts is not None:
        is_ours = (F.col("cycle") == str(cycle)) & calendar.is_before("arrived_at", calendar.settle_on(cycle))
        seen = [F.when(F.bool_or(F.col("status").isin(*of)), fate) for fate, of in _DISPOSITIONS.items()]
        objected = [F.bool_or(F.col("status") == status).alias(status) for status in _OBJECTIONS]
        table = table.join(
            contacts.where(is_ours).groupBy(*key).agg(F.coalesce(*seen).alias("fate"), *objected), key, "full"
        )
    else:
        table = table.withColumn("fate", F.lit(None).cast("string"))
    counts = [F.count("*").alias("contacts")]
    counts += [F.count_if(name).alias(name) for name in _OBJECTIONS if name in table.columns]
    counts += [F.count_if("is_active").alias("active")] if "is_active" in table.columns else []
    flags = {name: F.coalesce(name, F.lit(False)) for name in ("is_planned", "is_exported")}
    return table.withColumns(flags).groupBy("wave", "channel", *flags, "fate").agg(*counts)


def waves(rows: Iterable[Row], *, has_files: bool) -> Iterator[Checked]:
    """planned = exported = delivered + failed + not reached + not tried, per wave and channel; what differs is named.

    A contact that was stopped is planned no more: a receipt that nobody tried it tells nothing new.
    """
    known = list(rows)
    for wave, channel in sorted({(row["wave"], row["channel"]) for row in known}):
        mine = [row for row in known if (row["wave"], row["channel"]) == (wave, channel)]
        planned = _contacts(row for row in mine if row["is_planned"])
        exported = _contacts(row for row in mine if row["is_exported"])
        told_of = [row for row in mine if row["is_planned"] or row["fate"] != "not_tried"]
        dispositions = {name: _contacts(row for row in told_of if row["fate"] == name) for name in _DISPOSITIONS}
        received = sum(dispositions.values())
        differences = {
            "planned but not exported": _contacts(
                r for r in mine if has_files and _only(r, "is_planned", "is_exported")
            ),
            "exported but not planned": _contacts(r for r in mine if _only(r, "is_exported", "is_planned")),
            "planned without a receipt": _contacts(r for r in mine if r["is_planned"] and r["fate"] is None),
            "receipts of contacts that were not planned": _contacts(
                r for r in told_of if r["fate"] is not None and not r["is_planned"]
            ),
        }
        wrong = [f"{n} {what}" for what, n in differences.items() if n]
        sent = f"exported {exported}" if has_files else "no channel files to count"
        became = ", ".join(f"{fate.replace('_', ' ')} {n}" for fate, n in dispositions.items())
        says = f"{wave} by {channel}: planned {planned}, {sent}, {became}" + (f"; {', '.join(wrong)}" if wrong else "")
        verdict = "warns" if wrong else "holds"
        told = said("wave", says, planned=planned, received=received, wrong=sum(differences.values()))
        yield Checked("waves", f"{wave} {channel}", str(received), str(planned), None, verdict, told)


def redeemed_by_grant(
    benefit_events: DataFrame, released: DataFrame, *, benefits: Collection[str], cycle: Month, calendar: Calendar
) -> DataFrame:
    """Count users who redeemed a benefit in a month, by rows of before it settled. Grain: benefit.

    Columns users; without_grant: those of whom no redemption fell from the first day of sending to the last day of the
    benefit. released: contacts that were released and not stopped, of this cycle and of those whose benefits may still
    be valid, with both days; those of 0.1.0 have no last day.
    """
    is_ours = (F.col("action") == "redeemed") & F.col("benefit_code").isin(*benefits)
    was_known = calendar.is_before("arrived_at", calendar.settle_on(cycle))
    used = benefit_events.where(is_ours & calendar.is_within("event_at", cycle.window) & was_known).select(
        "user_id", F.col("benefit_code").alias("benefit"), calendar.day("event_at").alias("used_on")
    )
    granted = released.select("user_id", "benefit", "send_from", "benefit_valid_until")
    is_over = F.coalesce(F.col("used_on") > F.col("benefit_valid_until"), F.lit(False))
    is_granted = F.coalesce(F.bool_or((F.col("used_on") >= F.col("send_from")) & ~is_over), F.lit(False))
    by_user = used.join(granted, ["user_id", "benefit"], "left").groupBy("user_id", "benefit")
    counts = F.count("*").alias("users"), F.count_if(~F.col("is_granted")).alias("without_grant")
    return by_user.agg(is_granted.alias("is_granted")).groupBy("benefit").agg(*counts)


def grants(rows: Iterable[Row]) -> Iterator[Checked]:
    """Who redeemed a benefit was granted it. rows: of `redeemed_by_grant`."""
    for row in sorted(rows, key=lambda row: str(row["benefit"])):
        users, without = row["users"], row["without_grant"]
        says = f"{row['benefit']}: {users} users redeemed it, {without} of them without a grant of ours"
        verdict = "warns" if without else "holds"
        told = said("grants", says, users=users, without=without)
        yield Checked("benefits", row["benefit"], str(without), "0", None, verdict, told)


def draw_counts(wave_plan: DataFrame) -> DataFrame:
    """Count exploration draws: their propensity, and where the message led (guide_to).

    Grain and key: cycle, wave, drawn_from, channel, benefit.
    """
    drawn = wave_plan.where("is_exploration").groupBy("cycle", "wave", "drawn_from", "channel", "benefit")
    ends = {"least": F.min("propensity"), "most": F.max("propensity"), "guide_to": F.max("guide_to")}
    return drawn.agg(F.count("*").alias("users"), *[column.alias(name) for name, column in ends.items()])


def draws(rows: Iterable[Row], *, srm_p: float) -> Iterator[Checked]:
    """Users per option drawn against what a month's propensities let expect, per wave: chi-square over options.

    Users with the same options to draw from are one multinomial; options that nobody drew share what the others'
    propensities leave. The statistics of a wave's multinomials add up, and so do their degrees of freedom.
    """
    known = sorted(rows, key=lambda row: (row["wave"], row["drawn_from"] or "", row["channel"], row["benefit"]))
    for wave in dict.fromkeys(row["wave"] for row in known):
        mine = [row for row in known if row["wave"] == wave]
        statistic, freedom = 0.0, 0
        for options in sorted({row["drawn_from"] or "" for row in mine}):
            drawn = [row for row in mine if (row["drawn_from"] or "") == options]
            found, added = _against(drawn, options=1 + len(options.split()))
            statistic, freedom = statistic + found, freedom + added
        users = sum(row["users"] for row in mine)
        is_mixed = any(row["least"] != row["most"] for row in mine)
        p = float(chi2.sf(statistic, freedom)) if freedom else None
        is_off = is_mixed or (p is not None and p < srm_p)
        counts = ", ".join(f"{name} {n}" for name, n in sorted(_by_option(mine, "users").items()))
        expected = ", ".join(f"{name} {n:.1f}" for name, n in sorted(_expected(mine).items()))
        judged = (
            "are as probable as recorded" if not is_off else "are not as probable as recorded: no lift may rest on them"
        )
        told = f" (chi-square {statistic:.1f}, {freedom} degrees of freedom, p = {p:.2g})" if p is not None else ""
        says = said("draws_off" if is_off else "draws_fair", f"{wave}: {users} draws {judged}{told}", users=users, p=p)
        yield Checked("exploration", wave, counts, expected, p, "warns" if is_off else "holds", says)


def led_elsewhere(rows: Iterable[Row], guides: Mapping[tuple[str, str, str], str | None]) -> dict[tuple[str, str], str]:
    """Cycles and waves in which an option led users elsewhere than now, each with its sentence.

    Their draws are of another message, and teach no lift of this one. rows: of `draw_counts`, of several cycles.
    guides: where each option leads now, by wave, channel and benefit; one that is no longer offered is not asked about.
    """
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        now = guides.get((row["wave"], row["channel"], row["benefit"]), row["guide_to"])
        if now != row["guide_to"]:
            option = f"{row['wave']}: {row['channel']}/{row['benefit']}"
            found[row["cycle"], row["wave"]] = (
                f"{option} led to {row['guide_to'] or 'nowhere'}, and now to {now or 'nowhere'}"
            )
    return found


def unfair(rows: Iterable[Row], *, srm_p: float) -> dict[tuple[str, str], str]:
    """Cycles and waves whose draws are not as probable as recorded, each with its sentence: they teach no lift.

    rows: of `draw_counts`, of several cycles.
    """
    known = list(rows)
    return {
        (cycle, found.subject): found.says
        for cycle in sorted({row["cycle"] for row in known})
        for found in draws([row for row in known if row["cycle"] == cycle], srm_p=srm_p)
        if found.verdict == "warns"
    }


def _against(drawn: list[Row], *, options: int) -> tuple[float, int]:
    """Chi-square of one multinomial, and its degrees of freedom."""
    users = sum(row["users"] for row in drawn)
    statistic = sum((row["users"] - users * row["most"]) ** 2 / (users * row["most"]) for row in drawn)
    left = users * (1 - sum(row["most"] for row in drawn))
    return statistic + (left if left > 1e-6 * users else 0.0), options - 1


def _by_option(rows: Iterable[Row], name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        option = "none" if row["channel"] == "none" else f"{row['channel']}/{row['benefit']}"
        found[option] = found.get(option, 0) + row[name]
    return found


def _expected(rows: list[Row]) -> dict[str, float]:
    users: dict[str, int] = {}
    for row in rows:
        users[row["drawn_from"]] = users.get(row["drawn_from"], 0) + row["users"]
    return _by_option([{**row, "expected": users[row["drawn_from"]] * row["most"]} for row in rows], "expected")


def _contacts(rows: Iterable[Row]) -> int:
    return sum(row["contacts"] for row in rows)


def _only(row: Row, has: str, lacks: str) -> bool:
    return bool(row[has]) and not row[lacks]

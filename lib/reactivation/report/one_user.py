"""One user's month as a story: what was known, what was decided and why, what came of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.report.page import shown

Row = Mapping[str, Any]
NOT_TAKEN = "not_taken"
"""Eligible, and yet not in the plan: capacity or budget ended before the user's place in the order."""
_WHY = {
    "profiling_refused": "refuses profiling: no score, no tier, no place in any order",
    "not_contactable": "may not be contacted: no consent that counts, or nowhere to write to",
    "holdout": "held out this month by lot, so that the campaign can be judged",
    "long_holdout": "held out for months by lot, so that all campaigns together can be judged",
    "not_selected": "not among those whom the own cell's policy picks",
    "does_not_qualify": "does not fulfil the wave's condition on its day",
    "no_channel": "none of the wave's channels may reach the user",
    "over_contact_limit": "had as many contacts as the contact policy allows",
    NOT_TAKEN: "qualified, but capacity or budget ended before the user's place in the order",
}
_TOUCHES = {
    "touched": "open to contact",
    "holdout": "held out by lot this month",
    "long_holdout": "held out by lot for months",
}
_DID = {
    "logged_in": "logged in",
    "transacted": "transacted",
    "has_asset_uplift": "assets rose",
    "opted_out": "opted out",
}


def most_planned(plan: DataFrame) -> DataFrame:
    """The user with the most rows of a plan, of equals the first; one row or none: user_id, count."""
    return plan.groupBy("user_id").count().orderBy(F.col("count").desc(), "user_id").limit(1)


def story(
    *,
    cycle: str,
    score: Row | None,
    tier: Row | None,
    arm: Row,
    waves: Mapping[str, tuple[Any, str | None]],
    planned: Iterable[Row],
    receipts: Iterable[Row],
    outcome: Row | None,
) -> list[dict[str, str]]:
    """Rows of when and what, in order. score, tier, arm, outcome: the user's row of these tables; None: there is none.

    waves: by wave its day, and the reason that rules the user out (None: eligible). planned: the user's rows of
    `wave_plan`. receipts: of `contacts`.
    """
    plans = {row["wave"]: row for row in planned}
    told = [(cycle, text) for text in _before(score, tier, arm)]
    for wave, (day, reason) in waves.items():
        told.append((f"{wave}, {day}", _of_wave(plans.get(wave), reason)))
        told += [
            (str(row["sent_at"])[:10], f"{row['channel']}: {row['status']}") for row in receipts if row["wave"] == wave
        ]
    told.append((f"end of {cycle}", _after(outcome)))
    return [{"when": when, "what": what} for when, what in told]


def _before(score: Row | None, tier: Row | None, arm: Row) -> Iterator[str]:
    yield "low activity by the bank's own rule: the programme is for this user"
    if score is None:
        yield "no score: profiling is refused"
    else:
        yield f"would be active with probability {shown(score['p_active'])} (model version {score['active_version']})"
    if tier is not None:
        yield f"tier {tier['tier'].replace('_', ' ')}, band {tier['band']} of the scores"
    if arm["policy"] == "none":
        yield "in no cell: may not be contacted at the observation date"
        return
    place = "" if arm["policy_rank"] is None else f", place {shown(arm['policy_rank'])} in its order"
    yield f"cell of the policy {arm['policy']}{place}: {'picked' if arm['is_selected'] else 'not picked'}"
    yield _TOUCHES.get(arm["touch"], str(arm["touch"]))


def _of_wave(plan: Row | None, reason: str | None) -> str:
    if plan is None:
        return f"nothing: {_WHY.get(reason or NOT_TAKEN, str(reason).replace('_', ' '))}"
    drawn = ", drawn by lot to learn what options do" if plan["is_exploration"] else ""
    if plan["channel"] == "none":
        return f"nothing{drawn}"
    benefit = "" if plan["benefit"] == "none" else f" with {plan['benefit'].replace('_', ' ')}"
    return f"{plan['channel']}{benefit} on {plan['send_on']}, expected cost {shown(float(plan['cost']))}{drawn}"


def _after(outcome: Row | None) -> str:
    if outcome is None:
        return "not known yet: the month has not been read out"
    did = [words for name, words in _DID.items() if outcome[name]]
    return ", ".join(did) or "neither login nor transaction nor more assets"

"""Money and harm per contact in the month's answers: net gain, and objections per thousand deliveries."""

from typing import Any

from reactivation.report.evidence import Evidence, Light, Row, reason_of, worst
from reactivation.report.facts import Facts
from reactivation.report.words import Words
from reactivation.statistics.verdicts import users_to_settle


def net_light(known: Evidence, net: Row | None, *, guarded: str) -> Light:
    """Green: surely worth its money at the registered value; red: surely not; grey: not known yet."""
    if net is None or net["difference_low"] is None:
        return "red" if net is not None and net["status"] == "withheld" else "grey"
    if net["difference_high"] < 0:
        return "red"
    return worst(known.guard_lights(guarded), of="green" if net["difference_low"] > 0 else "grey")


def net_notes(known: Evidence, net: Row | None, words: Words) -> tuple[str, ...]:
    """The net gain over all picked users who were open to contact, at the values that were registered."""
    value = known.facts.asked.get("value")
    if net is None or value is None:
        return (words("cost.no_value"),)
    if net["difference"] is None:
        return (words("cost.net_unknown", value=value, reason=reason_of(net, words)),)
    users = net["n_treatment"]
    sums = {name: net[f"difference{end}"] * users for name, end in (("net", ""), ("low", "_low"), ("high", "_high"))}
    of = {"value": value, "users": users, "alpha": net["alpha"] or known.facts.asked["alpha"], **sums}
    assets = known.facts.asked.get("asset_value")
    told = [words("cost.net_both", assets=assets, **of) if assets else words("cost.net", **of)]
    if net["difference_low"] <= 0 <= net["difference_high"]:
        told.append(words("cost.net_open", users=_users_to_tell(known, net)))
    return tuple(told)


def _users_to_tell(known: Evidence, net: Row) -> float | None:
    """Users at whom a net gain, or loss, as large as the one seen would be shown."""
    half, asked = (net["difference_high"] - net["difference_low"]) / 2, known.facts.asked
    if not net["difference"]:
        return None
    alpha, power = net["alpha"] or asked["alpha"], asked["power"]
    users = net["n_treatment"] + net["n_control"]
    return users_to_settle(users, half, abs(net["difference"]), alpha=alpha, power=power).users


def objections(facts: Facts) -> dict[str, Any]:
    """Delivered contacts of ours, and the complaints and opt-outs in their receipts."""
    return {
        "delivered": sum(row["contacts"] for row in facts.contacts if row["fate"] == "delivered"),
        "complained": sum(row.get("complained") or 0 for row in facts.contacts),
        "opted_out": sum(row.get("opted_out") or 0 for row in facts.contacts),
    }


def per_thousand(facts: Facts, words: Words) -> str | None:
    """Complaints and opt-outs per 1 000 delivered contacts; None where nothing is known to be delivered."""
    found = objections(facts)
    if not found["delivered"]:
        return None
    rates = {name: 1000 * found[name] / found["delivered"] for name in ("complained", "opted_out")}
    counts = {f"{name}_count": found[name] for name in rates}
    return words("harm.per_thousand", **rates, **counts, delivered=found["delivered"])

"""How often, and at what cost, a picked user is contacted in a month: what a held-out user would not have got."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.stats import norm

from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.statistics.shrinkage import Posterior


class Intensity(NamedTuple):
    """contacts_per_user: of a month, per picked user who is open to contact. basis: where it was seen, in words."""

    contacts_per_user: float
    cost_per_contact: float
    basis: str


def seen(contacts: DataFrame, arms: DataFrame) -> Intensity | None:
    """What past months sent to their picked and touched users; None where nobody was ever picked.

    contacts: that stand, of `ledger.standing`, so what was stopped is not counted. Both tables hold the same months.
    Guidance of users who were not picked is not counted.
    """
    open_to_contact = arms.where(F.col("is_selected") & (F.col("touch") == "touched")).select("cycle", "user_id")
    users = open_to_contact.count()
    sent = contacts.join(open_to_contact, ["cycle", "user_id"], "left_semi")
    row = sent.agg(F.count("*").alias("contacts"), F.sum("cost").alias("cost")).collect()[0]
    if not users or not row.contacts:
        return None
    return Intensity(row.contacts / users, float(row.cost) / row.contacts, "as sent in past months")


def at_most(settings: CampaignSettings, *, low_activity: int, open_to_contact: int) -> Intensity:
    """What conf allows: each wave contacts a user once at most, and no more users than its channels and budget hold.

    low_activity: users that the capacities are stated for. open_to_contact: picked users who are touched.
    """
    contacts = sum(_of_wave(wave, low_activity, open_to_contact) for wave in settings.waves.values())
    budget = _of_all(low_activity, (wave.budget_cny_per_1000_users for wave in settings.waves.values()))
    per_contact = budget / contacts if contacts else 0.0
    return Intensity(contacts / open_to_contact if open_to_contact else 0.0, per_contact, "at most, as conf allows")


def level(months: Iterable[Mapping[str, Any]], contacts_per_user: float) -> Posterior | None:
    """What one contact adds to the P(active) of a user whom the model picks, by months of touched against held out.

    months: rows of `readout` for `touch_model`, one a month, weighted by precision. contacts_per_user: of a picked user
    in a month, by which what the month adds is divided: contacts are taken to add alike. None where nothing is known.
    """
    rows = [row for row in months if row["status"] == "estimated" and row["alpha"] and contacts_per_user > 0]
    found = [
        (
            row["difference"],
            ((row["difference_high"] - row["difference_low"]) / 2 / float(norm.isf(row["alpha"] / 2))) ** 2,
        )
        for row in rows
    ]
    known = [(difference, variance) for difference, variance in found if variance > 0]
    if not known:
        return None
    precision = sum(1 / variance for _, variance in known)
    mean = sum(difference / variance for difference, variance in known) / precision
    return Posterior(mean / contacts_per_user, 1 / precision / contacts_per_user**2)


def _of_wave(wave: Wave, low_activity: int, open_to_contact: int) -> float:
    return min(float(open_to_contact), _of_all(low_activity, wave.capacity_per_1000_users.values()))


def _of_all(low_activity: int, per_1000_users: Iterable[Decimal]) -> float:
    return float(sum(per_1000_users, start=Decimal(0)) * low_activity / 1000)

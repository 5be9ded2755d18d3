"""How often, and at what cost, a picked user is contacted in a month: what a held-out user would not have got."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.planning.settings import Wave
from reactivation.campaign.settings import CampaignSettings


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


def _of_wave(wave: Wave, low_activity: int, open_to_contact: int) -> float:
    return min(float(open_to_contact), _of_all(low_activity, wave.capacity_per_1000_users.values()))


def _of_all(low_activity: int, per_1000_users: Iterable[Decimal]) -> float:
    return float(sum(per_1000_users, start=Decimal(0)) * low_activity / 1000)

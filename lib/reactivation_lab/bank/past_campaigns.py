"""Campaigns that the bank ran by its own rule before the programme: nobody was held out, so they are no evidence."""

from collections.abc import Iterator
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.periods import Month, Window
from reactivation_lab.bank.behaviour import month_number, monthly_rate
from reactivation_lab.bank.date_dimension import number
from reactivation_lab.bank.hash_rng import HashRng
from reactivation_lab.bank.response import CONTACT_COLUMNS
from reactivation_lab.bank.settings import SandboxSettings

WAVE = "rule"


def with_past(
    contacts: DataFrame | None, people: DataFrame, *, window: Window, settings: SandboxSettings
) -> DataFrame | None:
    """The contacts given and those of the past campaigns that may still count in a window; None where there are none.

    Both as `response.CONTACT_COLUMNS`.
    """
    sent_contacts = contacts
    for month in _months(window, settings):
        sent = _sent(people, month, settings)
        sent_contacts = sent if sent_contacts is None else sent_contacts.select(*CONTACT_COLUMNS).unionByName(sent)
    return sent_contacts


def _months(window: Window, settings: SandboxSettings) -> Iterator[Month]:
    """Past campaigns' months whose contacts lie within memory and effect before the window's end."""
    first = window.first - timedelta(days=settings.effects.longest_days + settings.effects.memory_days)
    for month in map(Month.parse, settings.past_campaigns.months):
        if first <= month.first + timedelta(days=settings.past_campaigns.day - 1) < window.end:
            yield month


def _sent(people: DataFrame, month: Month, settings: SandboxSettings) -> DataFrame:
    """One contact per user whom the rule finds by what the month before showed of him, and half by chance."""
    past, rng = settings.past_campaigns, HashRng(settings.seed)
    day = month.first + timedelta(days=past.day - 1)
    before = F.lit(month_number(month.window) - 1)
    is_open = (F.col("signed_up_day") < number(month.first)) & (F.col("closed_day") > number(day))
    is_found = (F.col("card_rate") >= past.card_rate_from) & (monthly_rate(before, settings) <= past.login_rate_to)
    is_drawn = rng.happens(past.share, "past_campaign", "user_id", F.lit(number(day)))
    given = {
        "contact_id": F.concat_ws("-", F.lit(WAVE), F.lit(str(month)), "user_id"),
        "cycle": F.lit(str(month)),
        "wave": F.lit(WAVE),
        "channel": F.lit(past.channel),
        "benefit": F.lit(past.benefit),
        "send_on": F.lit(day),
    }
    return people.where(is_open & is_found & is_drawn).withColumns(given).select(*CONTACT_COLUMNS)

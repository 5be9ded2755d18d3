"""What the conditions of a wave may read: features, month to date, place in the cell's order, and the model's word.

The model's word is there for cells that read the model alone. Conditions of the other cells are checked against a table
that does not have it, so they cannot read it, whatever they say.
"""

from collections.abc import Collection, Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.campaign.assignment.settings import MODEL_FACTS
from reactivation.campaign.planning.settings import Wave
from reactivation.contracts import canonical
from reactivation.contracts.derived import CHALLENGER, READS_MODEL
from reactivation.contracts.expression import condition
from reactivation.periods import Calendar

MASTER_DATA = ("branch",)
"""Columns of the spine that conditions may read beside features, which have the others of their kind."""


def month_to_date(months: DataFrame, measures: Collection[str]) -> DataFrame:
    """One row per user with `<measure>_to_date`; masks of days become numbers of days.

    months: one row per user, from the first of the month to the day before the wave. measures: those of the sources the
    region has; what it does not have is no column, so that a condition on it is an error rather than never true.
    """
    counted = [
        (F.bit_count(name) if name.endswith("_days") else F.col(name)).alias(f"{name}_to_date") for name in measures
    ]
    return months.select("user_id", *counted)


def gather(
    arms: DataFrame,
    *,
    cells: Mapping[str, int],
    tiers: DataFrame,
    scores: DataFrame,
    features: DataFrame,
    to_date: DataFrame,
    reach: DataFrame,
    recent: DataFrame,
) -> DataFrame:
    """One row per low-activity user with everything a wave looks at.

    cells: users per cell; those but of `none` are contactable. reach: of `population.contactable`, as of the wave.
    recent: of `population.recently_contacted`. Who did nothing in the month to date has 0 there.
    is_profiling_refused: as of the wave, or at the observation date, since when the user has no tier. Each
    `profile_<name>` of features stands there as `<name>` as well, the age as `age`.
    """
    numbers = {"bigint", "int"}
    counts = [name for name, kind in to_date.dtypes if kind in numbers or kind.startswith("decimal")]
    contactable = sum(users for cell, users in cells.items() if cell != "none")
    known = features.drop("cycle").withColumns(_by_plain_name(features, [*arms.columns, *reach.columns]))
    return (
        arms.drop("cycle")
        .join(tiers.select("user_id", "tier", "band"), "user_id", "left")
        .join(scores.select("user_id", *[name for name in MODEL_FACTS if name in scores.columns]), "user_id", "left")
        .join(known, "user_id", "left")
        .join(to_date, "user_id", "left")
        .join(reach, "user_id", "left")
        .join(recent.drop("recent_contacts"), "user_id", "left")
        .withColumns(
            {
                **{name: F.coalesce(name, F.lit(0)) for name in counts if name != "user_id"},
                "policy_rank_share": F.col("policy_rank") / F.nullif(F.lit(contactable), F.lit(0)),
                **{name: F.coalesce(name, F.lit(False)) for name in recent.columns if name.startswith("is_")},
                "is_profiling_refused": F.col("tier").isNull() | ~F.coalesce("is_profiling_allowed", F.lit(True)),
                "is_barred_unread": F.coalesce("is_barred_unread", F.lit(False)),
            }
        )
    )


def _by_plain_name(features: DataFrame, taken: Collection[str]) -> dict[str, Column]:
    """What the master data say of a user, by the names that people use: `segment`, `age`, the region's own."""
    plain = {name.removeprefix("profile_"): name for name in features.columns if name.startswith("profile_")}
    if "age_years" in plain:
        plain["age"] = plain.pop("age_years")
    return {name: F.col(column) for name, column in plain.items() if name not in (*features.columns, *taken)}


def qualifies(facts: DataFrame, wave: Wave, *, name: str) -> Column:
    """True where a user meets the wave's condition of the own cell; not yet whether picked or open to contact."""
    return _of_own_cell(facts, wave.qualifies, key=f"campaign.waves.{name}.qualifies")


def goes_first(facts: DataFrame, wave: Wave, *, name: str) -> Column:
    """True where a user goes before the others of the own cell, whatever their ranks."""
    return _of_own_cell(facts, wave.first or {}, key=f"campaign.waves.{name}.first")


def _of_own_cell(facts: DataFrame, conditions: Mapping[str, str], *, key: str) -> Column:
    own = F.lit(None).cast("boolean")
    as_model = {CHALLENGER: conditions["model"]} if "model" in conditions else {}
    for policy, expression in (as_model | dict(conditions)).items():
        readable = facts if policy in READS_MODEL else without_model(facts)
        meets = condition(readable, expression, key=f"{key}.{policy}")
        own = F.when(F.col("policy") == policy, meets).otherwise(own)
    return F.coalesce(own, F.lit(False))


def options_mask(facts: DataFrame, wave: Wave, *, name: str) -> Column:
    """Bit i is set where the user can get option i: its channel reaches him and may be used now, his facts fit."""
    mask = F.lit(0)
    for i, option in enumerate(wave.options):
        key = f"campaign.waves.{name}.options.{i}.only_if"
        is_meant = condition(without_model(facts), option.condition or "true", key=key)
        mask = mask + F.when(can_reach(option.channel) & is_meant, 1 << i).otherwise(0)
    return mask.cast("int")


def can_reach(channel: str) -> Column:
    """True where the channel reaches the user and may be used as of the wave, its own limit among the reasons."""
    is_open = F.col("is_contactable") & F.col(f"can_{channel}") & ~F.col(f"is_over_{channel}_limit")
    return F.coalesce(is_open, F.lit(False))


def without_model(facts: DataFrame) -> DataFrame:
    """The facts that conditions of cells which do not read the model may read."""
    return facts.drop(*MODEL_FACTS, *[f"picked_by_{policy}" for policy in READS_MODEL])


def as_sent(earlier: DataFrame, receipts: DataFrame | None, *, known_before: date, calendar: Calendar) -> DataFrame:
    """What earlier waves planned, of this cycle and of those before it, as contacts, with the receipts that are in.

    Receipts may be late; a contact without one that arrived before 00:00 of `known_before` counts as delivered at the
    beginning of its day, and as known. So a wave planned again, when all receipts are in, is the same wave. A receipt
    that names another user tells nothing of the contact.
    """
    planned = earlier.where(F.col("contact_id").isNotNull())
    if receipts is not None:
        known = receipts.where(calendar.is_before("arrived_at", known_before))
        planned = planned.join(known.select("contact_id", "user_id"), ["contact_id", "user_id"], "left_anti")
    local = F.col("send_on").cast("timestamp_ntz")
    sent_at = F.convert_timezone(F.lit(calendar.zone), F.current_timezone(), local).cast("timestamp")
    contacts = canonical.CONTACTS.select(
        planned.withColumns(
            {
                "sent_at": sent_at,
                "arrived_at": F.least(sent_at, calendar.starts(known_before) - F.expr("interval 1 second")),
                "status": F.lit("delivered"),
                "arrival_cycle": F.col("cycle"),
                "row_hash": F.lit(None),
            }
        )
    )
    return contacts if receipts is None else receipts.unionByName(contacts)


def as_outside(receipts: DataFrame, outside_contacts: DataFrame | None) -> DataFrame:
    """Contacts of other scenarios that reached a user, beside those of other senders: user_id, channel, both times.

    receipts: of contacts of other scenarios. outside_contacts: None where the region has no such table.
    """
    columns = "user_id", "channel", "sent_at", "arrived_at"
    reached = receipts.where(F.col("status").isin(*canonical.REACHED)).groupBy("contact_id", *columns[:3])
    others = reached.agg(F.min("arrived_at").alias("arrived_at")).select(*columns)
    return others if outside_contacts is None else outside_contacts.select(*columns).unionByName(others)

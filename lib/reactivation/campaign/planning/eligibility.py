"""Before a wave is planned: who stands in which line, and of all others the first reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.assignment.ranks import by_hash
from reactivation.campaign.planning import facts
from reactivation.campaign.planning.allocation import GUIDANCE
from reactivation.campaign.settings import GUIDED_TIERS, CampaignSettings, Wave
from reactivation.contracts.derived import POLICIES
from reactivation.contracts.expression import condition

_PIECES = 256


@dataclass(frozen=True)
class WaveSalts:
    """Salts of a wave's draws: who explores, what is drawn, and the order of those whom no policy ranks."""

    explorers: str
    options: str
    guidance: str


def line_up(
    known: DataFrame,
    *,
    wave: Wave,
    name: str,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    salts: WaveSalts,
) -> DataFrame:
    """One narrow row per low-activity user: in the line of the own cell, or out with the first reason.

    Grain: user_id. known: from `facts.gather`. cells: users per cell. Columns: policy, out (null: waits in line), line,
    place, piece, mask (the options the user can get), tier, explorer and draw (hash buckets). Planning counts these
    rows several times, so the caller keeps them until the wave is written.
    """
    is_picked, is_guided = F.col("is_selected"), _is_guided(known, wave, name=name)
    guidance_mask = F.when(facts.can_reach(settings.guidance_channel), 1 << len(wave.options)).otherwise(0)
    mask = F.when(is_picked, facts.options_mask(known, wave, name=name)).otherwise(guidance_mask)
    by_chance = randomization.hashed(salts.guidance)
    ranked_users = sum(cells.get(policy, 0) for policy in POLICIES)
    rank_piece = F.floor(F.col("policy_rank") * _PIECES / (ranked_users + 1)).cast("int")
    return known.select(
        "user_id",
        "policy",
        F.coalesce(
            F.when(F.col("policy") == "none", "not_contactable"),
            F.when(F.col("touch") != "touched", F.col("touch")),
            F.when(~is_picked & ~is_guided, "not_selected"),
            F.when(is_picked & ~facts.qualifies(known, wave, name=name), "does_not_qualify"),
            F.when(mask == 0, "no_channel"),
            F.when(F.col("is_over_contact_limit"), "over_contact_limit"),
        ).alias("out"),
        F.when(is_picked, F.col("policy")).otherwise(GUIDANCE).alias("line"),
        F.when(is_picked, F.col("policy_rank")).otherwise(by_chance).alias("place"),
        F.when(is_picked, rank_piece).otherwise(by_hash(by_chance)).alias("piece"),
        mask.alias("mask"),
        "tier",
        randomization.bucket(salts.explorers).alias("explorer"),
        randomization.bucket(salts.options).alias("draw"),
    )


def _is_guided(known: DataFrame, wave: Wave, *, name: str) -> Column:
    """True for the users of the cell `model` whom it does not pick and this wave may guide at no cost."""
    if wave.guidance is None:
        return F.lit(False)
    wanted = condition(known, wave.guidance, key=f"campaign.waves.{name}.guidance")
    may_be = (F.col("policy") == "model") & F.col("tier").isin(*GUIDED_TIERS)
    return F.coalesce(~F.col("is_selected") & may_be & wanted, F.lit(False))

"""Before a wave is allocated: who is eligible, in which queue and for which options, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.assignment.arms import LIFT
from reactivation.campaign.assignment.ranks import by_hash
from reactivation.campaign.planning import facts
from reactivation.campaign.planning.capacity import GUIDANCE, GUIDANCE_QUEUES
from reactivation.campaign.planning.settings import GUIDED_TIERS, Wave
from reactivation.campaign.settings import CampaignSettings
from reactivation.contracts.derived import READS_MODEL
from reactivation.contracts.expression import condition
from reactivation.frames import by_value

_RANK_BUCKETS = 256


@dataclass(frozen=True)
class WaveSalts:
    """Salts of a wave's draws: who explores, which option is drawn, and the order of users whom no policy ranks."""

    explorers: str
    options: str
    guidance: str


def eligibility(
    known: DataFrame,
    *,
    wave: Wave,
    name: str,
    cells: Mapping[str, int],
    settings: CampaignSettings,
    salts: WaveSalts,
) -> DataFrame:
    """One narrow row per low-activity user; grain user_id. known: from `facts.gather`. cells: users per cell.

    reason: the first one that rules the user out, null for the eligible. queue: the policy of the own cell, or its
    queue of `GUIDANCE_QUEUES`. rank: BIGINT place in the queue, unique there: by the policy's rank, after those whom
    the wave lets go first. rank_bucket: INT that follows rank, at most 256 per queue. options_mask: bit i is set where
    the user can get option i, the bit after the last for guidance. exploration_bucket, option_bucket: hash buckets of
    the two draws. by_chance: unique hash, which orders equals. Also policy, tier, is_barred_unread, branch where it is
    known, and lift_active where some cell reckons with it, null in the others. In cells that read the model whoever is
    not of high potential gets nothing that costs. Planning queries these rows several times, so the caller checkpoints
    them.
    """
    by_lift = settings.cells_by_lift if LIFT in known.columns else ()
    own = [F.when(F.col("policy").isin(*by_lift), F.col(LIFT)).alias(LIFT)] if by_lift else []
    is_picked, is_guided = F.coalesce("is_selected", F.lit(False)), _is_guided(known, wave, name=name)
    guidance_mask = F.when(facts.can_reach(settings.guidance_channel), 1 << len(wave.options)).otherwise(0)
    mask = F.when(is_picked, _affordable(facts.options_mask(known, wave, name=name), wave, settings))
    mask = mask.otherwise(guidance_mask)
    by_chance = randomization.hashed(salts.guidance)
    ranked_users = sum(users for cell, users in cells.items() if cell != "none")
    rank, last = F.col("policy_rank"), ranked_users
    if wave.first is not None:
        rank, last = rank + F.when(facts.goes_first(known, wave, name=name), 0).otherwise(last), 2 * last
    rank_bucket = F.floor(rank * _RANK_BUCKETS / (last + 1)).cast("int")
    return known.select(
        "user_id",
        "policy",
        F.coalesce(
            F.when(F.col("is_profiling_refused"), "profiling_refused"),
            F.when(F.col("policy") == "none", "not_contactable"),
            F.when(~F.col("touch").eqNullSafe("touched"), F.coalesce("touch", F.lit("not_contactable"))),
            F.when(~is_picked & ~is_guided, "not_selected"),
            F.when(is_picked & ~facts.qualifies(known, wave, name=name), "does_not_qualify"),
            F.when(mask == 0, "no_channel"),
            F.when(F.col("is_over_contact_limit"), "over_contact_limit"),
            F.when(F.col("is_in_quiet_days"), "quiet_days"),
        ).alias("reason"),
        F.when(is_picked, F.col("policy"))
        .otherwise(by_value(F.col("policy"), GUIDANCE_QUEUES, GUIDANCE))
        .alias("queue"),
        F.when(is_picked, rank).otherwise(by_chance).alias("rank"),
        F.when(is_picked, rank_bucket).otherwise(by_hash(by_chance)).alias("rank_bucket"),
        mask.alias("options_mask"),
        "tier",
        "is_barred_unread",
        by_chance.alias("by_chance"),
        *(name for name in ("branch",) if name in known.columns),
        *own,
        randomization.bucket(salts.explorers).alias("exploration_bucket"),
        randomization.bucket(salts.options).alias("option_bucket"),
    )


def _affordable(mask: Column, wave: Wave, settings: CampaignSettings) -> Column:
    """The options of a mask, in cells that read the model without those that cost, but for users of high potential."""
    free = sum(1 << place for place, option in enumerate(wave.options) if not settings.cost(option))
    may_cost = ~F.col("policy").isin(*READS_MODEL) | (F.col("tier") == "high_potential")
    return F.when(F.coalesce(may_cost, F.lit(False)), mask).otherwise(mask.bitwiseAND(free))


def _is_guided(known: DataFrame, wave: Wave, *, name: str) -> Column:
    """True for the users of a cell that reads the model whom it does not pick and this wave may guide at no cost."""
    if wave.guided is None:
        return F.lit(False)
    wanted = condition(known, wave.guided, key=f"campaign.waves.{name}.guidance")
    may_be = F.col("policy").isin(*READS_MODEL) & F.col("tier").isin(*GUIDED_TIERS)
    return F.coalesce(~F.col("is_selected") & may_be & wanted, F.lit(False))

"""Where chance puts every low-activity user before the first wave: cell, what each policy would pick, touch.

Nothing here is drawn from a generator: cell and touch are hashes of the user's number under the salts of the registered
plan, so anyone can recompute them. A user's facts and scores change what is picked, never the cell or the touch.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation import randomization
from reactivation.campaign.assignment.ranks import Order, ranked
from reactivation.campaign.assignment.settings import ArmSettings, ChallengerSettings
from reactivation.contracts import derived
from reactivation.contracts.derived import ALL_POLICIES, policies_in
from reactivation.contracts.expression import number
from reactivation.frames import checkpointed

LIFT = "lift_active"
"""What the whole month is learnt to add to a user; scores that do not have it are ordered without it."""
_FURTHEST_RAW = 1000.0
"""Scores are log-odds, of a few units; what lies further apart than this is of another band."""


@dataclass(frozen=True)
class ArmSalts:
    """Salts of the draws. All name the cycle, except `long_holdout`, which names the month it began and so stays."""

    cell: str
    touch: str
    long_holdout: str
    order: str
    ties: str


def assign(
    scores: DataFrame,
    tiers: DataFrame,
    features: DataFrame,
    contactable: DataFrame,
    *,
    cycle: str,
    settings: ArmSettings,
    salts: ArmSalts,
    gains: Mapping[int, float],
    challenger: DataFrame | None = None,
) -> DataFrame:
    """One row per low-activity user: `arms`. Grain and key: cycle, user_id.

    features: of the cycle. contactable: user_id, is_contactable at the observation date. Who is not contactable, or has
    no score because he refuses profiling, is in the cell `none`, is picked by nobody and has no touch. Every policy
    orders all contactable users, whatever their cell: `model` the high-potential ones by the expected gain of their
    band and then by raw score, `rule` by the bank's expression, `random` by hash. Each picks the same number: the top
    `selected_share`, or as many as `model` has candidates, where these are fewer. gains: per band (`tiers.gains`);
    empty while none are known: then by raw score alone. scores: with `lift_active`, where users are ordered by their
    own lifts; where it is null, by their bands'. challenger: of `by_challenger` in a month that has that cell: its
    order of the same candidates; None: `picked_by_challenger` is null.
    """
    facts, own = features.drop("cycle"), [name for name in scores.columns if name == LIFT]
    rule = number(facts, settings.rule_order, key="campaign.arms.rule_order")
    users = (
        facts.where("is_low_activity")
        .select("user_id", rule.alias("rule_value"))
        .join(scores.select("user_id", "raw_active", *own, F.lit(True).alias("is_scored")), "user_id", "left")
        .join(tiers.select("user_id", "tier", *(["band"] if gains else [])), "user_id", "left")
        .join(contactable.select("user_id", "is_contactable"), "user_id", "left")
        .withColumn("is_contactable", F.coalesce("is_contactable", F.lit(False)) & F.col("is_scored").isNotNull())
        .transform(lambda users: users if challenger is None else users.join(challenger, "user_id", "left"))
        .transform(checkpointed)
    )
    is_candidate = F.col("is_contactable") & (F.col("tier") == "high_potential")
    counts = users.agg(F.count_if("is_contactable").alias("all"), F.count_if(is_candidate).alias("model")).collect()[0]
    picks = min(int(Decimal(str(settings.selected_share)) * counts["all"]), counts["model"])
    return derived.ARMS.select(
        users.transform(_with_ranks, is_candidate=is_candidate, salts=salts, gains=gains)
        .transform(_with_draws, settings=settings, salts=salts)
        .transform(_with_picks, picks=picks)
        .withColumn("cycle", F.lit(cycle))
    )


def _with_draws(users: DataFrame, *, settings: ArmSettings, salts: ArmSalts) -> DataFrame:
    """Add policy and touch to users with `is_contactable`.

    The long holdout is drawn first, from everybody; the month's holdout from the rest.
    """
    long, month = settings.long_holdout_share, settings.holdout_share
    is_long = randomization.is_within(randomization.bucket(salts.long_holdout), long)
    is_month = randomization.is_within(randomization.bucket(salts.touch), month / (1 - long))
    touch = F.when(is_long, "long_holdout").when(is_month, "holdout").otherwise("touched")
    policy = randomization.draw(randomization.bucket(salts.cell), settings.cells)
    is_contactable = F.col("is_contactable")
    return users.withColumns(
        {"policy": F.when(is_contactable, policy).otherwise("none"), "touch": F.when(is_contactable, touch)}
    )


def touched_probability(*, holdout_share: float, long_holdout_share: float) -> float:
    """P(open to contact) of every user of a cell who is not in the long holdout, as `_with_draws` draws it.

    >>> touched_probability(holdout_share=0.45, long_holdout_share=0.05)
    0.5263
    """
    held_out = holdout_share / (1 - long_holdout_share)
    return randomization.probabilities({"holdout": held_out, "touched": 1 - held_out})["touched"]


def drawn(picked: DataFrame, *, settings: ArmSettings, salts: ArmSalts) -> DataFrame:
    """Add policy, touch and is_selected to contactable users of whom `picked_by_<policy>` is known already."""
    is_contactable = picked.withColumn("is_contactable", F.lit(True))
    own_pick = _own_pick(picked.columns)
    return is_contactable.transform(_with_draws, settings=settings, salts=salts).withColumn("is_selected", own_pick)


def _own_pick(known: Collection[str]) -> Column:
    """Whether the user's own policy picks him. known: columns, `picked_by_<policy>` of some policies among them."""
    policies = [policy for policy in ALL_POLICIES if f"picked_by_{policy}" in known]
    own = [F.when(F.col("policy") == p, F.col(f"picked_by_{p}")) for p in policies]
    return F.coalesce(*own, F.lit(False))


def sizes(arms: DataFrame) -> dict[str, int]:
    """Users per `policy.selected.touch` and `policy.all.touch`: what the power of the experiment rests on.

    The cells that every month has are all there, the challenger's where it has users.
    """
    counts = (
        arms.where(F.col("touch").isNotNull())
        .groupBy("policy", "touch")
        .agg(F.count("*").alias("all"), F.count_if("is_selected").alias("selected"))
    )
    found = {(row.policy, row.touch): row for row in counts.collect()}
    return {
        f"{policy}.{part}.{touch}": int(found[policy, touch][part]) if (policy, touch) in found else 0
        for policy in policies_in({policy for policy, _ in found})
        for part in ("selected", "all")
        for touch in derived.TOUCHES
    }


def by_touch(arms: DataFrame) -> DataFrame:
    """Users of each cell by touch, and how many of them the cell's own policy picked; a row per cell and touch."""
    return (
        arms.groupBy(F.col("policy").alias("cell"), F.coalesce("touch", F.lit("not contactable")).alias("touch"))
        .agg(F.count("*").alias("users"), F.count_if("is_selected").alias("picked"))
        .orderBy("cell", "touch")
    )


def cell_sizes(arms: DataFrame) -> dict[str, int]:
    """Users per cell, `none` among them; that of the challenger is there where it has users."""
    counts = {row.policy: int(row["count"]) for row in arms.groupBy("policy").count().collect()}
    return {cell: counts.get(cell, 0) for cell in (*policies_in(counts), "none")}


def by_gain(raw: Column, band: Column, gains: Mapping[int, float]) -> Column:
    """What the model's order goes by: bands with a larger gain lie wholly above the others, raw decides within them."""
    if not gains:
        return raw
    places = {gain: place for place, gain in enumerate(sorted(set(gains.values())))}
    floor = F.coalesce(*[F.when(band == n, F.lit(places[gain] * _FURTHEST_RAW)) for n, gain in gains.items()])
    return floor + raw


def by_challenger(features: DataFrame, scores: DataFrame, settings: ChallengerSettings) -> DataFrame:
    """user_id, by_challenger: what the challenger's order goes by, the highest first. Both tables are the cycle's."""
    known = features.drop("cycle").join(scores.drop("cycle"), "user_id")
    order = number(known, settings.expression, key="campaign.challenger.order")
    return known.select("user_id", order.alias("by_challenger"))


def by_lift(lift: Column, raw: Column) -> Column:
    """The model's order by users' own lifts, to a hundredth of a point; raw decides among equals. Null: unknown."""
    return F.round(lift * 10_000) * _FURTHEST_RAW + raw


def _with_ranks(users: DataFrame, *, is_candidate: Column, salts: ArmSalts, gains: Mapping[int, float]) -> DataFrame:
    is_contactable, ties = F.col("is_contactable"), randomization.hashed(salts.ties)
    by_chance = randomization.hashed(salts.order)
    by_model = by_gain(F.col("raw_active"), F.col("band"), gains)
    if LIFT in users.columns:
        by_model = F.coalesce(by_lift(F.col(LIFT), F.col("raw_active")), by_model)
    orders = {
        "rank_model": Order(by_model, ties, is_candidate),
        "rank_rule": Order(F.col("rule_value"), ties, is_contactable),
        "rank_random": Order(F.lit(0.0), by_chance, is_contactable),
    }
    if "by_challenger" in users.columns:
        orders["rank_challenger"] = Order(F.col("by_challenger"), ties, is_candidate)
    return ranked(users, orders)


def _with_picks(users: DataFrame, *, picks: int) -> DataFrame:
    ranks = {p: F.col(f"rank_{p}") for p in ALL_POLICIES if f"rank_{p}" in users.columns}
    nobody = F.lit(None).cast("boolean")
    picked = {
        f"picked_by_{p}": F.coalesce(ranks[p] <= picks, F.lit(False)) if p in ranks else nobody for p in ALL_POLICIES
    }
    of_own_cell = F.coalesce(*[F.when(F.col("policy") == p, rank) for p, rank in ranks.items()])
    return users.withColumns({**picked, "policy_rank": of_own_cell}).withColumn("is_selected", _own_pick(list(picked)))

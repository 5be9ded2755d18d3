"""Month by month: what the programme spent, whom it moved, and how good its scores were for untouched users."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.derived import ALL_POLICIES, POLICIES
from reactivation.contracts.table import MONEY

Row = Mapping[str, Any]
Rows = list[dict[str, Any]]


def spending(
    outcomes: DataFrame, arms: DataFrame, *, as_planned: Collection[str] = (), of_all: bool = False
) -> DataFrame:
    """Picked users open to contact and what was spent on them. Grain and key: cycle, policy. Three rows per month.

    Spent is what was delivered, at its cost, and benefits redeemed, of which there are none where none was allotted;
    null where it is not known of a user. as_planned: months registered so (0.1.0), of which what was planned stands for
    what is not known. of_all: all users of the cell open to contact, the picked, the guided and the rest.
    """
    redeemed = F.coalesce("benefits_redeemed", F.when(F.col("spend") == F.col("contact_cost"), 0).cast(MONEY))
    planned = F.when(F.col("cycle").isin(*as_planned), F.col("spend"))
    spent = F.coalesce(F.col("delivered_cost") + redeemed, planned)
    is_open = (F.lit(of_all) | F.col("is_selected")) & (F.col("touch") == "touched")
    picked = arms.where(is_open).select("cycle", "user_id", "policy")
    return (
        outcomes.select("cycle", "user_id", spent.alias("spend"))
        .join(picked, ["cycle", "user_id"])
        .groupBy("cycle", "policy")
        .agg(F.count("*").alias("users"), F.sum("spend").cast("double").alias("spend"), F.count("spend").alias("known"))
        .select("cycle", "policy", "users", F.when(F.col("known") == F.col("users"), F.col("spend")).alias("spend"))
    )


def months(
    *,
    spent: Iterable[Row],
    readout: Iterable[Row],
    evaluation: Iterable[Row],
    bands: Iterable[Row],
    truth: Iterable[Row],
    oracle: Iterable[Row],
) -> Rows:
    """One row per cycle and policy, in order.

    spent: of `spending`. readout: of `touch_<policy>` on one metric, segment `all`. Incremental users are the effect
    times the picked users who were open to contact. The cost of one is the spend over the incremental users; its ends
    come from the ends of the effect, and it has no upper end where the effect is not surely above 0. evaluation: of the
    model of activity on the untouched. bands: of `tier_bands`. truth: of the sandbox's effects on the same metric.
    oracle: the AUC that the true probabilities of untouched low-active users would reach. `share_of_oracle` is the
    model's AUC above one half as a share of the oracle's. truth and oracle are empty outside a sandbox.
    """
    effects = {(row["cycle"], row["contrast"]): row for row in readout}
    figures = {(row["cycle"], row["metric"]): row["value"] for row in evaluation}
    true = {(row["cycle"], row["contrast"]): row["value"] for row in truth}
    best = {row["cycle"]: row["auc"] for row in oracle}
    borders = _borders(bands)
    found = []
    for row in sorted(spent, key=lambda r: (r["cycle"], ALL_POLICIES.index(r["policy"]))):
        cycle, contrast, users, spend = row["cycle"], f"touch_{row['policy']}", row["users"], row["spend"]
        effect = effects.get((cycle, contrast), {})
        moved, low, high = (_times(effect.get(name), users) for name in _ENDS)
        really = _times(true.get((cycle, contrast)), users)
        found.append(
            {
                "cycle": cycle,
                "policy": row["policy"],
                "users": users,
                "spend": spend,
                "incremental": moved,
                "incremental_low": low,
                "incremental_high": high,
                "incremental_true": really,
                "cost_each": _price(spend, moved),
                "cost_each_low": _price(spend, high),
                "cost_each_high": _price(spend, low),
                "cost_each_true": _price(spend, really),
                "auc_untouched": figures.get((cycle, "auc")),
                "auc_oracle": best.get(cycle),
                "share_of_oracle": _share(figures.get((cycle, "auc")), best.get(cycle)),
                "slope_untouched": figures.get((cycle, "calibration_slope")),
                "tiers": borders.get(cycle),
            }
        )
    return found


def without_tiers(rows: Iterable[Row]) -> Rows:
    """The same rows without the tiers' borders, which are long."""
    return [{name: value for name, value in row.items() if name != "tiers"} for row in rows]


def sentences(rows: Sequence[Row], *, metric: str) -> list[str]:
    """The table in words: per cycle a sentence on the scores, and one per policy."""
    told = []
    for row in rows:
        if row["policy"] == POLICIES[0]:
            told.append(_of_scores(row))
        told.append(_of_policy(row, metric))
    return told


def plot(rows: Sequence[Row], *, metric: str) -> str:
    """Four pictures as one SVG: spend, users moved, cost of one, quality of the scores; truth as hollow marks."""
    with mpl.rc_context({"svg.hashsalt": "loop"}):
        figure = Figure(figsize=(11, 7.5), layout="constrained")
        axes = figure.subplots(2, 2)
        for policy in dict.fromkeys(row["policy"] for row in rows):
            own = [row for row in rows if row["policy"] == policy]
            cycles = [row["cycle"] for row in own]
            axes[0, 0].plot(cycles, _numbers(own, "spend"), marker="o", label=policy)
            for place, name in ((axes[0, 1], "incremental"), (axes[1, 0], "cost_each")):
                lines = place.plot(cycles, _numbers(own, name), marker="o", label=policy)
                place.fill_between(
                    cycles, _numbers(own, f"{name}_low"), _numbers(own, f"{name}_high"), alpha=0.12, linewidth=0
                )
                hollow = {"marker": "s", "mfc": "none", "linestyle": ":", "color": lines[0].get_color()}
                place.plot(cycles, _numbers(own, f"{name}_true"), **hollow)
        own = [row for row in rows if row["policy"] == "model"]
        for name in ("auc_untouched", "slope_untouched"):
            axes[1, 1].plot([row["cycle"] for row in own], _numbers(own, name), marker="o", label=name)
        axes[0, 0].set(title="spend on the picked")
        axes[0, 1].set(title=f"incremental users, {metric} (dotted: truth)")
        axes[1, 0].set(title="spend per incremental user (dotted: truth)")
        axes[1, 1].set(title="scores of users left alone")
        for place in axes.flat:
            place.legend(fontsize="small")
        page = StringIO()
        figure.savefig(page, format="svg", metadata={"Date": None})
    return page.getvalue()


SLOPES = (0.9, 1.1)
"""Calibration slopes of untouched users from the lower to the upper of which scores are spread as they should be."""
_ENDS = ("difference", "difference_low", "difference_high")


def _borders(bands: Iterable[Row]) -> dict[str, str]:
    """Tiers of each cycle by their bands' scores, the highest first: `natural_converter 0.8-1, high_potential …`."""
    found: dict[str, list[list[Any]]] = {}
    for row in sorted(bands, key=lambda r: (r["cycle"], r["band"])):
        runs = found.setdefault(row["cycle"], [])
        if runs and runs[-1][0] == row["tier"]:
            runs[-1][1] = row["score_low"]
        else:
            runs.append([row["tier"], row["score_low"], row["score_high"]])
    return {cycle: ", ".join(f"{t} {low:g}-{high:g}" for t, low, high in runs) for cycle, runs in found.items()}


def _times(share: float | None, users: int) -> float | None:
    return None if share is None else share * users


def _price(spend: float | None, users: float | None) -> float | None:
    return None if spend is None or users is None or users <= 0 else spend / users


def _numbers(rows: Sequence[Row], name: str) -> list[float]:
    return [float("nan") if row[name] is None else float(row[name]) for row in rows]


def _of_policy(row: Row, metric: str) -> str:
    spent = "not known what was" if row["spend"] is None else f"{row['spend']:.2f}"
    start = f"{row['cycle']}, {row['policy']}: {spent} spent on {row['users']} picked users"
    if row["incremental"] is None:
        return f"{start}; what that moved ({metric}) is not known"
    moved = f"{row['incremental']:.1f} more {metric} ({row['incremental_low']:.1f} to {row['incremental_high']:.1f})"
    true = "" if row["incremental_true"] is None else f", in truth {row['incremental_true']:.1f}"
    price = "" if row["cost_each"] is None else f"; {row['cost_each']:.2f} each"
    return f"{start}; {moved}{true}{price}"


def _of_scores(row: Row) -> str:
    auc, slope, share = row["auc_untouched"], row["slope_untouched"], row["share_of_oracle"]
    if auc is None:
        return f"{row['cycle']}: how good the scores were for users left alone is not known"
    of_oracle = "" if share is None else f", {share:.0%} of what the truth itself would have above one half"
    start = f"{row['cycle']}: scores of users left alone reach an AUC of {auc:.3f}{of_oracle}"
    if slope is None:
        return f"{start}; the slope of their calibration is not known"
    low, high = SLOPES
    judged = f"within {low} to {high}"
    if not low <= slope <= high:
        judged = f"outside {low} to {high}: {'too far spread' if slope < low else 'too little spread'}"
    return f"{start}; the slope of their calibration is {slope:.2f}, {judged}"


def _share(auc: float | None, best: float | None) -> float | None:
    return None if auc is None or best is None or best <= 0.5 else (auc - 0.5) / (best - 0.5)

"""Settings of the draw: cells, holdouts, what each policy picks; and what only the cell `model` may read."""

import re
from math import isclose
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from reactivation.contracts.derived import CHALLENGER, POLICIES
from reactivation.errors import Finding, PlanError
from reactivation.frozen_model import FrozenModel
from reactivation.periods import Month

Share = Annotated[float, Field(ge=0, le=1)]

MODEL_FACTS = ("tier", "band", "p_active", "p_asset_uplift", "raw_active", "raw_asset_uplift", "lift_active")
"""What the model says of a user: only conditions of `READS_MODEL` may read it, those of `rule` and `random` never."""

ORDERS = {"lift": "lift_active", "propensity": "raw_active"}
"""Orders by a score that have a name: the column of `scores` that each goes by."""
_VERSIONS = ("active_version", "asset_uplift_version", "active_uplift_version")
_FROM_THE_MODEL = {*MODEL_FACTS, *_VERSIONS, "expected_gain", "picked_by_model", "picked_by_challenger"}


def reads_model(expression: str) -> list[str]:
    """Names in a Spark SQL expression that come from the model.

    >>> reads_model("tier = 'high_potential' and transaction_count_1m > 3")
    ['tier']
    >>> reads_model("profile_segment = 'band'")
    []
    """
    words = re.findall(r"\w+", re.sub(r"'[^']*'|\"[^\"]*\"", " ", expression.lower()))
    return sorted(_FROM_THE_MODEL.intersection(words))


def check_facts_only(expression: str) -> str:
    """The expression, where it reads nothing of the model; ValueError names what it reads."""
    found = reads_model(expression)
    if found:
        raise ValueError(f"reads {', '.join(found)}: only conditions of the cell `model` may read what the model says")
    return expression


class ChallengerSettings(FrozenModel):
    """The whole policy that is judged in the cell `challenger`, against the model's at equal allotted spend.

    order: how it ranks its candidates, who are the model's (contactable, of high potential), the highest first: by
    users' own `lift`, by `propensity` to be active, or by a Spark SQL expression over `features` and `scores`; null
    last. allocation, lift: as `campaign.allocation` and `campaign.lift` for the model's cell.
    """

    order: str
    allocation: Literal["prices", "order"]
    lift: Literal["tier", "user"]

    @property
    def expression(self) -> str:
        """The order as an expression."""
        return ORDERS.get(self.order, self.order)


class ArmSettings(FrozenModel):
    """Where chance puts the contactable users, and how many each policy picks.

    cells: share of the contactable users per policy, cut in this order; that of `challenger` may be left out, and is
    where it is 0. holdout_share, long_holdout_share: shares of
    every cell that get nothing of ours, for the cycle or for months. long_holdout_since: month since which the present
    long holdout stays out; another month here draws another one. long_holdout_exit: month in which its users are drawn
    like everybody again. long_holdout_valid_months: at most so many months lie between, for one draw to be a fair
    comparison. selected_share: of all contactable users, picked by each policy. rule_order: Spark SQL expression over
    the columns of `features`: the bank's own order, higher first, null last; it must not read the model.
    suppression: other senders of marketing leave touched and held out alone `alike`, or `nobody`.
    """

    cells: dict[str, Share]
    holdout_share: Share
    long_holdout_share: Share
    long_holdout_since: str
    long_holdout_exit: str
    long_holdout_valid_months: int = Field(ge=1, le=36)
    selected_share: float = Field(gt=0, le=1)
    rule_order: str
    suppression: Literal["alike", "nobody"]

    @field_validator("cells")
    @classmethod
    def _cells_are_the_policies(cls, cells: dict[str, float]) -> dict[str, float]:
        if set(cells) - {CHALLENGER} != set(POLICIES) or not isclose(sum(cells.values()), 1, abs_tol=1e-9):
            told = f"must give {', '.join(POLICIES)}, and {CHALLENGER} where there is one, shares that add up to 1"
            raise ValueError(f"cells {cells}, {told}")
        return {policy: share for policy, share in cells.items() if share or policy != CHALLENGER}

    @field_validator("rule_order")
    @classmethod
    def _rule_reads_no_model(cls, expression: str) -> str:
        return check_facts_only(expression)

    @model_validator(mode="after")
    def _somebody_is_touched(self) -> Self:
        months = {name: str(getattr(self, name)) for name in ("long_holdout_since", "long_holdout_exit")}
        problems = [f"{n} `{text}`, must be a month YYYY-MM" for n, text in months.items() if not is_month(text)]
        if self.untouched_share >= 1:
            problems.append("holdout_share and long_holdout_share together must leave somebody to touch")
        if not problems:
            since, leaves = (Month.parse(text) for text in months.values())
            if not 0 < leaves.months_since(since) <= self.long_holdout_valid_months:
                problems.append(
                    f"long_holdout_exit {leaves}, must lie 1 to {self.long_holdout_valid_months} months "
                    f"(long_holdout_valid_months) after {since}"
                )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def check_long_holdout(self, cycle: Month) -> None:
        """PlanError where the long holdout that conf names does not stay out in this cycle."""
        since, leaves = Month.parse(self.long_holdout_since), Month.parse(self.long_holdout_exit)
        if self.long_holdout_share and not since <= cycle < leaves:
            found = f"stays out from {since} and leaves in {leaves}"
            advice = f"{found}; let another begin: set long_holdout_since and long_holdout_exit, or its share to 0"
            finding = Finding("not valid", "campaign.arms.long_holdout_since", advice)
            raise PlanError(f"cycle {cycle} has no long holdout", [finding])

    @property
    def untouched_share(self) -> float:
        """P(untouched) of every user of a cell, whatever the user's facts."""
        return self.holdout_share + self.long_holdout_share


def is_month(text: str) -> bool:
    """Whether a text is a calendar month YYYY-MM."""
    return re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) is not None

"""What is to be read out of a table that somebody else made: the file that `analyze_experiment` is given."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from reactivation.frozen_model import FrozenModel
from reactivation.statistics.multiplicity import alpha_per_look
from reactivation.statistics.sequential import Level

MOST_COVARIATES = 12


def _as_text(value: Any) -> Any:
    """An arm as Spark writes it: YAML reads `true` and `1` as values of their own."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _quotes(arm: str) -> str:
    """What to mind where an arm may be what YAML made of another word: `No` becomes false, `01` becomes 1."""
    is_other = arm in ("true", "false") or arm.replace(".", "").isdecimal()
    return " (put it in quotes if it is another word)" if is_other else ""


def _with_text_keys(value: Any) -> Any:
    return {_as_text(key): share for key, share in value.items()} if isinstance(value, Mapping) else value


Arm = Annotated[str, BeforeValidator(_as_text)]
Positive = Annotated[float, Field(gt=0)]


class Arriving(FrozenModel):
    """Users arrive over time and anybody may look at any time: intervals that hold at every look at once.

    tuning: number of users, both sides together, at which the interval is to be shortest; fixed before the first look.
    """

    tuning: int = Field(ge=100)


Looks = Annotated[
    Annotated[int, Field(ge=1, le=1_000), Tag("planned")] | Annotated[Arriving, Tag("arriving")],
    Discriminator(lambda value: "arriving" if isinstance(value, Mapping | Arriving) else "planned"),
]


class Spec(FrozenModel):
    """One randomised experiment: where it lies, who was in which arm, what is compared.

    table: Delta folder, Parquet or CSV file or folder, or a catalog's table; a relative path starts at the folder
    of the spec. encoding: of the text in CSV files, for example GBK.
    arm: column with the arm of each row; a row is a unit that was randomised. control: the arm all others are compared
    with. shares: every arm that was drawn and its share; any positive weights, scaled to 1.
    rates: columns of 0 and 1 (or booleans). means: columns of numbers, capped by whoever made the table.
    covariates: columns known before the draw, for CUPED. strata: columns fixed before the draw, for post-stratification
    and for the effects within them.
    alpha: share of false alarms accepted, two-sided. looks: number of looks that were registered beforehand, over which
    alpha is split; or `{tuning: …}` where users arrive over time (`Arriving`).
    minimum_effects: by outcome, the smallest difference that would change a decision.
    """

    table: str
    encoding: str = "utf-8"
    arm: str
    control: Arm
    shares: Annotated[dict[str, Positive], BeforeValidator(_with_text_keys)]
    rates: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    covariates: tuple[str, ...] = Field(default=(), max_length=MOST_COVARIATES)
    strata: tuple[str, ...] = ()
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    looks: Looks = 1
    minimum_effects: dict[str, Positive] = Field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """All that is compared: rates first."""
        return (*self.rates, *self.means)

    @property
    def level(self) -> Level:
        """How sure each answer must be under the looks."""
        if isinstance(self.looks, Arriving):
            return Level(self.alpha, tuning=self.looks.tuning)
        return Level(alpha_per_look(self.alpha, looks=self.looks), self.looks)

    @property
    def width(self) -> int:
        """Columns of an outcome's sums: itself, the covariates, and whether any of them is missing."""
        return 2 + len(self.covariates) if self.covariates else 1

    @property
    def treatments(self) -> tuple[str, ...]:
        """All arms but the control."""
        return tuple(arm for arm in self.shares if arm != self.control)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        problems = [
            (
                self.control not in self.shares,
                f"control `{self.control}` has no share: arms are {', '.join(self.shares)}{_quotes(self.control)}",
            ),
            (not self.treatments, "shares names no arm but the control"),
            (not self.outcomes, "neither rates nor means names an outcome"),
            (len(set(self.outcomes)) < len(self.outcomes), "an outcome stands twice under rates and means"),
        ]
        used = (*self.outcomes, *self.covariates, *self.strata)
        problems.append((self.arm in used, f"`{self.arm}` is the arm and cannot be an outcome, covariate or stratum"))
        both = sorted(set(self.outcomes) & {*self.covariates, *self.strata})
        problems.append((bool(both), f"{', '.join(both)}: an outcome was not known before the draw"))
        unknown = sorted(set(self.minimum_effects) - set(self.outcomes))
        problems.append((bool(unknown), f"minimum_effects names {', '.join(unknown)}, which is no outcome here"))
        found = [text for is_wrong, text in problems if is_wrong]
        if found:
            raise ValueError("; ".join(found))
        return self

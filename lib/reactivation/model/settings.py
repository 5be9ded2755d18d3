"""Settings of `model`: whom and how long to train on, the trees, and what a version must show to be reviewed."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from reactivation.frozen_model import FrozenModel
from reactivation.statistics.shapley import MOST_CONDITIONS


class SplitSettings(FrozenModel):
    """Shares of the users, by hash, for the three uses of a training month; they add up to 1.

    fit: the trees grow on them. validate: they say when to stop growing. calibrate: they turn the trees' margin into a
    probability, and the trees never see them.
    """

    fit: float = Field(gt=0, lt=1)
    validate_: float = Field(gt=0, lt=1, alias="validate")
    calibrate: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"fit, validate and calibrate add up to {total:g}, must be 1")
        return self

    @property
    def shares(self) -> dict[str, float]:
        return {"fit": self.fit, "validate": self.validate_, "calibrate": self.calibrate}


HYPERPARAMETERS = {
    "maxIter": "max_iter",
    "maxDepth": "max_depth",
    "stepSize": "step_size",
    "maxBins": "max_bins",
    "minInstancesPerNode": "min_instances_per_node",
    "minInfoGain": "min_info_gain",
    "subsamplingRate": "subsampling_rate",
    "featureSubsetStrategy": "feature_subset_strategy",
}
"""Of boosted trees: MLlib's name, ours."""


class GrowthSettings(FrozenModel):
    """Hyperparameters of MLlib's boosted trees, under its own names."""

    max_iter: int = Field(gt=0)
    max_depth: int = Field(gt=0, le=30)
    step_size: float = Field(gt=0, le=1)
    max_bins: int = Field(ge=2)
    min_instances_per_node: int = Field(gt=0)
    min_info_gain: float = Field(ge=0)
    subsampling_rate: float = Field(gt=0, le=1)
    feature_subset_strategy: str

    @property
    def of_mllib(self) -> dict[str, Any]:
        """Arguments of MLlib's boosted trees."""
        return {name: getattr(self, ours) for name, ours in HYPERPARAMETERS.items()}


class TreeSettings(GrowthSettings):
    """Hyperparameters of MLlib's GBTClassifier; growth stops early on the validate rows."""

    validation_tol: float = Field(ge=0)


class LiftSettings(FrozenModel):
    """How it is learnt what a contact adds to each user's P(active), from users touched or held out at random.

    is_learnt: `train_models` fits, judges and registers it, `score_users` writes what the champion says. option:
    wave/channel/benefit of which it is learnt, beside, what it adds in its wave; null: of none. min_rows: fewest
    users on each side in each fold of the training months, in the month that calibrates and in the one that judges.
    champion_margin: squared error (of a share of users) that a refit of the present champion may at most lose
    against it, at the upper end of the interval; a new recipe must be better. trees: of the touched, the held out and
    the lift.
    """

    is_learnt: bool
    option: str | None = Field(default=None, pattern="^[^/]+/[^/]+/[^/]+$")
    min_rows: int = Field(gt=0)
    champion_margin: float = Field(ge=0)
    trees: GrowthSettings


class GateSettings(FrozenModel):
    """What a version must show on the frozen rows of the test month before anyone is asked to review it.

    confidence: level of the paired intervals of log-loss differences. champion_margin: how much log loss a refit of the
    present champion (the same features and hyperparameters) may at most lose against it, at the upper end of the
    interval; a new recipe must be better. min_rows: test rows below which nothing is decided.
    """

    confidence: float = Field(gt=0.5, lt=1)
    champion_margin: float = Field(ge=0)
    min_rows: int = Field(gt=0)


class ModelSettings(FrozenModel):
    """How models are trained, tested, gated and kept.

    train_months: settled months before the test month that train. train_population: whom the trees learn from; the
    calibration and the gate always look at the low-active, whom the scores are for. max_rows: about how many training
    rows are used; above it users are sampled by hash. min_rows: fit and calibrate rows below which nothing is trained.
    contacted_months: what becomes of months in which no draw decided who was contacted. keep: they count like others.
    trees: they grow the trees, but the calibration rests on the other months, where there are any. drop_contacted:
    users who were contacted are left out. drop: the months are. touched_rows: users whom a registered experiment left
    open to contact; left_out: the untouched speak for them, each weighing 1 / P(untouched); keep: they count as well.
    excluded_features: features that no model reads. partitions: training rows are laid into this many, by user and in a
    fixed order, since MLlib's trees depend on it. missing_value: stands for a number that is not known; lies outside
    all features' values. lift: of single users. reasons: each score is stored with what moved it most. deciles: groups
    of the lift table.
    calibration_bins: groups of equal width of the calibration table. refit: once the gate is passed, the same recipe is
    fitted again on the newest months, the test month among them, and that fit goes live; figures and gate stay those of
    the fit that was judged. auto_approve: a version that passes its gate goes live at once (a demo's privilege).
    tracking_uri: MLflow's store; null: `mlflow.db` under the root. pip_requirements: what a server of the model
    installs.
    """

    train_months: int = Field(gt=0)
    train_population: Literal["low_activity", "signed_up"]
    split: SplitSettings
    max_rows: int = Field(gt=0)
    min_rows: int = Field(gt=0)
    partitions: int = Field(gt=0)
    contacted_months: Literal["keep", "trees", "drop_contacted", "drop"]
    touched_rows: Literal["left_out", "keep"]
    excluded_features: tuple[str, ...]
    seed: int
    missing_value: float
    trees: TreeSettings
    gate: GateSettings
    lift: LiftSettings
    reasons: bool
    deciles: int = Field(ge=2)
    calibration_bins: int = Field(ge=2)
    refit: bool
    auto_approve: bool
    tracking_uri: str | None = None
    pip_requirements: tuple[str, ...]

    @model_validator(mode="after")
    def _reasons_can_be_given(self) -> Self:
        asked: dict[str, GrowthSettings] = {"trees": self.trees}
        if self.lift.is_learnt or self.lift.option:
            asked["lift.trees"] = self.lift.trees
        if self.reasons and (deep := [name for name, own in asked.items() if own.max_depth > MOST_CONDITIONS]):
            keys = " and ".join(f"{name}.max_depth" for name in deep)
            raise ValueError(f"reasons need {keys} of {MOST_CONDITIONS} at most: set reasons: false, or less")
        return self

    @property
    def flat(self) -> dict[str, Any]:
        """What decides the fit, by flat names such as `trees_max_depth`."""
        plain = {
            name: getattr(self, name)
            for name in (
                "train_population",
                "contacted_months",
                "touched_rows",
                "max_rows",
                "partitions",
                "seed",
                "refit",
            )
        }
        shares = {f"split_{name}": share for name, share in self.split.shares.items()}
        return {**plain, **shares, **{f"trees_{name}": value for name, value in self.trees.model_dump().items()}}

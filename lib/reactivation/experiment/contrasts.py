"""What is compared with what, as data: the questions that one month's randomisation can answer.

Every contactable user is in one cell (`model`, `rule`, `random`, and `challenger` in months that have it), whose policy
picks some; each user of a cell is
`touched` (open to contact, reached or not), `holdout`, or in the `long_holdout`. A side pools some of these groups.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from reactivation.contracts.derived import ALL_POLICIES, CHALLENGER, POLICIES

Kind = Literal["causal", "descriptive"]


class Arm(Protocol):
    """Users of one cell, picked or not, with one touch."""

    @property
    def policy(self) -> str: ...

    @property
    def is_selected(self) -> bool: ...

    @property
    def touch(self) -> str | None: ...


AnyArm = TypeVar("AnyArm", bound=Arm)


@dataclass(frozen=True)
class Side:
    """Groups that make one side of a comparison; `is_selected` None takes the picked and the others alike."""

    policies: tuple[str, ...]
    is_selected: bool | None
    touches: tuple[str, ...]

    def members(self, groups: Iterable[AnyArm]) -> tuple[AnyArm, ...]:
        """The groups that belong to the side."""
        return tuple(
            group
            for group in groups
            if group.policy in self.policies
            and group.touch in self.touches
            and (self.is_selected is None or group.is_selected == self.is_selected)
        )

    @property
    def size_keys(self) -> tuple[str, ...]:
        """The side's groups by name: `model.selected.touched`, `rule.all.touched`, `model.unselected.holdout`."""
        part = {True: "selected", False: "unselected", None: "all"}[self.is_selected]
        return tuple(f"{policy}.{part}.{touch}" for policy in self.policies for touch in self.touches)

    def users(self, sizes: Mapping[str, int]) -> int:
        """Users of the side. sizes: by `policy.selected.touch` and `policy.all.touch`; the others are what is left."""
        cells = [f"{policy}.{{}}.{touch}" for policy in self.policies for touch in self.touches]
        whole, picked = (sum(sizes.get(cell.format(part), 0) for cell in cells) for part in ("all", "selected"))
        return whole if self.is_selected is None else picked if self.is_selected else max(whole - picked, 0)


@dataclass(frozen=True)
class Comparison:
    """Two sides, the one named first being the treatment.

    kind: descriptive sides differ in who they are, not only in what was done to them; they get no verdict.
    checks: names of the sample ratios that must hold. needs_equal_spend: both cells must have spent alike per user.
    reading: what the difference means, for people.
    """

    name: str
    kind: Kind
    treatment: Side
    control: Side
    checks: tuple[str, ...]
    reading: str
    needs_equal_spend: bool = False

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.treatment, self.control)


@dataclass(frozen=True)
class Gain:
    """Difference of two touch effects: what the campaign moves among one policy's picks less among another's."""

    name: str
    treatment: Comparison
    control: Comparison
    reading: str
    kind: Kind = "causal"
    needs_equal_spend: bool = False

    @property
    def sides(self) -> tuple[Side, ...]:
        return (*self.treatment.sides, *self.control.sides)

    @property
    def checks(self) -> tuple[str, ...]:
        return ("cells", *self.treatment.checks, *self.control.checks)


Contrast = Comparison | Gain


def _picked(policy: str, touch: str) -> Side:
    return Side((policy,), True, (touch,))


def _whole(policy: str) -> Side:
    """A whole cell as if nobody were held out.

    Touched users weigh 1 / (1 - h), held-out users 0. The holdout share h is one for the whole cell, so the weighted
    mean is the share among the touched, picked and not picked alike.
    """
    return Side((policy,), None, ("touched",))


def _touch(policy: str) -> Comparison:
    return Comparison(
        f"touch_{policy}",
        "causal",
        _picked(policy, "touched"),
        _picked(policy, "holdout"),
        (policy, f"{policy}_selected"),
        f"what this month's campaign moved among the users that the {policy} cell picked",
    )


def _against(policy: str, other: str) -> tuple[Contrast, ...]:
    pair = f"{policy}_vs_{other}"
    picked_checks = ("cells", policy, other, f"{policy}_selected", f"{other}_selected")
    return (
        Comparison(
            f"pick_{pair}",
            "descriptive",
            _picked(policy, "touched"),
            _picked(other, "touched"),
            picked_checks,
            f"picked and open to contact: those of {policy} against those of {other}; "
            "who they are and what moved them, together",
        ),
        Comparison(
            f"found_{pair}",
            "descriptive",
            _picked(policy, "holdout"),
            _picked(other, "holdout"),
            picked_checks,
            f"picked but held out: those of {policy} against those of {other}; who would have come anyway",
        ),
        Gain(
            f"gain_{pair}",
            _touch(policy),
            _touch(other),
            f"how much more the campaign moves the users picked by {policy} than those picked by {other}",
        ),
        _whole_policies(policy, other),
    )


def _whole_policies(policy: str, other: str) -> Comparison:
    return Comparison(
        f"policy_{policy}_vs_{other}",
        "causal",
        _whole(policy),
        _whole(other),
        ("cells", policy, other),
        f"everybody under the policy {policy} against everybody under {other}, at equal spend",
        needs_equal_spend=True,
    )


GUIDE = Comparison(
    "guide_model",
    "causal",
    Side(("model",), False, ("touched",)),
    Side(("model",), False, ("holdout",)),
    ("model", "model_unpicked"),
    "what guidance at no cost moved among the users of the model's cell whom it did not pick",
)
"""Guided or not: who is open to contact is compared with who is held out."""

CHALLENGED = _whole_policies(CHALLENGER, "model")
"""Another whole policy against the one that stands."""

AFTER_MONTHS = "cumulative_touch"
"""Its sides are alike by chance only while the long holdout is new: later they differ in their past, and in who still
sleeps."""

CONTRASTS: tuple[Contrast, ...] = (
    *(_touch(policy) for policy in POLICIES),
    *_against("model", "rule"),
    *_against("model", "random"),
    Comparison(
        AFTER_MONTHS,
        "causal",
        Side(ALL_POLICIES, None, ("touched", "holdout")),
        Side(ALL_POLICIES, None, ("long_holdout",)),
        ("long_holdout",),
        "what months of campaigns moved: everybody else against the long holdout, among this month's sleepers",
    ),
    GUIDE,
    _touch(CHALLENGER),
    CHALLENGED,
)
"""`pick = found + gain` holds exactly for each pair. No contrast has the cell `none`; one has the long holdout."""

CAUSAL = tuple(contrast for contrast in CONTRASTS if contrast.kind == "causal")
TOUCH = tuple(c for c in CONTRASTS if isinstance(c, Comparison) and c.name.startswith("touch_"))
POLICY = tuple(c for c in CONTRASTS if isinstance(c, Comparison) and c.needs_equal_spend)
WITH_GUARDRAILS = (*TOUCH, GUIDE, CHALLENGED)
"""Contrasts that have guardrails: wherever somebody is contacted, harm is looked for; and where a policy may replace
another, what it harms beyond that one."""


def among(cells: Container[str]) -> tuple[Contrast, ...]:
    """The contrasts that a month with these cells can be asked: all but the challenger's where it has no cell."""
    own = {f"touch_{CHALLENGER}", CHALLENGED.name}
    return tuple(contrast for contrast in CONTRASTS if CHALLENGER in cells or contrast.name not in own)


def comparisons(contrasts: Iterable[Contrast]) -> tuple[Comparison, ...]:
    """The comparisons of some contrasts, each once; a gain stands for the two comparisons it is the difference of."""
    parts = [p for c in contrasts for p in ((c,) if isinstance(c, Comparison) else (c.treatment, c.control))]
    return tuple({part.name: part for part in parts}.values())

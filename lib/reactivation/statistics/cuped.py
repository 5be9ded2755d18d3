"""CUPED: covariates known before the draw reduce the variance of a mean, from sums alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reactivation.statistics.means import Spread

Numbers = npt.NDArray[np.float64]
METHOD = "CUPED"
_NO_SPREAD = 1e-26
"""A covariate whose variance is below this share of its squared mean is the same for everybody, but for rounding."""
_ALIKE = 1e-9
"""Singular values of the covariates' correlations below this share of the largest: some covariates say the same."""


@dataclass(frozen=True)
class JointMoments:
    """An outcome and covariates in one group: size, means, and sums of centred products; the outcome comes first.

    Centred sums keep their digits where plain squares would lose them. The outcome of all n users is known.
    """

    n: int
    means: Numbers
    products: Numbers

    @classmethod
    def of(cls, n: int, means: Sequence[float], covariances: Sequence[Sequence[float]]) -> "JointMoments":
        """From means and population covariances (divided by n), as an engine gives them."""
        return cls(n, np.asarray(means, dtype=float), n * np.asarray(covariances, dtype=float))

    @classmethod
    def empty(cls, width: int) -> "JointMoments":
        """Nobody, of so many columns."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    @property
    def outcome(self) -> Spread:
        """The outcome alone; its mean is nan where there is nobody, its variance below two users."""
        mean = float(self.means[0]) if self.n else float("nan")
        return Spread(self.n, mean, float(self.products[0, 0]) / (self.n - 1) if self.n > 1 else float("nan"))

    def merged(self, other: "JointMoments") -> "JointMoments":
        """Both groups as one.

        References: Chan, Golub and LeVeque, The American Statistician 37 (1983).
        """
        n = self.n + other.n
        if not n:
            return self
        apart = other.means - self.means
        products = self.products + other.products + np.outer(apart, apart) * (self.n * other.n / n)
        return JointMoments(n, self.means + apart * (other.n / n), products)


def pooled(groups: Sequence[JointMoments]) -> JointMoments:
    """Several groups as one."""
    whole = JointMoments.empty(len(groups[0].means))
    for group in groups:
        whole = whole.merged(group)
    return whole


def adjusted(arms: Mapping[str, JointMoments]) -> dict[str, Spread] | None:
    """Each arm's mean as if its covariates had the mean of all arms, and the variance that is left.

    theta is fitted within arms, over all of them, so that it knows nothing of the effect; a covariate that does not
    vary, or says what others say, drops out. What theta costs in degrees of freedom is added to the variance. None
    where no covariate varies or there are too few users: there is nothing to adjust.

    References: Deng, Xu, Kohavi and Walker, Improving the Sensitivity of Online Controlled Experiments (WSDM 2013);
    Lin, Annals of Applied Statistics 7 (2013), on adjustment in randomised experiments.
    """
    known = [arm for arm in arms.values() if arm.n]
    if not known:
        return None
    theta, rank = _theta(known)
    everybody = pooled(known)
    left = everybody.n - len(known) - rank
    if not rank or left < 1 or min(arm.n for arm in arms.values()) < 2:
        return None
    lost = (everybody.n - len(known)) / left
    found = {}
    for name, arm in arms.items():
        mean = arm.means[0] - theta @ (arm.means[1:] - everybody.means[1:])
        inner = arm.products[1:, 1:]
        rest = arm.products[0, 0] - 2 * theta @ arm.products[1:, 0] + theta @ inner @ theta
        found[name] = Spread(arm.n, float(mean), float(max(rest, 0.0) / (arm.n - 1) * lost))
    return found


def _theta(arms: Sequence[JointMoments]) -> tuple[Numbers, int]:
    """Coefficients of the covariates, and how many of them say something of their own."""
    products = np.sum([arm.products for arm in arms], axis=0)
    n = sum(arm.n for arm in arms)
    spread = np.diag(products)[1:] / n
    size = np.max([np.square(arm.means[1:]) for arm in arms], axis=0)
    varies = spread > _NO_SPREAD * size
    theta = np.zeros(len(spread))
    if not varies.any():
        return theta, 0
    scale = np.sqrt(np.diag(products)[1:][varies])
    inner = products[1:, 1:][np.ix_(varies, varies)] / np.outer(scale, scale)
    fitted, _, rank, _ = np.linalg.lstsq(inner, products[1:, 0][varies] / scale, rcond=_ALIKE)
    theta[varies] = fitted / scale
    return theta, int(rank)

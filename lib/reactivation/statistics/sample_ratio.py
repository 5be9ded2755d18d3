"""Is the split of users the one that was drawn? A mismatch means that somebody was lost or added on the way."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest, chisquare

SMALL = 1_000
"""Groups of fewer users than this together are tested without the approximation by chi-square's distribution."""
DRAWS = 100_000
"""Simulated splits of three and more small groups; always the same ones."""


class SampleRatio(NamedTuple):
    """Counts found against shares expected.

    p_value: probability of counts as far off or further, if the split was as registered; None where nothing was split.
    """

    what: str
    counts: tuple[int, ...]
    expected: tuple[float, ...]
    p_value: float | None

    def is_mismatch(self, srm_p: float) -> bool:
        """True where chance alone would hardly give these counts."""
        return self.p_value is not None and self.p_value < srm_p


def sample_ratio(
    what: str, counts: Sequence[int], expected: Sequence[float], *, exact: bool | None = None
) -> SampleRatio:
    """Test counts against expected shares: chi-square; of few users the exact binomial, or of more groups simulated.

    what: the split in words. expected: any positive weights, scaled to 1; a group with weight 0 must be empty, and is a
    mismatch where it is not. exact: forces the test for few users or chi-square's; None lets the size decide.

    References: Fabijan et al., Diagnosing Sample Ratio Mismatch (KDD 2019); Phipson and Smyth, Statistical Applications
    in Genetics and Molecular Biology 9 (2010), for a p-value of simulated splits.
    """
    total, weight = sum(counts), sum(expected)
    shares = tuple(e / weight if weight else 0.0 for e in expected)
    drawn = [(n, share) for n, share in zip(counts, shares, strict=True) if share > 0]
    found = SampleRatio(what, tuple(counts), shares, None)
    if sum(n for n, _ in drawn) < total:
        return found._replace(p_value=0.0)
    if total == 0 or len(drawn) < 2:
        return found
    is_exact = exact if exact is not None else total < SMALL
    if is_exact and len(drawn) == 2:
        return found._replace(p_value=float(binomtest(drawn[0][0], total, drawn[0][1]).pvalue))
    hoped = np.array([share for _, share in drawn])
    statistic, p = chisquare([n for n, _ in drawn], hoped * total)
    if is_exact:
        splits = np.random.default_rng(0).multinomial(total, hoped, size=DRAWS)
        off = ((splits - hoped * total) ** 2 / (hoped * total)).sum(axis=1)
        p = (1 + np.count_nonzero(off >= statistic * (1 - 1e-9))) / (DRAWS + 1)
    return found._replace(p_value=float(p))

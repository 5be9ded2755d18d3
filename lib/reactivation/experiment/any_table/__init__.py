"""Any experiment: a table that somebody else made, a spec that says what was drawn, and the same read-out.

    spec ─► problems ─► sums ─► groups ─► analyze ─► words

Only `sums` sees the table, once.
"""

from reactivation.experiment.any_table.analysis import Analysis, analyze
from reactivation.experiment.any_table.spec import Arriving, Spec
from reactivation.experiment.any_table.sums import MOST_GROUPS, groups, problems, sums
from reactivation.experiment.any_table.words import brief, by_contrast, family, opening

__all__ = [
    "MOST_GROUPS",
    "Analysis",
    "Arriving",
    "Spec",
    "analyze",
    "brief",
    "by_contrast",
    "family",
    "groups",
    "opening",
    "problems",
    "sums",
]

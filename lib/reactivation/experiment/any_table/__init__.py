"""Any experiment: a table that somebody else made, a spec that says what was drawn, and the same read-out.

    spec ─► problems ─► sums ─► groups ─► analyze ─► words

Only `sums` sees the table, once.
"""

from reactivation.experiment.any_table.analysis import Analysis, analyze
from reactivation.experiment.any_table.csv_text import as_csv
from reactivation.experiment.any_table.narrative import FAMILY_NOTE, ROWS_NOTE, brief, by_contrast, family, opening
from reactivation.experiment.any_table.spec import Arriving, Spec
from reactivation.experiment.any_table.sums import MOST_GROUPS, bad_rows, coarser, groups, problems, sums

__all__ = [
    "FAMILY_NOTE",
    "MOST_GROUPS",
    "ROWS_NOTE",
    "Analysis",
    "Arriving",
    "Spec",
    "analyze",
    "as_csv",
    "bad_rows",
    "brief",
    "by_contrast",
    "coarser",
    "family",
    "groups",
    "opening",
    "problems",
    "sums",
]

"""Made-up evidence: what the cluster would have added up for users that a test writes down or draws."""

from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement

SUMS = ("w1", "a1", "w0", "a0")


def of_users(users: Iterable[Sequence[int]]) -> dict[str, int]:
    """A row of `clusters.sums` for users given as (rows1, rows0, w1, a1, w0, a0), weights in millionths."""
    each = [tuple(user) for user in users]
    found = {"rows1": sum(u[0] for u in each), "rows0": sum(u[1] for u in each), "users": len(each)}
    found |= {"users1": sum(u[2] > 0 for u in each), "users0": sum(u[4] > 0 for u in each)}
    at = {name: i for i, name in enumerate(SUMS, start=2)}
    found |= {name: sum(u[i] for u in each) for name, i in at.items()}
    pairs = combinations_with_replacement(SUMS, 2)
    return found | {f"{a}_{b}": sum(u[at[a]] * u[at[b]] for u in each) for a, b in pairs}

"""The read-out's peer: tea-tasting on DuckDB over the same files, one analysis per contrast. No test; run by hand.

tea-tasting is not in the lock: `python -m venv X`, `X/bin/pip install tea-tasting 'ibis-framework[duckdb]' 'duckdb<2'`,
then `X/bin/python tests/benchmark/tea_tasting_peer.py ROOT [TIMES]`, ROOT being that of `make benchmark-readout`.
"""

import resource
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

RATES = ("logged_in", "transacted", "has_asset_uplift", "is_active", "active_after", "retained")
MEANS = ("active_days", "asset_change")
PICKED = "is_selected and policy = '{}' and touch = '{}'"
WHOLE = "policy = '{}' and touch = 'touched'"
NOT_CONTACTED = "policy <> 'none' and touch = 'long_holdout'"
OTHERS = "policy <> 'none' and touch in ('touched', 'holdout')"


def contrasts() -> dict[str, tuple[str, str]]:
    """Treatment and control of each contrast as SQL; a gain is the difference of two of them and costs nothing more."""
    found = {
        f"touch_{p}": (PICKED.format(p, "touched"), PICKED.format(p, "holdout")) for p in ("model", "rule", "random")
    }
    for other in ("rule", "random"):
        found[f"pick_{other}"] = (PICKED.format("model", "touched"), PICKED.format(other, "touched"))
        found[f"found_{other}"] = (PICKED.format("model", "holdout"), PICKED.format(other, "holdout"))
        found[f"policy_{other}"] = (WHOLE.format("model"), WHOLE.format(other))
    return {**found, "cumulative": (OTHERS, NOT_CONTACTED)}


def main(root: str, times: int) -> None:
    """Print the seconds of each repetition and their median."""
    import ibis
    import tea_tasting as tt

    connection = ibis.duckdb.connect()
    for table in ("arms", "outcomes", "features", "scores"):
        files = f"{Path(root).resolve()}/warehouse/{table}/cycle=*/*.parquet"
        connection.raw_sql(f"create view {table} as select * exclude (cycle) from read_parquet('{files}')")
    values = ", ".join([*(f"cast(o.{name} as int) as {name}" for name in RATES), "o.active_days"])
    metrics = {name: tt.Mean(name, "login_days_1m") for name in (*RATES, *MEANS)}
    seconds = []
    for _ in range(times):
        started = time.monotonic()
        for treatment, control in contrasts().values():
            data = connection.sql(
                f"select case when {treatment} then 1 else 0 end as variant, {values}, "
                "cast(coalesce(o.asset_change, 0) as double) as asset_change, "
                "coalesce(f.login_days_1m, 0) as login_days_1m "
                "from arms left join outcomes o using (user_id) left join features f using (user_id) "
                f"where ({treatment}) or ({control})"
            )
            tt.Experiment(metrics, variant="variant").analyze(data, control=0)
        seconds.append(time.monotonic() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    used = ", ".join(f"{name} {version(name)}" for name in ("tea-tasting", "ibis-framework", "duckdb"))
    said = (
        f"{statistics.median(seconds):.1f} s, median of {[round(s, 1) for s in seconds]}; peak {peak:.1f} GiB; {used}"
    )
    sys.stdout.write(f"{len(contrasts())} contrasts, {len(metrics)} metrics, CUPED by one covariate: {said}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)

"""The partials of `activity` by DuckDB: one aggregate per source, joined on month and user, written to Parquet.

`python duckdb_partials.py JOB.json DONE.json`: JOB has files by source, conf's `activity`, repetitions and the file to
write; DONE gets what each repetition cost, or why there was none.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SHIFT = "interval 8 hour"  # the simulated bank's zone, which has had no clock change since 1991
_DAY_BIT = "1::bigint << (day(local) - 1)"
_OWN = "is_self_initiated"
_STATUSES = {
    "delivered": "status = 'delivered'",
    "missed": "status in ('failed', 'not_reached')",
    "reacted": "status in ('answered', 'clicked', 'responded')",
    "refused": "status in ('opted_out', 'complained')",
}
_HAPPENED = {"asset_snapshots": "snapshot_on", "contacts": "sent_at", "outside_contacts": "sent_at"}


def main(job: str, done: str) -> None:
    """Run the query so often as asked, and write what each run cost; where DuckDB is not installed, say so."""
    asked = json.loads(Path(job).read_text(encoding="utf-8"))
    try:
        import duckdb  # noqa: PLC0415
    except ImportError:
        _write(done, {"reason": "duckdb is not installed: pip install duckdb"})
        return
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    statement = f"copy ({query(asked['files'], asked['activity'])}) to '{asked['out']}' (format parquet)"
    each = []
    for _ in range(asked["repetitions"]):
        began, cpu = time.perf_counter(), time.process_time()
        connection.execute(statement)
        each.append({"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu})
    found = connection.execute(f"select count(*) from '{asked['out']}'").fetchone()
    _write(done, {"version": duckdb.__version__, "rows": found[0] if found else 0, "each": each})


def query(files: Mapping[str, Sequence[str]], kinds: Mapping[str, Any]) -> str:
    """All aggregates as one query; a source without files is left out."""
    measures = {name: of for name, of in measures_of(kinds).items() if files.get(name)}
    parts = [
        f"{name} as (select strftime(local, '%Y-%m') as event_month, user_id, {', '.join(of)} "
        f"from (select *, {_local(name)} as local from read_parquet({list(files[name])!r})) group by all)"
        for name, of in measures.items()
    ]
    first, *others = measures
    joined = " ".join([first, *(f"full join {name} using (event_month, user_id)" for name in others)])
    return f"with {', '.join(parts)} select * from {joined}"


def measures_of(kinds: Mapping[str, Any]) -> dict[str, list[str]]:
    """The measures of `activity` by source, as conf names their kinds."""
    groups = {
        f"function_{name}_count": f"function_code in ({', '.join(map(repr, codes))})"
        for name, codes in kinds["function_groups"].items()
    }
    by_channel = {
        f"transaction_own_{channel}_count": f"{_OWN} and channel = '{channel}'"
        for channel in kinds["transaction_channels"]
    }
    contacts = {f"contact_{name}_count": condition for name, condition in _STATUSES.items()}
    contacts |= {
        f"contact_{channel}_count": f"{_STATUSES['delivered']} and channel = '{channel}'"
        for channel in ("sms", "push", "call")
    }
    return {
        "logins": [
            "count(*) as login_count",
            f"bit_or({_DAY_BIT}) as login_days",
            "sum(session_seconds) as login_session_seconds",
            "max(event_at) as login_last_at",
        ],
        "function_uses": [
            "count(*) as function_count",
            f"bit_or({_DAY_BIT}) as function_days",
            "max(event_at) as function_last_at",
            *_counts(groups),
        ],
        "transactions": [
            "count(*) as transaction_count",
            "sum(amount) as transaction_amount",
            "max(event_at) as transaction_last_at",
            *_counts({"transaction_own_count": _OWN}),
            f"bit_or(case when {_OWN} then {_DAY_BIT} else 0 end) as transaction_own_days",
            f"sum(amount) filter (where {_OWN}) as transaction_own_amount",
            f"max(event_at) filter (where {_OWN}) as transaction_own_last_at",
            *_counts(by_channel),
        ],
        "asset_snapshots": [
            "max({'snapshot_on': snapshot_on, 'arrived_at': arrived_at, 'balance': balance}) "
            f"filter (where product = '{product}') as balance_{product}"
            for product in kinds["asset_products"]
        ],
        "benefit_events": [
            *_counts({f"benefit_{action}_count": f"action = '{action}'" for action in ("claimed", "redeemed")}),
            "sum(value) filter (where action = 'redeemed') as benefit_redeemed_value",
            "max(event_at) filter (where action = 'claimed') as benefit_claimed_last_at",
            "max(event_at) filter (where action = 'redeemed') as benefit_redeemed_last_at",
        ],
        "contacts": [*_counts(contacts), "max(sent_at) filter (where status = 'delivered') as contact_last_at"],
        "outside_contacts": ["count(*) as outside_count", "max(sent_at) as outside_last_at"],
    }


def _counts(conditions: Mapping[str, str]) -> list[str]:
    return [f"count(*) filter (where {condition}) as {name}" for name, condition in conditions.items()]


def _local(source: str) -> str:
    happened = _HAPPENED.get(source, "event_at")
    return happened if happened.endswith("_on") else f"{happened}::timestamp + {_SHIFT}"


def _write(done: str, said: Mapping[str, Any]) -> None:
    Path(done).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

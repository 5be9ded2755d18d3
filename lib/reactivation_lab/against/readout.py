"""`analyze_experiment` on a local Parquet file: Hillstrom's customers, repeated and cut to a size."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from reactivation_lab.against.bench import Place

ROWS = 126_000


def readout(place: Place) -> dict[str, Any]:
    """A cold start, one read-out, two small files."""
    once = pq.read_table(place.tree.folder / "tests/data/hillstrom/hillstrom.parquet")
    rows = pa.concat_tables([once] * -(-ROWS // once.num_rows)).slice(0, ROWS)
    pq.write_table(rows, place.folder / "rows.parquet")
    spec = yaml.safe_load((place.tree.folder / "conf/experiments/hillstrom.yml").read_text(encoding="utf-8"))
    (place.folder / "spec.yml").write_text(yaml.safe_dump({**spec, "table": "rows.parquet"}), encoding="utf-8")
    ran = place.job(
        "analyze_experiment",
        *("--env", "local", "--conf-dir", str(place.tree.folder / "conf")),
        *("--spec", str(place.folder / "spec.yml"), "--out", str(place.folder / "out")),
    )
    log = place.log()
    return {
        "rows": rows.num_rows,
        **ran.cost(ran.started, ran.ended),
        "queries": len(log.queries),
        "jobs": len(log.jobs),
    }

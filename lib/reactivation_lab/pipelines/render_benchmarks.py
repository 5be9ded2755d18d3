"""Write BENCHMARKS.md from the records of several benchmarks."""

from argparse import ArgumentParser
from pathlib import Path

from reactivation.runtime.standalone import Bench
from reactivation_lab import benchmarks
from reactivation_lab.comparisons import allocations_by_truth
from reactivation_lab.measurement.records import read_records, read_text


def add_arguments(parser: ArgumentParser) -> None:
    """What to tell, and where."""
    parser.add_argument("--records", nargs="+", required=True, metavar="FILE.jsonl", help="records of any sizes")
    parser.add_argument("--loops", nargs="*", default=[], metavar="FILE.jsonl", help="records of compare_loops")
    parser.add_argument(
        "--allocations", nargs="*", default=[], metavar="FILE.jsonl", help="of compare_allocations_by_truth"
    )
    parser.add_argument("--out", required=True, metavar="FILE.md", help="the page; what people wrote in it stays")


def run(b: Bench) -> None:
    """Of two records of the same thing the newer one counts."""
    records = read_records(b.args.records, benchmarks.Record)
    loops = read_records(b.args.loops, benchmarks.LoopMonth)
    ways = read_records(b.args.allocations, allocations_by_truth.WaveByWay)
    page = Path(b.args.out)
    text = benchmarks.text_of(read_text(b.args.out))
    allocations = allocations_by_truth.as_section(ways) if ways else ""
    made = benchmarks.as_page(records, loops=loops, allocations=allocations, text=text)
    b.write(str(page.parent), {page.name: made})
    b.say(f"{len(records) + len(loops) + len(ways)} records: {page}")

"""Write BENCHMARKS.md from the records of several benchmarks."""

from argparse import ArgumentParser
from pathlib import Path

from reactivation.runtime.standalone import Bench
from reactivation_lab import benchmarks
from reactivation_lab.measurement.records import read_records, read_text


def add_arguments(parser: ArgumentParser) -> None:
    """What to tell, and where."""
    parser.add_argument("--records", nargs="+", required=True, metavar="FILE.jsonl", help="records of any sizes")
    parser.add_argument("--loops", nargs="*", default=[], metavar="FILE.jsonl", help="records of compare_loops")
    parser.add_argument("--out", required=True, metavar="FILE.md", help="the page; what people wrote in it stays")


def run(b: Bench) -> None:
    """Of two records of the same thing the newer one counts."""
    records = read_records(b.args.records, benchmarks.Record)
    loops = read_records(b.args.loops, benchmarks.LoopMonth)
    page = Path(b.args.out)
    text = benchmarks.text_of(read_text(b.args.out))
    b.write(str(page.parent), {page.name: benchmarks.as_page(records, loops=loops, text=text)})
    b.say(f"{len(records) + len(loops)} records: {page}")

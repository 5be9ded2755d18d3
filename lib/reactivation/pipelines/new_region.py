"""Write the scaffold of a new region's conf, or the tables of its guide, from the contracts."""

import re
from argparse import ArgumentParser
from pathlib import Path

from reactivation.contracts import region_guide
from reactivation.errors import Finding, SettingsError
from reactivation.runtime.standalone import Bench

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def add_arguments(parser: ArgumentParser) -> None:
    """Which region, or which page."""
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--name", metavar="NAME", help="name of the region: writes conf/regions/NAME.yml")
    chosen.add_argument("--guide", metavar="FILE.md", help="page whose tables are written anew: docs/new-region.md")


def run(b: Bench) -> None:
    """One text file. SettingsError where a region of that name is there, or its name is none."""
    if b.args.guide:
        path = Path(b.args.guide)
        b.write_here(path, region_guide.between_marks(b.read_here(path), region_guide.tables()), is_new=False)
        return
    name = b.args.name
    if not _NAME.fullmatch(name):
        advice = "lower-case letters, digits and _; it names a file, and goes into every draw"
        raise SettingsError("no region was made", [Finding("name", name, advice)])
    path = b.conf / "regions" / f"{name}.yml"
    b.write_here(path, region_guide.scaffold(name))
    b.say(f"{path} is written. Fill it in by docs/new-region.md, then look at it with")
    b.say(f"  jobs/check_region.py --region {name} --cycle YYYY-MM")

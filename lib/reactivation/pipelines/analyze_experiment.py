"""Read out any randomised experiment: a table that somebody else made, and a spec that says what was drawn."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from reactivation import report
from reactivation.contracts.derived import READOUT
from reactivation.errors import Finding, PlanError, SettingsError, SourceError
from reactivation.experiment import any_table
from reactivation.frames import records
from reactivation.report import Chapter
from reactivation.runtime.standalone import Bench


def add_arguments(parser: ArgumentParser) -> None:
    """What was drawn, and where the read-out goes."""
    parser.add_argument(
        "--spec", required=True, metavar="FILE.yml", help="table, arms, outcomes: see docs/statistics.md"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for readout.csv and readout.html")


def run(b: Bench) -> None:
    """One pass over the table; writes readout.csv and readout.html, and says the same in sentences."""
    spec = b.read_spec(b.args.spec, any_table.Spec)
    opened = b.read_table(spec.table, beside=b.args.spec, encoding=spec.encoding)
    problems = any_table.problems(opened.frame, spec, opened.unusable)
    if problems:
        raise SettingsError(f"{Path(b.args.spec).name} and `{spec.table}` do not fit", problems)
    with b.reading(spec.table):
        rows = records(any_table.sums(opened.frame, spec))
    if len(rows) > any_table.MOST_GROUPS:
        raise PlanError(f"the strata make more than {any_table.MOST_GROUPS} groups", any_table.coarser(spec))
    left_out = bad_rows(any_table.bad_rows(rows), few=b.settings.sources.few_bad_rows, table=spec.table)
    found = any_table.analyze(any_table.groups(rows, spec), spec, settings=b.settings.experiment)
    title = f"{Path(b.args.spec).stem}: read-out"
    contrasts = any_table.by_contrast(found, spec)
    page = report.render(
        title,
        [
            Chapter("What was compared", [*any_table.opening(found, spec), *left_out]),
            *[Chapter(contrast, sentences) for contrast, sentences in contrasts.items()],
            Chapter("All questions together", rows=any_table.family(found.rows), note=any_table.FAMILY_NOTE),
            Chapter("Every row", rows=[any_table.brief(row) for row in found.rows], note=any_table.ROWS_NOTE),
        ],
    )
    b.write(b.args.out, {"readout.csv": any_table.as_csv(READOUT, found.rows), "readout.html": page.html})
    b.say(page.text)
    b.say(f"Read-out: {b.args.out}/readout.html and readout.csv")


def bad_rows(found: Mapping[str, int], *, few: int, table: str) -> list[str]:
    """A sentence for each kind of row that is left out; SourceError where they are more than a few."""
    if sum(found.values()) > few:
        findings = [Finding("bad rows", f"{rows} rows", what) for what, rows in found.items()]
        raise SourceError(f"`{table}` has rows that cannot be read (few would be left out: {few})", findings)
    return [f"Left out: {rows} row{'s' if rows > 1 else ''} with {what}." for what, rows in found.items()]

"""The month's report as one file, without network or script: answers, figures, pictures, tables folded below."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from reactivation.report import charts, findings, table, tables
from reactivation.report.evidence import Evidence
from reactivation.report.facts import Facts
from reactivation.report.page import Report
from reactivation.report.words import Words


def render(facts: Facts, words: Words) -> Report:
    """One month in one language: the page, and its first screen as text."""
    known, found = Evidence(facts), findings.of(facts, words)
    shown = [
        {"picture": picture, "svg": Markup(picture.svg), "table": table.of_picture(picture, words)}
        for picture in charts.pictures(known, words)
    ]
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = files("reactivation.report").joinpath("report.html").read_text(encoding="utf-8")
    html = page.from_string(template).render(
        findings=found,
        pictures=shown,
        tables=tables.tables(known, words),
        words=words,
        made={name: str(facts.made.get(name) or "–")[:12] for name in ("plan", "settings", "code")},
        file=f"{facts.region}-{facts.scenario}-{facts.cycle}",
    )
    return Report(html, found.text())

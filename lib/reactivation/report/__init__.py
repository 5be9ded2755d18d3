"""The month's report for people: tiers, waves, the read-out, and what the month cannot tell."""

from reactivation.report import audience, facts, findings, loop, month_page, plots, words
from reactivation.report.facts import Facts
from reactivation.report.findings import Findings
from reactivation.report.month import most_planned, tier_sizes, wave_fills
from reactivation.report.page import Chapter, Report, render
from reactivation.report.settings import MonitoringSettings, ReportSettings
from reactivation.report.words import Words

__all__ = [
    "Chapter",
    "Facts",
    "Findings",
    "MonitoringSettings",
    "Report",
    "ReportSettings",
    "Words",
    "audience",
    "facts",
    "findings",
    "loop",
    "month_page",
    "most_planned",
    "plots",
    "render",
    "tier_sizes",
    "wave_fills",
    "words",
]

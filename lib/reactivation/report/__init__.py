"""The month's report for people: tiers, waves, the read-out, and what the month cannot tell."""

from reactivation.report import facts, findings, loop, month_page, one_user, plots, words
from reactivation.report.facts import Facts
from reactivation.report.findings import Findings
from reactivation.report.month import tier_sizes, wave_fills
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
    "facts",
    "findings",
    "loop",
    "month_page",
    "one_user",
    "plots",
    "render",
    "tier_sizes",
    "wave_fills",
    "words",
]

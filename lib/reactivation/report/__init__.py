"""The month's report for people: tiers, waves, the read-out, and what the month cannot tell."""

from reactivation.report import loop, one_user, plots
from reactivation.report.month import tier_sizes, wave_fills
from reactivation.report.page import Chapter, Report, render
from reactivation.report.settings import MonitoringSettings

__all__ = ["Chapter", "MonitoringSettings", "Report", "loop", "one_user", "plots", "render", "tier_sizes", "wave_fills"]

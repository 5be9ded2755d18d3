"""The month's report for people: tiers, waves, the read-out, and what the month cannot tell."""

from reactivation.report import loop
from reactivation.report.month import tier_sizes, wave_fills
from reactivation.report.page import Chapter, Report, render
from reactivation.report.settings import MonitoringSettings

__all__ = ["Chapter", "MonitoringSettings", "Report", "loop", "render", "tier_sizes", "wave_fills"]

"""The month's report: tiers, waves, read-out and what cannot be seen, for people."""

from reactivation.monitoring import loop
from reactivation.monitoring.month import tier_sizes, wave_fills
from reactivation.monitoring.report import Chapter, Report, render
from reactivation.monitoring.settings import MonitoringSettings

__all__ = ["Chapter", "MonitoringSettings", "Report", "loop", "render", "tier_sizes", "wave_fills"]

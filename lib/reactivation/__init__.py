"""Wakes a bank's sleeping mobile-banking users: features, models, tiers, waves and a randomised read-out."""

__version__ = "0.1.0"

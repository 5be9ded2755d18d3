"""Tiers: score bands, and what past months showed of them."""

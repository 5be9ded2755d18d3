"""The month's campaign: tiers, cells, waves under capacity and budget, channel files.

`tiers` says who is worth a contact: `usable_months` names the past months that teach, `untouched` who was left alone in
them, `evidence` what they showed, `bands` the tier of each score band. `assignment` draws policy cells and holdouts.
`planning` decides who gets what in a wave. `release` keeps the ledger of what was sent, looks at a wave once more, and
makes the rows of its files.
"""

from reactivation.campaign.assignment import arms
from reactivation.campaign.assignment.arms import ArmSalts
from reactivation.campaign.planning import (
    adaptive,
    capacity,
    eligibility,
    facts,
    forecast,
    gains,
    intensity,
    model_cell,
    other_draws,
    redemption,
    wave_days,
    waves,
)
from reactivation.campaign.planning.eligibility import WaveSalts
from reactivation.campaign.planning.exploration import Odds
from reactivation.campaign.planning.forecast import Forecast
from reactivation.campaign.planning.intensity import Intensity
from reactivation.campaign.planning.model_cell import Terms
from reactivation.campaign.planning.planned_wave import NO_CHANNEL, PlannedWave
from reactivation.campaign.release import channel_files, frozen, last_look, ledger, manifest, money, templates
from reactivation.campaign.release.ledger import Ledger
from reactivation.campaign.settings import CampaignSettings
from reactivation.campaign.tiers import bands, evidence, untouched, usable_months
from reactivation.campaign.tiers.evidence import Evidence

__all__ = [
    "NO_CHANNEL",
    "ArmSalts",
    "CampaignSettings",
    "Evidence",
    "Forecast",
    "Intensity",
    "Ledger",
    "Odds",
    "PlannedWave",
    "Terms",
    "WaveSalts",
    "adaptive",
    "arms",
    "bands",
    "capacity",
    "channel_files",
    "eligibility",
    "evidence",
    "facts",
    "forecast",
    "frozen",
    "gains",
    "intensity",
    "last_look",
    "ledger",
    "manifest",
    "model_cell",
    "money",
    "other_draws",
    "redemption",
    "templates",
    "untouched",
    "usable_months",
    "wave_days",
    "waves",
]

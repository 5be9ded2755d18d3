"""The month's campaign: tiers, arms, waves under capacity and budget, channel files.

`history` says which past months teach, `untouched` who was left alone in them, `evidence` what they showed; `tiers`
says who is worth it, `arms` where chance puts everybody, `facts` what a wave may look at, `waves` who gets what
(`lines`, `split`, `exploration`, `gains`, `filling` serve it), `exports` what goes into the channel files and who
must be left alone, `intensity` what a month's campaign means for one user, `rollout` the month of one policy for all.
"""

from reactivation.campaign import (
    arms,
    evidence,
    exports,
    facts,
    gains,
    history,
    intensity,
    lines,
    rollout,
    split,
    tiers,
    untouched,
    waves,
)
from reactivation.campaign.arms import ArmSalts
from reactivation.campaign.evidence import Evidence
from reactivation.campaign.intensity import Intensity
from reactivation.campaign.lines import WaveSalts
from reactivation.campaign.settings import CampaignSettings

__all__ = [
    "ArmSalts",
    "CampaignSettings",
    "Evidence",
    "Intensity",
    "WaveSalts",
    "arms",
    "evidence",
    "exports",
    "facts",
    "gains",
    "history",
    "intensity",
    "lines",
    "rollout",
    "split",
    "tiers",
    "untouched",
    "waves",
]

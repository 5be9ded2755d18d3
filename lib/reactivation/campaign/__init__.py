"""The month's campaign: tiers, arms, waves under capacity and budget, channel files.

`tiers` says who is worth it, `arms` where chance puts everybody, `facts` what a wave may look at, `waves` who gets what
(`lines`, `split`, `exploration`, `filling` serve it), `exports` what goes into the channel files.
"""

from reactivation.campaign import arms, exports, facts, lines, tiers, waves
from reactivation.campaign.arms import ArmSalts
from reactivation.campaign.lines import WaveSalts
from reactivation.campaign.settings import CampaignSettings

__all__ = ["ArmSalts", "CampaignSettings", "WaveSalts", "arms", "exports", "facts", "lines", "tiers", "waves"]

"""The month's campaign: tiers, arms, waves under capacity and budget, channel files.

`tiers` says who is worth it, `arms` where chance puts everybody, `facts` what a wave may look at, `waves` who gets what
(`exploration`, `filling` and `split` serve it), `exports` what goes into the channel files.
"""

from reactivation.campaign import arms, exports, facts, tiers, waves
from reactivation.campaign.arms import ArmSalts
from reactivation.campaign.settings import CampaignSettings
from reactivation.campaign.waves import WaveSalts

__all__ = ["ArmSalts", "CampaignSettings", "WaveSalts", "arms", "exports", "facts", "tiers", "waves"]

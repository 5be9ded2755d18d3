"""Contracts of the derived tables: what the programme makes of the canonical ones, cycle by cycle."""

from reactivation.contracts.derived.arms import ARMS, BALANCE, EXPERIMENT_PLAN
from reactivation.contracts.derived.ingest import INGEST_COUNTS, QUARANTINE
from reactivation.contracts.derived.log import ERASURE_LEDGER, EXPLANATION_LOG, RUN_LOG
from reactivation.contracts.derived.models import MODEL_LEDGER, SCORE_EVALUATION, SCORES
from reactivation.contracts.derived.readouts import (
    OUTCOMES,
    READOUT,
    READOUT_CHECKS,
    READOUT_LOOKS,
    RESPONSE,
    TARGETING,
)
from reactivation.contracts.derived.shared import CELLS, CHECK_VERDICTS, CYCLE, POLICIES, STATUSES, TIERS, TOUCHES, WAVE
from reactivation.contracts.derived.tiers import TIER_BANDS, TIERS_TABLE
from reactivation.contracts.derived.users import ACTIVITY, FEATURES, LABELS
from reactivation.contracts.derived.waves import (
    CONTACT_LEDGER,
    SPEND_FORECAST,
    WAVE_LIMITS,
    WAVE_PLAN,
    WAVE_RELEASES,
    WAVE_WATERFALL,
)

__all__ = [
    "ACTIVITY",
    "ALL",
    "ARMS",
    "BALANCE",
    "BY_NAME",
    "CELLS",
    "CHECK_VERDICTS",
    "CONTACT_LEDGER",
    "CYCLE",
    "ERASURE_LEDGER",
    "EXPERIMENT_PLAN",
    "EXPLANATION_LOG",
    "FEATURES",
    "INGEST_COUNTS",
    "LABELS",
    "MODEL_LEDGER",
    "OUTCOMES",
    "POLICIES",
    "QUARANTINE",
    "READOUT",
    "READOUT_CHECKS",
    "READOUT_LOOKS",
    "RESPONSE",
    "RUN_LOG",
    "SCORES",
    "SCORE_EVALUATION",
    "SPEND_FORECAST",
    "STATUSES",
    "TARGETING",
    "TIERS",
    "TIERS_TABLE",
    "TIER_BANDS",
    "TOUCHES",
    "WAVE",
    "WAVE_LIMITS",
    "WAVE_PLAN",
    "WAVE_RELEASES",
    "WAVE_WATERFALL",
]

ALL = (
    QUARANTINE,
    INGEST_COUNTS,
    ACTIVITY,
    FEATURES,
    LABELS,
    SCORES,
    SCORE_EVALUATION,
    TIER_BANDS,
    TIERS_TABLE,
    ARMS,
    EXPERIMENT_PLAN,
    BALANCE,
    WAVE_PLAN,
    WAVE_WATERFALL,
    SPEND_FORECAST,
    WAVE_LIMITS,
    WAVE_RELEASES,
    CONTACT_LEDGER,
    OUTCOMES,
    READOUT,
    READOUT_LOOKS,
    READOUT_CHECKS,
    TARGETING,
    RESPONSE,
    MODEL_LEDGER,
    RUN_LOG,
    EXPLANATION_LOG,
    ERASURE_LEDGER,
)
BY_NAME = {table.name: table for table in ALL}

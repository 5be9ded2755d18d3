"""Settings of `monitoring`: what the month's report tells."""

from reactivation.frozen_model import FrozenModel


class MonitoringSettings(FrozenModel):
    """What the month's report tells.

    report_metrics: metrics of the read-out that the report puts into sentences, in this order; the tables hold all.
    """

    report_metrics: tuple[str, ...]

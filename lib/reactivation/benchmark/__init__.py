"""What the programme costs at size: records of measured jobs, how cost grows with users, and the page that tells it."""

from reactivation.benchmark.growth import Growth, growth
from reactivation.benchmark.loops import LoopMonth
from reactivation.benchmark.page import as_page, in_brief, text_of
from reactivation.benchmark.record import Cost, Machine, Record, newest, together

__all__ = [
    "Cost",
    "Growth",
    "LoopMonth",
    "Machine",
    "Record",
    "as_page",
    "growth",
    "in_brief",
    "newest",
    "text_of",
    "together",
]

"""Cost at size: records of measured jobs, growth of cost with users, and the page BENCHMARKS.md."""

from reactivation_lab.benchmarks.growth import Growth, growth
from reactivation_lab.benchmarks.loops import LoopMonth
from reactivation_lab.benchmarks.page import as_page, in_brief, text_of
from reactivation_lab.benchmarks.record import Cost, Machine, Record, newest, summed

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
    "summed",
    "text_of",
]

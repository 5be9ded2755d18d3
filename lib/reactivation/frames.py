"""Frames kept at hand: what several queries need is computed once, and none of them plans again how it came about."""

from pyspark import StorageLevel
from pyspark.sql import DataFrame


def at_hand(frame: DataFrame) -> DataFrame:
    """The same rows, computed when first asked for and then kept beside the executors until nobody holds the frame.

    Unlike `persist`, it forgets the plan: a later write to a table it was read from does not make Spark compute it
    again, and long plans do not grow longer. An executor that is lost takes its rows along, and the job is run again.
    """
    return frame.localCheckpoint(eager=False, storageLevel=StorageLevel.MEMORY_AND_DISK)

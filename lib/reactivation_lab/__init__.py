"""What judges the programme: comparisons and benchmarks; it imports `reactivation`, never the other way."""

"""What a stretch of work costs, and the records that keep it."""

"""What the programme costs."""

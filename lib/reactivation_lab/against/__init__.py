"""This working tree against another commit, side by side on one machine."""

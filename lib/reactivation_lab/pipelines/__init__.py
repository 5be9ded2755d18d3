"""One module per job of the lab."""

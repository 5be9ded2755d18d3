"""Who gets what in a wave, within capacity and budget, and why the others do not."""

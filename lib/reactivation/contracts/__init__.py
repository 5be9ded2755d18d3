"""Each table as data: schemas, checks, test rows and documentation derive from these contracts."""

"""What each table is, as data: schemas, checks, test rows and documentation derive from here."""

"""One module per job: it reads tables, calls rules, writes tables."""

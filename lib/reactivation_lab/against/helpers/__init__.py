"""Programs that run in a process of their own; those that need Spark or DuckDB are not imported by the driver."""

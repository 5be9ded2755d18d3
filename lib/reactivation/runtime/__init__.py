"""All that touches the world: Spark, Delta, MLflow, files, clocks, the run log, notebooks."""

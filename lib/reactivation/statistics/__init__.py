"""Numbers in, numbers out: estimators and tests that know no table and no Spark session."""

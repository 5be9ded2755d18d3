"""Bring the bank's raw rows that arrived before a day under canonical names, and set bad ones aside."""

from reactivation import cli
from reactivation.pipelines import ingest_sources

if __name__ == "__main__":
    cli.main(ingest_sources.run)

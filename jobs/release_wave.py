"""Release a planned wave: look once more, reserve every contact in the ledger, and write the files as one set."""

from reactivation import cli
from reactivation.pipelines import release_wave

if __name__ == "__main__":
    cli.main(release_wave.run)

"""Let a reviewed model version go live: move the alias `champion` and write it into the ledger."""

from reactivation import cli
from reactivation.pipelines import approve_model

if __name__ == "__main__":
    cli.main(approve_model.run, arguments=approve_model.add_arguments)

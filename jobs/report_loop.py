"""Report on all months up to a cycle: spend, users moved, what one cost, scores."""

from reactivation import cli
from reactivation.pipelines import report_loop

if __name__ == "__main__":
    cli.main(report_loop.run)

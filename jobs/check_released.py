"""Look at released contacts once more while they may still be sent: who refused since, or left, is withdrawn."""

from reactivation import cli
from reactivation.pipelines import check_released

if __name__ == "__main__":
    cli.main(check_released.run)

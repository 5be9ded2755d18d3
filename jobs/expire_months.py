"""Remove months past their retention, by conf. First a dry run, then --apply."""

from reactivation import cli
from reactivation.pipelines import expire_months

if __name__ == "__main__":
    cli.main(expire_months.run, arguments=expire_months.add_arguments)

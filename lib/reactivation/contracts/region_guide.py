"""What a new region has to say, written from the contracts: the scaffold of its conf, and the tables of its guide."""

from collections.abc import Iterator

from reactivation.contracts import canonical
from reactivation.contracts.canonical import ADDED, ATTRIBUTES
from reactivation.contracts.derived import OUTCOME_SOURCES
from reactivation.contracts.table import Column, Table

BEGIN, END = "<!-- written by `make new-region GUIDE=…` from the contracts -->", "<!-- end of what is written -->"

_HEAD = """\
## Region {name}. Say what differs from conf/base and from the scenario; a line that is not here keeps its value there.
## Lines that begin with one # can be taken: remove the sign. The guide is docs/new-region.md. Before any month is run:
##   jobs/check_region.py --region {name} --cycle YYYY-MM
calendar:
  zone: null               # must be said: IANA name, such as Europe/Prague; days and months are cut by its clock
  settle_days: 5           # days after a month's end until its late rows are in; 0 where none are late

sources:
  path: "{{root}}/raw"       # folder of the raw tables, or catalog.schema
  format: csv              # csv, parquet or delta
  ## Names for use in a `query`: a file or folder below path, or a query over the views before it.
  # views:
  #   bookings: bookings.parquet
  #   own_bookings: {{query: "select * from bookings where kind = 'own'"}}

  ## A source gives columns of ours (left) by Spark SQL expressions over the raw columns (right). `users` and one of logins,
  ## function_uses and transactions must be there. A column that the raw table does not have stays a comment.
"""

_TAIL = """
activity:                    # kinds that are counted apart, as the region's rows call them
  transaction_channels: []   # such as [mobile, card, counter]; a channel becomes transaction_own_<channel>_count
  asset_products: []         # such as [deposit]; with one named, rows of other products are bad rows
  function_groups: {}        # such as {payment: [TRANSFER, BILL_PAY]}

## Who sleeps: a condition over the columns of `features`.
# population:
#   low_activity: transaction_own_days_1m = 0
## What the models foretell: conditions over a month's measures.
# labels:
#   is_active: coalesce(transaction_own_count, 0) >= 1
#   transacted: coalesce(transaction_own_count, 0) >= 1

campaign:
  waves: null                # scores alone. Without this line the region contacts users, and conf asks for more
"""


def scaffold(name: str) -> str:
    """The conf of a new region: what must be said, and in comments all that can be, column by column."""
    sources = "".join(f"\n{block}" for table in canonical.ALL for block in _source(table))
    return f"{_HEAD.format(name=name)}{sources}{_TAIL}"


def _source(table: Table) -> Iterator[str]:
    may_lack = "" if table is canonical.USERS else "A region may lack it: "
    source = f"  from: {table.name}"
    lines = [
        f"## {may_lack}{table.grain}.",
        f"{table.name}:",
        f"{source:<43} # file, folder or table; or `query: >` over views, in place of from and columns",
        "  columns:",
    ]
    for column in _columns(table):
        must = "required" if _must(table, column) else "optional"
        mapped = f"    {column.name}: {column.name}"
        lines.append(f"{mapped:<43} # {column.type}, {must}: {_meaning(column)}")
    if table is canonical.USERS:
        own = "  profile_numbers: {income: income_eur}"
        lines += [
            f"{own:<43} # the region's own attributes: features, and facts of a wave",
            "  profile_texts: {work: job}",
        ]
    yield "\n".join(f"  {line}" if line.startswith("##") else f"  # {line}" for line in lines) + "\n"


def tables() -> str:
    """The guide's tables: each source with its columns, types and times; then what is lost without it."""
    return "\n\n".join([*(_of_source(table) for table in canonical.ALL), _without()])


def between_marks(page: str, text: str) -> str:
    """The page with a text in place of what stands between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _of_source(table: Table) -> str:
    happened = canonical.EVENT_TIME[table.name]
    key = f"Key: {', '.join(table.key)}." if table.key else "No key: rows that say the same are one, see above."
    head = f"**`{table.name}`**: {table.grain}. {key} It happened at `{happened}`."
    rows = [
        f"| `{column.name}` | {column.type} | {'yes' if _must(table, column) else ''} | {_meaning(column)} |"
        for column in _columns(table)
    ]
    return "\n".join([head, "", "| column | type | required | what it is |", "| --- | --- | --- | --- |", *rows])


def _without() -> str:
    lost: dict[str, list[str]] = {table.name: [] for table in canonical.ALL}
    for outcome, sources in OUTCOME_SOURCES.items():
        for source in sources:
            alone = f"`{outcome}`" if len(sources) == 1 else f"`{outcome}` (unless {_others(source, sources)} is there)"
            lost[source].append(alone)
    rows = [f"| `{name}` | {', '.join(outcomes)} |" for name, outcomes in lost.items() if outcomes]
    head = "Without a source its features do not exist, and these outcomes are null for everybody:"
    return "\n".join([head, "", "| without | null |", "| --- | --- |", *rows])


def _others(source: str, sources: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in sources if name != source)


def _columns(table: Table) -> list[Column]:
    return [column for column in table.columns if column.name not in (*ADDED, *ATTRIBUTES)]


def _must(table: Table, column: Column) -> bool:
    """Users may lack an arrival: they are known since sign-up then."""
    return column.required and not (table is canonical.USERS and column.name == "arrived_at")


def _meaning(column: Column) -> str:
    unit = f"; {column.unit}" if column.unit else ""
    allowed = f"; one of {', '.join(column.allowed)}" if column.allowed else ""
    least = "" if column.minimum is None else f"; at least {column.minimum}"
    return f"{column.meaning}{unit}{allowed}{least}"

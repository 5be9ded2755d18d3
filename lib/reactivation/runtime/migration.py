"""Moves a table that an older contract made to today's: what would change, and the change itself."""

from dataclasses import dataclass

from pyspark.sql import functions as F

from reactivation.contracts.table import CONTRACT_VERSION, Table
from reactivation.errors import ContractError, Finding
from reactivation.runtime import schema_evolution
from reactivation.runtime.contract_rules import broken_rules, is_held
from reactivation.runtime.schema_evolution import VERSION
from reactivation.runtime.store import Store


@dataclass(frozen=True)
class Migration:
    """What a table's move to today's contract takes.

    version: of the contract that made it. dropped, cast, gained: columns. unruled: columns whose rule Delta does not
    hold yet. problems: why it cannot be moved. What an open table holds beside its contract is its job's to make again.
    """

    table: Table
    version: int
    dropped: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    unruled: tuple[str, ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def is_done(self) -> bool:
        return self.version == CONTRACT_VERSION

    @property
    def text(self) -> str:
        """In words, for the person who decides."""
        kinds = {"drops": self.dropped, "casts": self.cast, "adds": self.gained, "takes up the rules of": self.unruled}
        done = [f"{does} {', '.join(names)}" for does, names in kinds.items() if names]
        return "; ".join(done) or "notes the version of its contract"


def needed(store: Store, table: Table) -> Migration:
    """What the move of a table that is there takes; it changes nothing."""
    stored = store.stored(table)
    held, schema = stored.properties(), stored.load().schema
    version = schema_evolution.version_of(held)
    findings = table.differences(schema, is_stored=True)
    types = {field.name: field.dataType for field in schema}
    other = {c.name: c for c in table.columns if c.name in types and types[c.name] != c.data_type}
    if version > CONTRACT_VERSION:
        newer = Finding("version", f"{table.name} {version}", f"this release knows {CONTRACT_VERSION}")
        return Migration(table, version, problems=(newer,))
    dropped = [name for name in types if name not in table.column_names and not table.is_open]
    is_known = all(name in table.removed for name in dropped) and all(
        types[name].simpleString() in column.was for name, column in other.items()
    )
    problems = () if is_known else tuple(Finding(f.kind, f"{table.name}.{f.what}", f.advice) for f in findings)
    return Migration(
        table,
        version,
        dropped=tuple(dropped),
        cast=tuple(f"{name} from {types[name].simpleString()} to {column.type}" for name, column in other.items()),
        gained=tuple(column.name for column in table.gained(schema)),
        unruled=tuple(name for name, rule in table.rules.items() if not is_held(held, name, rule)),
        problems=problems,
    )


def move(store: Store, migration: Migration) -> None:
    """Move one table; a move that breaks off is taken up by the next one. The version is noted last.

    ContractError where old rows break today's rules: the table then opens as before, but keeps its version.
    """
    table, stored = migration.table, store.stored(migration.table)
    filled = {c.name: F.lit(c.for_old_rows).cast(c.type) for c in table.columns if c.for_old_rows is not None}
    stored.drop_outdated_guards()
    if migration.dropped or migration.cast:
        rows = stored.load()
        found = {name: F.col(name) if name in rows.columns else F.lit(None) for name in table.column_names}
        stored.make_again(rows.select(*[found[c.name].cast(c.type).alias(c.name) for c in table.columns]))
    elif migration.gained:
        added = ", ".join(f"`{name}` {table.column(name).type}" for name in migration.gained)
        stored.alter(f"add columns ({added})")
    for name, value in filled.items():
        stored.delta().update(F.col(name).isNull(), {name: value})
    broken = broken_rules(table, stored.load()) if migration.unruled else []
    if broken:
        raise ContractError(f"`{table.name}` holds rows that today's contract does not allow", broken)
    for name in migration.unruled:
        stored.alter(f"add constraint `{name}` check ({table.rules[name]})")
    stored.alter(f"set tblproperties ('{VERSION}' = '{CONTRACT_VERSION}')")

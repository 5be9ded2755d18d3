"""What the layers allow, and how a module's imports and its reach into the world are read from its code.

`errors … contracts` ◄ steps ◄ `settings` ◄ `runtime` ◄ `pipelines` ◄ `cli`, jobs and notebooks; a step never imports
another step, and nothing imports `reactivation_lab` but itself and the jobs.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

BASE = frozenset(
    {
        "argument_types",
        "errors",
        "masking",
        "frames",
        "frozen_model",
        "randomization",
        "clusters",
        "open_days",
        "periods",
        "schedule",
        "contracts",
        "retention",
        "statistics",
    }
)
STEPS = frozenset({"ingest", "population", "features", "labels", "model", "campaign", "experiment", "report"})
LAB = "reactivation_lab"
MAY_IMPORT: dict[str, frozenset[str]] = {
    "__init__": frozenset(),
    **dict.fromkeys(BASE, BASE),
    "statistics": frozenset({"statistics"}),
    **{step: BASE | {step} for step in STEPS},
    "conf": BASE,
    "expressions": BASE | STEPS,
    "settings": BASE | STEPS | {"conf", "expressions"},
    "runtime": BASE | {"settings", "runtime"},
    "runtime.raw": BASE | {"settings", "runtime", "ingest"},  # opens what `ingest` reads, and nothing else
    "runtime.deliveries": BASE | {"settings", "runtime", "ingest"},  # looks for when they came
    "runtime.registry": BASE | {"settings", "runtime", "model"},  # keeps what `model` fits, and nothing else
    "runtime.logged_models": BASE | {"settings", "runtime", "model"},  # the same, of one model
    "runtime.notebook": BASE | {"settings", "runtime", "cli"},  # is the notebooks' `cli`
    "cli": BASE | {"settings", "runtime"},
    "pipelines": BASE | STEPS | {"expressions", "runtime", "pipelines", "cli"},
    "jobs": frozenset({"cli", "pipelines"}),
    "lab_jobs": frozenset({"cli", "pipelines", LAB}),
}

IMPORTERS = frozenset({"import_module", "importlib.import_module", "__import__"})
WORLD = {
    "open": "files",
    "SparkSession.builder": "sessions",
    "datetime.now": "the clock",
    "datetime.utcnow": "the clock",
    "datetime.today": "the clock",
    "date.today": "the clock",
    "time.time": "the clock",
    "F.now": "the clock",
    "F.current_date": "the clock",
    "F.current_timestamp": "the clock",
    "F.rand": "a generator",
    "F.randn": "a generator",
    "F.uuid": "a generator",
    "F.monotonically_increasing_id": "the partitioning",
}
SQL_OF_THE_WORLD = re.compile(r"\b(current_date|current_timestamp|now|rand|randn|random|uuid)\s*\(", re.IGNORECASE)

ROW_BY_ROW = frozenset(
    {"udf", "pandas_udf", "rdd", "foreach", "foreachPartition", "mapInPandas", "mapInArrow", "applyInPandas"}
)
"""What takes users through Python one by one or batch by batch."""
TO_THE_DRIVER = frozenset({"collect", "toPandas", "toArrow", "toLocalIterator", "take", "head", "tail", "records"})

RULES = frozenset({"withColumn", "withColumns", "selectExpr", "groupBy", "agg", "pivot", "when"})


class Import(NamedTuple):
    """`from reactivation.contracts import canonical` in line 7: (7, "contracts.canonical")."""

    line: int
    module: str


def imports(code: str, package: str) -> Iterator[Import]:
    """Every import of our own modules, wherever it stands; `package` (`features`) resolves relative ones."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{_absolute(node, package)}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and _dotted(node.func) in IMPORTERS:
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == LAB:
                yield Import(node.lineno, LAB)
            elif name == "jobs" or name.startswith("jobs."):
                yield Import(node.lineno, "jobs")
            elif name.startswith("reactivation."):
                yield Import(node.lineno, name.removeprefix("reactivation."))


def imported_names(code: str) -> set[str]:
    """First part of the name of every module that is imported, ours or not."""
    nodes = list(ast.walk(ast.parse(code)))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names = [*plain, *[node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]]
    return {name.partition(".")[0] for name in names}


def layer_problems(code: str, place: str) -> list[str]:
    """What a module imports although its layer may not; `place` is its name (`features.logins`, `jobs.read_out`)."""
    layer = place if place in MAY_IMPORT else place.split(".", maxsplit=1)[0]
    allowed = MAY_IMPORT[layer]
    return [
        f"line {found.line} imports `{found.module}`; `{layer}` may import only {', '.join(sorted(allowed))}"
        for found in imports(code, place.rpartition(".")[0])
        if found.module.split(".")[0] not in allowed | {"__version__"}
    ]


def world_problems(code: str) -> list[str]:
    """Where a rule opens a file or a session, reads a clock or draws from a generator, in Python or in SQL."""
    tree = ast.parse(code)
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings may speak of it
    problems = []
    for node in ast.walk(tree):
        name = _dotted(node.func) if isinstance(node, ast.Call) else _dotted(node)
        if name in WORLD and (isinstance(node, ast.Call) or name == "SparkSession.builder"):
            problems.append(
                f"line {node.lineno} calls `{name}`: only runtime touches {WORLD[name]}; take it as an argument"
            )
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            problems += [f"line {node.lineno} has `{found}` in SQL" for found in SQL_OF_THE_WORLD.findall(node.value)]
        if isinstance(node, ast.Import) and any(alias.name in {"random", "secrets"} for alias in node.names):
            problems.append(f"line {node.lineno} imports a generator: chance comes from `randomization`")
    return problems


def row_problems(code: str) -> list[str]:
    """Where rows would pass through Python."""
    named = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute | ast.Name)]
    names = [(node.lineno, _last(node)) for node in named]
    return [f"line {line} uses `{name}`: a Column expression does it" for line, name in names if name in ROW_BY_ROW]


def brings(code: str) -> int:
    """How often rows are brought to the driver."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return sum(_last(call.func) in TO_THE_DRIVER for call in calls)


def rule_problems(code: str) -> list[str]:
    """Where a job computes columns itself; it may name some (`F.col`), to say which partitions it reads."""
    found = [(node.lineno, node) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    own = [(line, _dotted(node)) for line, node in found if _dotted(node.value) == "F" and node.attr != "col"]
    own += [(line, node.attr) for line, node in found if node.attr in RULES and _dotted(node.value) != "F"]
    return [
        f"line {line} uses `{name}`: a column that is computed is a rule and belongs to a step" for line, name in own
    ]


def import_graph(package: Path, name: str) -> dict[str, set[str]]:
    """By module of a package, the modules of it that it imports; an `__init__` bears its package's name.

    package: the folder. name: its dotted name below `reactivation` (`experiment`).
    """
    modules = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        modules[".".join([name, *(part for part in parts if part != "__init__")])] = path
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        package_of = module if path.stem == "__init__" else module.rpartition(".")[0]
        found = {one.module for one in imports(path.read_text("utf-8"), package_of)}
        known = {one if one in modules else one.rpartition(".")[0] for one in found}
        graph[module] = {one for one in known if one in modules} - {module}
    return graph


def longest_chain(graph: Mapping[str, Collection[str]]) -> list[str]:
    """The longest chain of imports, the importer first; ValueError where modules import each other in a circle."""
    chains: dict[str, list[str]] = {}

    def chain(module: str, above: tuple[str, ...]) -> list[str]:
        if module in above:
            raise ValueError(f"circle: {' > '.join([*above[above.index(module) :], module])}")
        if module not in chains:
            below = [chain(one, (*above, module)) for one in sorted(graph[module])]
            chains[module] = [module, *max(below, key=len, default=[])]
        return chains[module]

    return max((chain(module, ()) for module in sorted(graph)), key=len, default=[])


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = ["reactivation", *package.split(".")] if package else ["reactivation"]
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else _dotted(node)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""

"""The shape of the project: each step stands alone, only `runtime` touches the world, a noun has its places."""

import ast
from pathlib import Path

import pytest
import yaml

from layers import (
    BASE,
    MAY_IMPORT,
    SQL_OF_THE_WORLD,
    STEPS,
    imported_names,
    layer_problems,
    rule_problems,
    world_problems,
)

pytestmark = pytest.mark.numbers

ROOT = Path(__file__).parents[1]
LIB = ROOT / "lib" / "reactivation"
LAB = ROOT / "lib" / "reactivation_lab"
PRODUCT = [*sorted(LIB.rglob("*.py")), *sorted((ROOT / "jobs").glob("*.py"))]
LAB_JOBS = sorted((ROOT / "jobs" / "lab").glob("*.py"))
CODE = [*PRODUCT, *sorted(LAB.rglob("*.py")), *LAB_JOBS]
MAY_LOAD_THE_LAB = {ROOT / "jobs" / "run_cycle.py"}

NOUN_OF_CONF = {
    "sources": "ingest",
    "activity": "features",
    "features": "features",
    "monitoring": "report",
    "model": "model",
    "model_card": "model",
}
"""Sections of conf whose step has another name: their keys are contract."""
NOT_A_STEP = {"paths", "calendar", "runtime", "retention"}


def test_every_module_imports_only_what_its_layer_may() -> None:
    found = [(path, p) for path in PRODUCT for p in layer_problems(path.read_text("utf-8"), _place(path))]
    _none([f"{_name(path)}: {p}" for path, p in found if not (path in MAY_LOAD_THE_LAB and "`reactivation_lab`" in p)])


def test_a_job_of_the_lab_is_an_entry_point_of_the_lab() -> None:
    found = [(path, p) for path in LAB_JOBS for p in layer_problems(path.read_text("utf-8"), f"lab_jobs.{path.stem}")]
    _none([f"{_name(path)}: {p}" for path, p in found])


def test_no_job_imports_a_job() -> None:
    jobs = [*(ROOT / "jobs").rglob("*.py")]
    beside = {path.stem for path in jobs} | {"jobs", "lab"}  # Python finds what lies beside the file it runs
    found = [(path, name) for path in jobs for name in imported_names(path.read_text("utf-8")) & beside]
    _none([f"{_name(path)} imports `{name}`, a job: what jobs share belongs to pipelines" for path, name in found])


def test_every_module_has_a_layer() -> None:
    new = [path for path in _children() if path.stem not in MAY_IMPORT]
    _none([f"{_name(path)}: which layer is it? Say so in tests/layers.py" for path in new])


def test_rules_touch_no_file_no_session_no_clock_and_no_generator() -> None:
    rules = [path for path in PRODUCT if _place(path).split(".")[0] in BASE | STEPS | {"pipelines", "jobs"}]
    _none([f"{_name(path)}: {problem}" for path in rules for problem in world_problems(path.read_text("utf-8"))])


def test_sql_in_conf_knows_no_clock_and_no_generator() -> None:
    lines = [(path, n, line) for path in _conf() for n, line in enumerate(path.read_text("utf-8").splitlines(), 1)]
    bad = [(path, n, SQL_OF_THE_WORLD.search(line.split("#")[0])) for path, n, line in lines]
    _none([f"{_name(path)}:{n} has `{found[1]}`: same inputs would give other rows" for path, n, found in bad if found])


def test_a_job_is_an_entry_point() -> None:
    jobs = [*(ROOT / "jobs").rglob("*.py")]
    lengths = {path: len([line for line in path.read_text("utf-8").splitlines() if line.strip()]) for path in jobs}
    _none([f"{_name(path)} has {n} lines: all wiring belongs to pipelines" for path, n in lengths.items() if n > 30])


def test_a_pipeline_computes_no_columns() -> None:
    pipelines = [path for path in CODE if path.parent.name == "pipelines"]
    _none([f"{_name(path)}: {problem}" for path in pipelines for problem in rule_problems(path.read_text("utf-8"))])


def test_files_and_functions_stay_small() -> None:
    _none([f"{_name(path)}: {problem}" for path in CODE for problem in _too_long(path.read_text("utf-8"))])


def test_a_notebook_is_a_page_to_read() -> None:
    pages = sorted((ROOT / "notebooks").glob("*.py"))
    nodes = [(path, node) for path in pages for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    programs = [(path, node) for path, node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.While)]
    columns = [(path, node) for path, node in nodes if isinstance(node, ast.Name) and node.id == "F"]
    _none([f"{_name(path)}:{node.lineno} is a program: it belongs to lib" for path, node in [*programs, *columns]])


def test_a_noun_of_conf_is_a_noun_of_lib_and_of_tests() -> None:
    problems = []
    for path in sorted((ROOT / "conf" / "base").glob("*.yml")):
        keys = list(yaml.safe_load(path.read_text("utf-8")) or {})
        if keys != [path.stem]:
            problems.append(f"{_name(path)} holds the keys {keys}, must hold `{path.stem}` alone")
        if NOUN_OF_CONF.get(path.stem, path.stem) not in STEPS | NOT_A_STEP:
            problems.append(f"{_name(path)} belongs to no step: lib/reactivation/{path.stem} is not one")
    for step in sorted(STEPS):
        nouns = [noun for noun, of in NOUN_OF_CONF.items() if of == step] or [step]
        files = [ROOT / "conf" / "base" / f"{noun}.yml" for noun in nouns]
        places = [LIB / step, ROOT / "tests" / step, *files]
        problems += [f"step `{step}` has no {_name(place)}" for place in places if not place.exists()]
    _none(problems)


@pytest.mark.parametrize(
    ("place", "code", "finding"),
    [
        ("features.logins", "from reactivation.features.feature import Feature", None),
        ("features.logins", "from reactivation.labels import build", "line 1 imports `labels.build`"),
        ("features.logins", "from reactivation import labels", "line 1 imports `labels`"),
        ("features.logins", "import reactivation.settings", "line 1 imports `settings`"),
        ("features.logins", "from ..runtime import store", "line 1 imports `runtime.store`"),
        ("features.logins", "def f():\n    import reactivation_lab.bank", "line 2 imports `reactivation_lab`"),
        ("features.logins", "import_module('reactivation.model.gate')", "line 1 imports `model.gate`"),
        ("periods", "from reactivation.features import build", "line 1 imports `features.build`"),
        ("settings", "from reactivation.runtime import run", "line 1 imports `runtime.run`"),
        ("runtime.run", "from reactivation.campaign.settings import CampaignSettings", "`campaign.settings.C"),
        ("runtime.registry", "from reactivation.model import plots", None),
        ("runtime.store", "from reactivation.model import plots", "line 1 imports `model.plots`"),
        ("pipelines.read_out", "from reactivation import experiment", None),
        ("pipelines.read_out", "from reactivation.settings import load", "line 1 imports `settings.load`"),
        ("pipelines.read_out", "from reactivation_lab.bank import tables", "line 1 imports `reactivation_lab`"),
        ("statistics.means", "from reactivation.periods import Month", "line 1 imports `periods.Month`"),
        ("jobs.read_out", "from reactivation.pipelines import read_out", None),
        ("jobs.read_out", "from reactivation import experiment", "line 1 imports `experiment`"),
        ("lab_jobs.report_truth", "from reactivation_lab.pipelines import report_truth", None),
        ("lab_jobs.report_truth", "from reactivation.runtime import run", "line 1 imports `runtime.run`"),
    ],
)
def test_the_layer_rule_sees_an_import_wherever_it_hides(place: str, code: str, finding: str | None) -> None:
    problems = layer_problems(code, place)
    assert problems == [] if finding is None else finding in problems[0]


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ('"""Never rand(), never now()."""', None),
        ("day = calendar.instant(day)", None),
        ("open('users.csv')", "`open`"),
        ("spark = SparkSession.builder.getOrCreate()", "`SparkSession.builder`"),
        ("def f():\n    return date.today()", "line 2 calls `date.today`"),
        ("df.orderBy(F.rand())", "`F.rand`"),
        ("F.expr('RAND() < 0.5')", "`RAND` in SQL"),
        ("import random", "a generator"),
    ],
)
def test_the_world_rule_sees_clocks_files_and_generators(code: str, finding: str | None) -> None:
    problems = world_problems(code)
    assert problems == [] if finding is None else finding in problems[0]


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ('r.read(derived.SCORES, F.col("cycle") == "2026-06")', None),
        ('"_".join(names)', None),
        ("F.when(is_sleeper, 1)", "`F.when`"),
        ("table.withColumn('tier', band)", "`withColumn`"),
        ("table.groupBy('tier').count()", "`groupBy`"),
    ],
)
def test_the_job_rule_sees_a_computed_column(code: str, finding: str | None) -> None:
    problems = rule_problems(code)
    assert problems == [] if finding is None else finding in problems[0]


def _too_long(code: str) -> list[str]:
    lines = len(code.splitlines())
    functions = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.FunctionDef)]
    long = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    problems = [f"`{name}` has {n} lines, at most 70" for name, n in long.items() if n > 70]
    return problems + ([f"{lines} lines, at most 250: split by subject"] if lines > 250 else [])


def _place(path: Path) -> str:
    if path.parent.name == "jobs":
        return f"jobs.{path.stem}"
    return ".".join(path.relative_to(LIB).with_suffix("").parts)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _children() -> list[Path]:
    return [p for p in sorted(LIB.iterdir()) if p.suffix == ".py" or (p.is_dir() and any(p.glob("*.py")))]


def _conf() -> list[Path]:
    return sorted((ROOT / "conf").rglob("*.yml"))


def _none(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)

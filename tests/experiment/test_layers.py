"""The experiment is flat: a reader needs few modules to get from a question to its answer."""

from pathlib import Path

import pytest

from layers import import_graph, longest_chain

pytestmark = pytest.mark.numbers

LIB = Path(__file__).parents[2] / "lib" / "reactivation"
MOST_LAYERS = 7


def test_no_chain_of_imports_within_the_experiment_is_longer_than_seven_modules() -> None:
    graph = import_graph(LIB / "experiment", "experiment")
    assert len(graph) > 20
    chain = longest_chain(graph)
    assert len(chain) <= MOST_LAYERS, " > ".join(chain)


def test_statistics_import_each_other_in_no_circle() -> None:
    assert len(longest_chain(import_graph(LIB / "statistics", "statistics"))) <= MOST_LAYERS


def test_a_chain_and_a_circle_are_seen(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name, code in {
        "__init__": "from reactivation.few.top import f",
        "top": "from reactivation.few.sub import middle\nfrom reactivation.few import low",
        "sub/__init__": "",
        "sub/middle": "def f():\n    from ..low import g",  # an import inside a function counts as well
        "low": "import os",
    }.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    graph = import_graph(tmp_path, "few")
    assert graph["few.top"] == {"few.sub.middle", "few.low"}
    assert longest_chain(graph) == ["few", "few.top", "few.sub.middle", "few.low"]
    (tmp_path / "low.py").write_text("from reactivation.few.top import f", encoding="utf-8")
    with pytest.raises(ValueError, match=r"circle: few\.top > few\.low > few\.top"):
        longest_chain(import_graph(tmp_path, "few"))

"""README and docs: their picture is the flow's, what they point to is there, README and decisions stay short."""

import re
from pathlib import Path

import pytest

from reactivation.contracts import flow

pytestmark = pytest.mark.numbers

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
DOCS = sorted((PROJECT / "docs").glob("*.md"))
DECISIONS = PROJECT / "docs" / "decisions"
THEMES = sorted(page for page in DECISIONS.glob("*.md") if page.name != "README.md")
MOST_BYTES = 9_000
MOST_DECISIONS = 25

DAY = r"\d{4}-\d{2}-\d{2}"
DECISION = re.compile(r"^## (?P<title>.+)\n(?P<status>.*)\n", re.MULTILINE)
STATUS = re.compile(rf"Status: (accepted(; supersedes .+ \({DAY}\))?|superseded by .+) · Date: {DAY}(, changed {DAY})?")
INDEXED = re.compile(r"^- \[(?P<title>.+)\]\((?P<place>\S+)\): \S", re.MULTILINE)
OF_PEOPLE = ("lib", "jobs", "conf", "docs", "notebooks", "tests")
"""Folders that may point to a decision."""


def test_the_picture_of_the_datas_way_comes_from_the_flow() -> None:
    assert f"```mermaid\n{flow.mermaid()}\n```" in (PROJECT / "docs" / "concepts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page",
    [README, PROJECT / "CONTRIBUTING.md", PROJECT / "BENCHMARKS.md", *DOCS, *THEMES, DECISIONS / "README.md"],
    ids=lambda page: str(page.relative_to(PROJECT)),
)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = page.parent / name if name else page
    if not heading:
        return target.exists()
    return heading in {anchor(title) for title in re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)}


def anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_every_job_stands_in_the_readme_and_has_its_file() -> None:
    text = README.read_text(encoding="utf-8")
    for step in flow.STEPS:
        assert f"`{step.job}`" in text
        assert (PROJECT / "jobs" / f"{step.job}.py").is_file()


def test_the_readme_stays_short_and_leads_to_every_page_of_docs() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    assert [page.name for page in DOCS if f"](docs/{page.name})" not in text] == []


def test_the_index_lists_every_decision_and_no_other() -> None:
    there = {
        f"{page.name}#{anchor(title)}": title
        for page in THEMES
        for title, _ in DECISION.findall(page.read_text(encoding="utf-8"))
    }
    lines = INDEXED.findall((DECISIONS / "README.md").read_text(encoding="utf-8"))
    assert [(place, title) for title, place in lines if there.get(place) != title] == []
    assert sorted(place for _, place in lines) == sorted(there)
    assert 0 < len(there) <= MOST_DECISIONS


@pytest.mark.parametrize("page", THEMES, ids=lambda page: page.stem)
def test_each_decision_has_a_status_and_a_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    decisions = DECISION.findall(text)
    assert len(decisions) == len(re.findall("^## ", text, re.MULTILINE)) > 0
    assert [(title, status) for title, status in decisions if not STATUS.fullmatch(status)] == []
    assert text.count("**Context.**") == text.count("**Choice.**") == text.count("**Consequence.**") == len(decisions)


def test_nothing_points_to_a_decision_by_a_number() -> None:
    pages = [*PROJECT.glob("*.md"), *(p for folder in OF_PEOPLE for p in (PROJECT / folder).rglob("*.*"))]
    texts = {
        p: p.read_text("utf-8", errors="replace") for p in pages if p.suffix in {".md", ".py", ".yml", ".j2", ".po"}
    }
    assert [str(p) for p, text in texts.items() if re.search(r"\bdecisions? \d+\b", text, re.IGNORECASE)] == []

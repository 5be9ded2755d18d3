"""README and docs: their picture is the flow's, what they point to is there, and the README stays short."""

import re
from pathlib import Path

import pytest

from reactivation.contracts import flow

pytestmark = pytest.mark.numbers

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
DOCS = sorted((PROJECT / "docs").glob("*.md"))
MOST_BYTES = 9_000


def test_the_picture_of_the_datas_way_comes_from_the_flow() -> None:
    assert f"```mermaid\n{flow.mermaid()}\n```" in (PROJECT / "docs" / "concepts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [README, *DOCS], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_job_stands_in_the_readme_and_has_its_file() -> None:
    text = README.read_text(encoding="utf-8")
    for step in flow.STEPS:
        assert f"`{step.job}`" in text
        assert (PROJECT / "jobs" / f"{step.job}.py").is_file()


def test_the_readme_stays_short_and_leads_to_every_page_of_docs() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    assert [page.name for page in DOCS if f"](docs/{page.name})" not in text] == []

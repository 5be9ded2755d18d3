"""The README's picture is the flow's, and what it points to is there."""

import re
from pathlib import Path

import pytest

from reactivation.contracts import flow

pytestmark = pytest.mark.numbers

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_picture_of_the_datas_way_comes_from_the_flow() -> None:
    assert f"```mermaid\n{flow.mermaid()}\n```" in README


def test_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_every_job_stands_in_the_readme_and_has_its_file() -> None:
    for step in flow.STEPS:
        assert f"`{step.job}`" in README
        assert (PROJECT / "jobs" / f"{step.job}.py").is_file()

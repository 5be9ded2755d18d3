"""The scaffold of a region and its guide are written from the contracts, and hold together without Spark."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from reactivation import cli
from reactivation.contracts import canonical, region_guide
from reactivation.errors import SettingsError
from reactivation.pipelines import new_region
from reactivation.settings import load

pytestmark = pytest.mark.edges

PROJECT = Path(__file__).parents[2]
HIDDEN = {*canonical.ADDED, *canonical.ATTRIBUTES}
"""Columns that no region maps by their name."""
GUIDE = PROJECT / "docs" / "new-region.md"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "conf", tmp_path / "conf")
    return tmp_path / "conf"


def make(conf: Path, *arguments: str) -> int:
    argv = [*arguments, "--conf-dir", str(conf)]
    return cli.execute_alone(new_region.run, "jobs/new_region.py", argv, arguments=new_region.add_arguments)


def test_the_guides_tables_are_those_of_the_contracts() -> None:
    page = GUIDE.read_text("utf-8")
    assert page == region_guide.between_marks(page, region_guide.tables()), (
        "write them anew: make new-region GUIDE=docs/new-region.md"
    )
    for table in canonical.ALL:
        assert f"**`{table.name}`**" in page
        assert all(f"| `{c.name}` | {c.type} |" in page for c in table.columns if c.name not in HIDDEN)


def test_a_scaffold_says_what_is_missing_and_is_never_written_over(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(conf, "--name", "north") == 0
    written = (conf / "regions" / "north.yml").read_text("utf-8")
    with pytest.raises(SettingsError) as missing:
        load(conf, env="local", region="north", scenario="mobile_activity")
    found = {finding.what for finding in missing.value.findings}
    assert {"calendar.zone", "sources.users"} <= found
    assert make(conf, "--name", "north") == 2
    assert make(conf, "--name", "North East") == 2
    assert (conf / "regions" / "north.yml").read_text("utf-8") == written
    assert "there already" in capsys.readouterr().err


def test_a_scaffold_without_its_comment_signs_is_a_whole_region(conf: Path) -> None:
    """Every source and column that it shows is one that conf takes."""
    text = region_guide.scaffold("north").replace("zone: null", "zone: Europe/Prague")
    text = text.replace("transaction_channels: []", "transaction_channels: [mobile]")
    bare = re.sub(r"^( *)# ", r"\1", text, flags=re.MULTILINE)
    (conf / "regions" / "north.yml").write_text(bare, "utf-8")
    said = yaml.safe_load(bare)["sources"]
    assert set(canonical.BY_NAME) <= set(said)
    settings = load(conf, env="local", region="north", scenario="mobile_activity").settings
    for table in canonical.ALL:
        columns = settings.sources.present[table.name].columns or {}
        assert set(columns) == set(table.column_names) - HIDDEN
    assert settings.features.profile_numbers == ("income",)

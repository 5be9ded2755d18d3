"""The file that says what was drawn: what it may not say, and how it is shown."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from experiment.drawn import PLAIN, ROOT, spec
from reactivation.errors import SettingsError
from reactivation.experiment.any_table import Spec
from reactivation.settings import load_part

pytestmark = pytest.mark.numbers


def test_the_readme_shows_the_spec_as_it_is() -> None:
    shown = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(shown) == yaml.safe_load(
        (ROOT / "conf/experiments/hillstrom.yml").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "nein"}, "control `nein` has no share: arms are yes, no"),
        ({"shares": {"no": 1}}, "shares names no arm but the control"),
        ({"rates": [], "means": []}, "neither rates nor means names an outcome"),
        ({"means": ["came"]}, "an outcome stands twice"),
        ({"covariates": ["came"]}, "came: an outcome was not known before the draw"),
        ({"strata": ["arm"]}, "`arm` is the arm and cannot be"),
        ({"minimum_effects": {"cme": 1}}, "minimum_effects names cme, which is no outcome here"),
        ({"shares": {"yes": 0, "no": 1}}, "greater than 0"),
        ({"shares": {"yes": float("inf"), "no": 1}}, "finite number"),
        ({"minimum_effects": {"spend": float("inf")}}, "finite number"),
        ({"control": 1.1}, r"control `1\.1` has no share: arms are yes, no \(put it in quotes"),
        ({"looks": 0}, "greater than or equal to 1"),
        ({"looks": {"tuning": 1}}, "greater than or equal to 100"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(**changes)


def test_arms_are_what_spark_writes_not_what_yaml_makes_of_them() -> None:
    found = spec(control=0, shares={0: 1, True: 1})
    assert (found.control, list(found.shares)) == ("0", ["0", "true"])


def test_a_misspelt_key_of_a_spec_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "spec.yml"
    path.write_text(yaml.safe_dump({**PLAIN, "covariate": ["before"], "looks": {"tunning": 500}}), encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_part(path, Spec)
    text = str(error.value)
    assert "spec.yml: 3 problems" in text
    assert "unknown key  covariate" in text
    assert "did you mean `covariates`?" in text
    assert "did you mean `tuning`?" in text
    with pytest.raises(SettingsError, match=r"did you mean `spec.yml`\?"):
        load_part(tmp_path / "spc.yml", Spec)

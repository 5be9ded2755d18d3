"""Any experiment told in sentences and rows."""

import pytest

from experiment.drawn import SETTINGS, drawn, spec, straight
from reactivation.contracts.derived import READOUT
from reactivation.experiment.any_table import Analysis, analyze, as_csv, brief, by_contrast, family, opening

pytestmark = pytest.mark.numbers


def test_it_is_told_in_sentences_and_rows() -> None:
    asked = spec(covariates=["before"])
    found = analyze(straight(drawn(), asked), asked, settings=SETTINGS)
    assert opening(found, asked)[0] == "4 000 rows: `yes` 2 000, `no` 2 000. The control is `no`."
    came = by_contrast(found, asked)["yes_vs_no"][0]
    assert came.startswith(
        "came: 32.05% against 20.65%, a difference of +11.4 points (95% interval +8.68 to +14.1), 1.55 times as much."
    )
    assert "Proven better. Beside it: CUPED +11.4" in came
    assert [row["metric"] for row in family(found.rows)] == ["came", "spend"]
    assert brief(found.rows[0])["users"] == "2 000 : 2 000"
    text = as_csv(READOUT, found.rows).splitlines()
    assert text[0] == ",".join(READOUT.column_names)
    assert len(text) == 1 + len(found.rows)


def test_withheld_is_told_first() -> None:
    table, asked = drawn(), spec()
    found = analyze(straight(table[(table["arm"] == "no") | (table.index % 8 > 0)], asked), asked, settings=SETTINGS)
    assert isinstance(found, Analysis)
    assert opening(found, asked)[1].startswith("No effect is shown. Sample ratio: `yes` : `no` are 1500 : 2000")
    assert by_contrast(found, asked)["yes_vs_no"][0].startswith("came: not shown. Sample ratio")

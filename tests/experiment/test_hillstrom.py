"""Hillstrom's e-mail test from its raw file: published lifts, and how much of an arm may be lost."""

import pandas as pd
import pytest
import yaml

from experiment.drawn import ROOT, read
from reactivation.experiment.any_table import Spec
from reactivation.settings import load_part

pytestmark = pytest.mark.numbers


def test_hillstrom_is_withheld_with_a_twentieth_of_any_arm_lost_and_not_with_a_fiftieth() -> None:
    asked = load_part(ROOT / "conf/experiments/hillstrom.yml", Spec)
    users = pd.read_parquet(ROOT / "tests/data/hillstrom/hillstrom.parquet").rename(columns={"segment": "arm"})
    asked = asked.model_copy(update={"arm": "arm", "covariates": (), "strata": ()})
    place = users.groupby("arm").cumcount()
    for arm in asked.shares:
        for every, status in ((20, "withheld"), (50, "estimated")):
            left = users[(users["arm"] != arm) | (place % every > 0)]
            assert {row["status"] for row in read(left, asked).values()} == {status}


def test_hillstroms_lifts_are_the_published_ones() -> None:
    asked = load_part(ROOT / "conf/experiments/hillstrom.yml", Spec).model_copy(update={"arm": "arm", "strata": ()})
    users = pd.read_parquet(ROOT / "tests/data/hillstrom/hillstrom.parquet").rename(columns={"segment": "arm"})
    found = read(users, asked)
    published = yaml.safe_load((ROOT / "tests/data/statistics.yml").read_text(encoding="utf-8"))["hillstrom_email"]
    for case in published:
        arm = {"mens": "Mens E-Mail", "womens": "Womens E-Mail"}[case["arm"]]
        row = found[f"{arm}_vs_No E-Mail", case["outcome"], "all"]
        assert round(row["difference"], 6) == case["lift"]
        if "ci_published" in case:
            assert [round(row["difference_low"], 4), round(row["difference_high"], 4)] == case["ci_published"]

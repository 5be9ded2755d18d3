"""Parts of the users: few users say little alone, and are shown as few."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from reactivation.report import shrunken
from reactivation.report.evidence import Evidence
from reactivation.report.shrunken import Seen
from report.made_month import facts

pytestmark = pytest.mark.numbers
ENDS = (("low", -1), ("high", 1))


def test_a_part_of_few_users_is_drawn_further_towards_the_mean() -> None:
    seen = [Seen("many", 0.10, 0.01, 4_000, 4_000), *[Seen(f"b{n}", 0.05, 0.01, 4_000, 4_000) for n in range(6)]]
    few, many = (
        {part.key: part for part in shrunken.parts([*seen, Seen("odd", 0.30, error, n, n)])}["odd"]
        for error, n in ((0.10, 40), (0.01, 4_000))
    )
    assert abs(few.estimate - 0.06) < 0.05 < abs(many.estimate - 0.06)
    assert (few.is_small, many.is_small) == (True, False)
    assert few.seen == many.seen == 0.30  # what was seen is kept beside


def test_one_part_alone_stays_and_none_gives_none() -> None:
    assert shrunken.parts([]) == []
    alone = shrunken.parts([Seen("one", 0.08, 0.02, 500, 500)])[0]
    assert alone.estimate == pytest.approx(0.08)


def test_what_a_contact_did_goes_by_the_contacts_of_the_models_picks_and_not_by_guidance() -> None:
    """The model's picks got 2 contacts each; those whom it did not pick, and another cell's picks, 10 each."""
    month, known = facts(), Evidence(facts())
    moved = known.plain("touch_model", known.primary)
    assert moved is not None
    picked = ("model", True, "touched")
    users = [
        row | {"delivered": row["users"] * (2 if (row["policy"], row["is_selected"], row["touch"]) == picked else 10)}
        for row in month.users
    ]
    assert shrunken.per_contact(Evidence(replace(month, users=users))) == pytest.approx(moved["difference"] / 2)
    few = [row | {"delivered": 0} for row in month.users]
    assert shrunken.per_contact(Evidence(replace(month, users=few))) == pytest.approx(moved["difference"])


def test_an_option_that_looks_harmful_by_chance_alone_is_not_told_as_harmful() -> None:
    """110 controls made an option look surely harmful whose truth was +14 points: its tier, alone, was read."""
    rng, month, told = np.random.default_rng(20260501), facts(), 0
    for _ in range(100):
        came = rng.binomial(110, 0.35) / 110
        rows = []
        for i, truth in enumerate((0.14, 0.10, 0.12, 0.08)):
            lift = rng.binomial(150, 0.35 + truth) / 150 - came
            rows.append({**month.response[0], "channel": f"c{i}", "lift": lift})
            rows[-1] |= {"standard_error": (0.24 / 150 + 0.23 / 110) ** 0.5, "control_error": (0.23 / 110) ** 0.5}
        told += sum(part.high < 0 for part in shrunken.options(Evidence(replace(month, response=rows))))
    assert told / 400 < 0.005


def test_twenty_points_below_by_110_controls_are_no_surely_harmful_option() -> None:
    """As the demo had it: both options of a wave far below none, whose few users had been active by chance."""
    errors = {"standard_error": 0.057, "control_error": 0.045, "n_treatment": 234, "n_control": 102}
    options = [facts().response[0] | {"channel": name, "lift": -0.21} | errors for name in ("sms", "push")]
    few = shrunken.options(Evidence(facts(response=options)))
    assert all(part.high > 0 and part.is_small and part.seen == -0.21 for part in few)
    errors = {"standard_error": 0.0057, "control_error": 0.0045, "n_treatment": 23_400, "n_control": 10_200}
    many = shrunken.options(Evidence(facts(response=[row | errors for row in options])))
    assert all(part.high < -0.1 for part in many)  # a harm that is really seen is told


def test_intervals_of_parts_cover_what_they_are_about() -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(120):
        truth = rng.normal(0.08, 0.03, 8)
        error = rng.uniform(0.01, 0.08, 8)
        seen = [Seen(str(n), rng.normal(t, e), e, 100, 100) for n, (t, e) in enumerate(zip(truth, error, strict=True))]
        parts = {part.key: part for part in shrunken.parts(seen)}
        inside += sum(parts[str(n)].low <= t <= parts[str(n)].high for n, t in enumerate(truth))
    assert inside / 960 > 0.89  # of 0.95: the posterior does not know that the spread is estimated


def test_branches_are_read_at_the_level_of_their_interval() -> None:
    """A row at another level has a longer interval for the same error: what is shrunk must not depend on it."""
    rows = [row for row in facts().readout if row["segment"] != "all"]
    reach = 0.09 * norm.isf(0.001 / 2) / norm.isf(0.05 / 2)
    ends = [{f"difference_{end}": row["difference"] + sign * reach for end, sign in ENDS} for row in rows]
    others = [row | end | {"alpha": 0.001} for row, end in zip(rows, ends, strict=True)]
    plain, longer = (shrunken.branches(Evidence(facts(readout=found))) for found in (rows, others))
    assert [part.estimate for part in longer] == pytest.approx([part.estimate for part in plain])


def test_bands_compare_touched_with_held_out_over_all_cells() -> None:
    found = shrunken.bands(facts())
    assert [part.key for part in found] == [str(band) for band in range(1, 9)]
    assert all(part.seen == pytest.approx(0.13, abs=0.005) for part in found)
    assert all((part.first, part.second) == (1_500, 1_350) for part in found)

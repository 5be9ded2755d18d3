"""Pictures show the numbers they were given, in the order of the rows, and nothing where nothing is known."""

from math import isnan

import pytest

from reactivation.report import plots

pytestmark = pytest.mark.numbers

FALL = [
    {"wave": "W1", "reason": "planned", "users": 30},
    {"wave": "W1", "reason": "holdout", "users": 70},
    {"wave": "W2", "reason": "planned", "users": 10},
    {"wave": "W2", "reason": "no_channel", "users": None},
]


def test_a_bar_is_as_long_as_its_sum_and_parts_begin_where_others_end() -> None:
    axes = plots.bars(FALL, of="users", by="wave", stacked="reason").axes[0]
    parts = {bars.get_label(): [(bar.get_x(), bar.get_width()) for bar in bars] for bars in axes.containers}
    assert parts == {"planned": [(0, 30), (0, 10)], "holdout": [(30, 70), (10, 0)], "no channel": [(100, 0), (10, 0)]}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["W1", "W2"]
    assert axes.yaxis_inverted()  # the first row stands above


def test_a_bar_without_parts_is_the_sum_of_its_rows() -> None:
    axes = plots.bars(FALL, of="users", by="wave").axes[0]
    assert [bar.get_width() for bar in axes.containers[0]] == [100, 10]
    assert axes.get_legend() is None


def test_parts_differ_in_hatching_as_well_as_in_colour() -> None:
    axes = plots.bars(FALL, of="users", by="wave", stacked="reason").axes[0]
    looks = [(bars[0].get_facecolor(), bars[0].get_hatch()) for bars in axes.containers]
    assert len({colour for colour, _ in looks}) == len({hatch for _, hatch in looks}) == 3


def test_a_line_goes_through_its_points_in_the_order_of_x_and_breaks_where_nothing_is_known() -> None:
    rows = [
        {"cycle": "2026-02", "rows": None, "source": "logins"},
        {"cycle": "2026-01", "rows": 5, "source": "logins"},
        {"cycle": "2026-03", "rows": 7, "source": "logins"},
        {"cycle": "2026-01", "rows": 2, "source": "users"},
        {"cycle": None, "rows": 9, "source": "users"},  # no place on the axis
    ]
    logins, users = plots.lines(rows, x="cycle", y="rows", by="source").axes[0].get_lines()
    first, gap, last = logins.get_ydata()
    assert (list(logins.get_xdata()), first, last) == (["2026-01", "2026-02", "2026-03"], 5, 7)
    assert isnan(gap)
    assert list(users.get_ydata()) == [2]


def test_a_forest_has_a_mark_and_an_interval_per_known_row_and_a_line_at_zero() -> None:
    rows = [
        {"contrast": "touch_model", "points": 18.4, "low": 13.2, "high": 23.5},
        {"contrast": "policy_model_vs_rule", "points": None, "low": None, "high": None},  # withheld
        {"contrast": "gain_model_vs_rule", "points": 2.2, "low": None, "high": 9.5},
    ]
    axes = plots.intervals(rows, label="contrast", point="points", low="low", high="high").axes[0]
    zero, *drawn = axes.get_lines()
    assert list(zero.get_xdata()) == [0, 0]
    assert [list(line.get_xdata()) for line in drawn] == [[13.2, 23.5], [18.4], [2.2, 9.5], [2.2]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["touch model", "gain model vs rule"]

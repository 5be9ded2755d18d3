"""The always-valid interval: where it is shortest, and its p-value."""

import numpy as np
import pytest

from reactivation.statistics import sequential

pytestmark = pytest.mark.numbers


def test_it_is_longer_than_students_and_shortest_near_its_tuning() -> None:
    users = np.array([500, 2_000, 5_000, 20_000, 100_000])
    reach = sequential.critical(users, alpha=0.05, tuning=5_000)
    assert (reach > 1.96).all()
    tunings = (500, 1_000, 5_000, 20_000, 100_000)
    at_5000 = [float(sequential.critical(5_000, alpha=0.05, tuning=tuning)) for tuning in tunings]
    assert int(np.argmin(at_5000)) == tunings.index(5_000)


def test_p_is_alpha_where_the_interval_touches_zero() -> None:
    reach = sequential.critical(7_000, alpha=0.05, tuning=5_000)
    assert sequential.p_value(reach, 7_000, alpha=0.05, tuning=5_000) == pytest.approx(0.05)
    assert sequential.p_value(0.0, 7_000, alpha=0.05, tuning=5_000) == 1.0

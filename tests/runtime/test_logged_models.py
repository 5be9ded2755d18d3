"""What MLflow keeps of a model holds no user's row."""

import pandas as pd
import pytest

from reactivation.runtime.logged_models import made_up

pytestmark = pytest.mark.numbers

USERS = pd.DataFrame(
    {
        "logins": [0.0, 1.0, 5.0, 9.0, None],
        "balance": [1000.17, 25.5, None, 7.75, 123456.89],
        "branch": ["a", "a", "b", "b", "one user's own"],
        "never": [None] * 5,
    }
)


def test_an_input_example_is_made_up_within_the_features_ranges() -> None:
    example = made_up(USERS)
    assert list(example.columns) == list(USERS.columns)
    assert len(example) == 5
    for name in ("logins", "balance"):
        assert example[name].between(USERS[name].min(), USERS[name].max()).all()
    assert set(example["branch"]) == {"a", "b"}  # a text that one user alone has names that user
    assert example["never"].isna().all()


def test_no_row_of_an_input_example_is_a_users() -> None:
    ours = set(made_up(USERS).drop(columns="never").itertuples(index=False))
    assert not ours & set(USERS.drop(columns="never").itertuples(index=False))
    assert not set(made_up(USERS)["balance"]) & set(USERS["balance"])  # nor is an amount

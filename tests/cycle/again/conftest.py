"""Whole months lived again, each by a file that may run in another process than the tests of the bank itself."""

from dataclasses import replace

import pytest

from cycle.conftest import Bank


@pytest.fixture(scope="session")
def bank(bank: Bank) -> Bank:
    """What the months are compared with: its copy, on which no job runs."""
    return replace(bank, root=bank.root.parent / "copy_of_bank")

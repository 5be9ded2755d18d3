"""Where one option ends in one queue, by counts alone."""

from decimal import Decimal

import pytest

from reactivation.campaign.planning.allocation import cut_of
from reactivation.campaign.planning.capacity import PricedOption

pytestmark = pytest.mark.numbers

PUSH = PricedOption("push/none", 0, "push", "none", Decimal(0))
PUSH_ONLY, SMS_ONLY, BOTH = 0b01, 0b10, 0b11


def queue() -> dict[tuple[int, int], int]:
    """Users by rank bucket and options: seven can get a push, of them two in the first bucket."""
    return {(0, PUSH_ONLY): 1, (0, BOTH): 1, (0, SMS_ONLY): 9, (3, BOTH): 2, (4, PUSH_ONLY): 3}


def test_where_capacity_holds_all_everybody_who_can_gets_the_option() -> None:
    waiting = queue()
    cut, users = cut_of(PUSH, 7, waiting)
    assert (cut.bucket, users) == (None, 7)
    assert waiting == {(0, SMS_ONLY): 9}  # they wait for the next option


@pytest.mark.parametrize(
    ("most", "bucket", "number", "left"),
    [
        (3, 3, 1, {(0, SMS_ONLY): 9, (3, BOTH): 2, (4, PUSH_ONLY): 3}),  # one of the two in bucket 3, found by its rank
        (2, 3, 0, {(0, SMS_ONLY): 9, (3, BOTH): 2, (4, PUSH_ONLY): 3}),  # the first bucket alone: nothing to look for
        (6, 4, 2, {(0, SMS_ONLY): 9, (4, PUSH_ONLY): 3}),
        (0, 0, 0, queue()),
    ],
)
def test_where_it_does_not_it_ends_in_the_bucket_that_would_exceed_it(
    most: int, bucket: int, number: int, left: dict[tuple[int, int], int]
) -> None:
    waiting = queue()
    cut, users = cut_of(PUSH, most, waiting)
    assert (cut.bucket, cut.number, users) == (bucket, number, most)
    assert waiting == left

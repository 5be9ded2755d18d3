"""How large must the holdout be to see a difference, and what does it cost in contacts not sent?"""

from typing import NamedTuple

from reactivation.statistics.estimates import whole
from reactivation.statistics.proportions import minimum_detectable, power


class Holdout(NamedTuple):
    """users, share: the smallest holdout that sees the difference; None where no holdout does.

    contacts_not_sent, cost_not_spent: its price, at the planned contacts and cost per touched user. gain_forgone: users
    who would have come, were the difference true. says: all of it in a sentence.
    """

    users: int | None
    share: float | None
    contacts_not_sent: float | None
    cost_not_spent: float | None
    gain_forgone: float | None
    says: str


def holdout_needed(
    *,
    users: int,
    base_rate: float,
    difference: float,
    alpha: float,
    power_wanted: float,
    contacts_per_user: float,
    cost_per_contact: float = 0.0,
) -> Holdout:
    """The smallest holdout among `users` in which a rise over the base rate is seen with the power wanted.

    Power grows with the holdout up to about a half of the users; where a half does not suffice, nothing does, and the
    answer names the smallest difference that a half would show.
    """
    point = f"{100 * difference:g} points over {base_rate:.1%} with {power_wanted:.0%} power"
    if not 0 < base_rate < 1 or not 0 < difference < 1 - base_rate:
        return _none(f"{point} cannot be asked: rate and rate plus difference must lie between 0 and 100%")

    def seen(held_out: int) -> float:
        return power(
            difference=difference,
            control_rate=base_rate,
            n_treatment=users - held_out,
            n_control=held_out,
            alpha=alpha,
        )

    low, high = 0, users // 2
    if high < 1 or seen(high) < power_wanted:
        smallest = minimum_detectable(
            base_rate=base_rate, n_treatment=users - high, n_control=high, alpha=alpha, power=power_wanted
        )
        shows = "nothing at all" if smallest is None else f"{100 * smallest:.2f} points"
        return _none(f"no holdout among {whole(users)} users sees {point}: a half of them shows {shows}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if seen(middle) >= power_wanted else (middle, high)
    contacts = high * contacts_per_user
    says = (
        f"{whole(high)} users ({high / users:.2%} of {whole(users)}) held out see {point}; the price is "
        f"{whole(contacts)} contacts not sent, and {whole(high * difference)} users who would have come if it is true"
    )
    return Holdout(high, high / users, contacts, contacts * cost_per_contact, high * difference, says)


def _none(says: str) -> Holdout:
    return Holdout(None, None, None, None, None, says)

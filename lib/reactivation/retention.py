"""Settings of `retention`: which tables expire, and after how many months."""

from pydantic import field_validator

from reactivation.contracts import canonical, derived
from reactivation.errors import nearest
from reactivation.frozen_model import FrozenModel

_KEPT_FOR_GOOD = ("users", "consents", "exclusions", "contacts", "quarantine")
EXPIRING = tuple(
    table.name
    for table in (*canonical.ALL, *derived.ALL)
    if "user_id" in table.column_names and table.partition_by and table.name not in _KEPT_FOR_GOOD
)
"""Tables whose months may expire. In the others a row counts however old it is: who a user is, and what bars a contact,
be it a receipt that opts out or a refusal that could not be read."""


class RetentionSettings(FrozenModel):
    """How long rows of single users stay.

    months: by table, whole months before the cycle that stay; a table that is not named stays for good.
    """

    months: dict[str, int]

    @field_validator("months")
    @classmethod
    def _are_tables_of_months(cls, months: dict[str, int]) -> dict[str, int]:
        wrong = [f"`{name}`: {nearest(name, EXPIRING)}" for name in months if name not in EXPIRING]
        wrong += [f"`{name}`: {kept} months, must be 1 or more" for name, kept in months.items() if kept < 1]
        if wrong:
            raise ValueError(f"nothing of it can expire: {', '.join(wrong)}")
        return months

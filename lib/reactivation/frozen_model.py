"""The base of all settings and records: each step declares its own section, `settings` joins the sections."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Frozen, typed values; a key that is not declared is an error, and so is a number that is infinite or none."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

"""The base of all settings and records: each step declares its own section, `settings` joins the sections."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Frozen, typed values; a key that is not declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

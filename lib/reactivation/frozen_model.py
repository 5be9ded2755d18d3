"""The base of all settings parts: each step declares its part beside its rule, `settings` puts them together."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Frozen, typed settings of one step; a key that is not declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

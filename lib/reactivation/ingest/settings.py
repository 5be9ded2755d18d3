"""Settings of `sources`: where a region's raw tables lie, and what the region calls things."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from reactivation.contracts import canonical, derived
from reactivation.contracts.measure import Kind
from reactivation.errors import nearest
from reactivation.frozen_model import FrozenModel
from reactivation.ingest.casting import Plausible

_TAKEN = {
    *(
        name
        for table in (canonical.USERS, derived.ARMS, derived.TIERS_TABLE, derived.SCORES)
        for name in table.column_names
    ),
    *("age", "age_years", "tenure_days"),
}
"""Names that a wave's conditions read already, or features have."""
_CHANNELS = (*canonical.CONTACT_CHANNELS, "profiling", canonical.ALL_CHANNELS)


class SourceSettings(FrozenModel):
    """One canonical table of a region: a raw table with its columns renamed, or a query over the region's views.

    from: raw table, a file or folder under `sources.path`. where: Spark SQL condition on its rows.
    columns: canonical column: Spark SQL expression over the raw columns; a column not named is taken by its own name.
    query: Spark SQL query over `sources.views` that yields canonical columns; it takes the place of the other three.
    may_be_empty: true where having no rows yet is no fault (receipts before the first campaign).
    profile_numbers, profile_texts: of `users` alone: name of an attribute of the region's own: Spark SQL expression
    over the raw columns, or those of the query. Each is a feature, `profile_<name>`, and a fact that a wave may read.
    """

    from_: str | None = Field(default=None, alias="from")
    where: str | None = None
    columns: dict[str, str] | None = None
    query: str | None = None
    may_be_empty: bool | None = None
    profile_numbers: dict[Kind, str] | None = None
    profile_texts: dict[Kind, str] | None = None

    @model_validator(mode="after")
    def _is_table_or_query(self) -> Self:
        if (self.from_ is None) == (self.query is None):
            raise ValueError("a source needs either `from` or `query`")
        if self.query is not None and (self.where is not None or self.columns is not None):
            raise ValueError("`where` and `columns` belong to `from`; a `query` says all that itself")
        return self

    @property
    def attributes(self) -> dict[str, dict[str, str]]:
        """The region's own attributes: column of the contract: name: expression."""
        return {"profile_numbers": self.profile_numbers or {}, "profile_texts": self.profile_texts or {}}

    @property
    def expressions(self) -> dict[str, str]:
        """Canonical column: Spark SQL expression; one that is not named is taken by its own name."""
        own = {name: _as_json(named) for name, named in self.attributes.items() if named}
        return {**(self.columns or {}), **own}


class ViewQuery(FrozenModel):
    """A view that is a query over the views before it."""

    query: str


class SourcesSettings(FrozenModel):
    """The region's raw tables, and how many bad rows are too many.

    path: folder of the raw tables; `{root}` is `paths.root`. format, options: as Spark reads them.
    encoding: of the text in CSV files.
    earliest_year: a row with an earlier date is a bad row: the date is a default or a slip.
    latest_days_ahead: so is a row that arrives more days after the day an ingest runs as of, which must leave room for
    whole histories that are ingested month by month; and one with a closure more days after its arrival.
    views: name for use in `query`: file or folder under `path`, or {query: …} over the views before it.
    max_bad_share: an ingest in which a larger share of a source's rows breaks the contract is refused.
    max_equal_share: so is one in which a larger share of a source's events without an `event_id` says the same as
    others of the same month: one event said twice looks like two whose difference nobody mapped.
    channel_words: further words for the channels of contacts, consents and exclusions, case aside: word: channel.
    few_bad_rows: up to so many bad or equal rows of a source are never too many: a share of a handful says nothing.
    All sources but `users` and one kind of activity may be absent.
    """

    path: str
    format: Literal["delta", "parquet", "csv"]
    options: dict[str, str]
    encoding: str
    earliest_year: int = Field(ge=1, le=9999)
    latest_days_ahead: int = Field(ge=0, le=1_000_000)
    views: dict[str, str | ViewQuery] | None = None
    max_bad_share: float = Field(ge=0, le=1)
    max_equal_share: float = Field(ge=0, le=1)
    few_bad_rows: int = Field(ge=0)
    channel_words: dict[str, str] = Field(default_factory=dict)
    users: SourceSettings
    logins: SourceSettings | None = None
    function_uses: SourceSettings | None = None
    transactions: SourceSettings | None = None
    asset_snapshots: SourceSettings | None = None
    benefit_events: SourceSettings | None = None
    contacts: SourceSettings | None = None
    outside_contacts: SourceSettings | None = None
    consents: SourceSettings | None = None
    exclusions: SourceSettings | None = None

    @field_validator(*canonical.BY_NAME)
    @classmethod
    def _columns_are_canonical(cls, source: SourceSettings | None, info: object) -> SourceSettings | None:
        table = canonical.BY_NAME[getattr(info, "field_name", "")]
        known = [name for name in table.column_names if name not in canonical.ADDED]
        for name in (source.columns or {}) if source else ():
            if name not in known:
                raise ValueError(f"`{table.name}` has no column `{name}`: {nearest(name, known)}")
        attributes = [name for named in source.attributes.values() for name in named] if source else []
        if attributes and table is not canonical.USERS:
            raise ValueError("only `users` has profile_numbers and profile_texts")
        if taken := sorted({name for name in attributes if name in _TAKEN or attributes.count(name) > 1}):
            raise ValueError(f"attributes {', '.join(taken)}: the name is taken; give each one of its own")
        return source

    @field_validator("channel_words")
    @classmethod
    def _words_name_channels(cls, words: dict[str, str]) -> dict[str, str]:
        lower = {word.strip().lower(): channel for word, channel in words.items()}
        if len(lower) < len(words):
            raise ValueError("case aside, a word stands twice")
        for word, channel in lower.items():
            if channel not in _CHANNELS:
                raise ValueError(f"`{word}` is for `{channel}`: {nearest(channel, _CHANNELS)}")
        return lower

    @model_validator(mode="after")
    def _some_activity_is_there(self) -> Self:
        if not any(name in self.present for name in canonical.ACTIVITY_SOURCES):
            raise ValueError(f"at least one of {', '.join(canonical.ACTIVITY_SOURCES)} must be there")
        return self

    @property
    def attributes(self) -> dict[str, tuple[str, ...]]:
        """Names of the region's own attributes: numbers, texts."""
        return {name: tuple(sorted(named)) for name, named in self.users.attributes.items()}

    def plausible(self, as_of: date) -> Plausible:
        """The days that an ingest can believe."""
        return Plausible(date(self.earliest_year, 1, 1), as_of, self.latest_days_ahead)

    @property
    def present(self) -> dict[str, SourceSettings]:
        """The sources that the region has, by canonical name."""
        found = {name: getattr(self, name) for name in canonical.BY_NAME}
        return {name: source for name, source in found.items() if source is not None}


def _as_json(named: Mapping[str, str]) -> str:
    """One JSON object of some expressions, as Spark SQL; null where none of them has a value."""
    parts = ", ".join(f"'{name}', cast(({text}) as string)" for name, text in sorted(named.items()))
    return f"nullif(to_json(named_struct({parts})), '{{}}')"

"""Settings of `monitoring` and `report`: what looks tell, and in which language the month's report is written."""

from typing import Literal, Self

from babel import Locale, UnknownLocaleError
from pydantic import Field, model_validator

from reactivation.frozen_model import FrozenModel

LOCALES = {"en": "en_GB", "zh": "zh_CN"}
"""Languages that have a catalogue, each with the locale that writes dates, numbers and money where conf names none."""


class MonitoringSettings(FrozenModel):
    """What a look at the running month and the notebooks tell.

    report_metrics: metrics of the read-out that they put into sentences, in this order; the tables hold all.
    """

    report_metrics: tuple[str, ...]


class ReportSettings(FrozenModel):
    """In which words the month's report is written.

    language: one of the catalogues. locale: how the region writes dates, numbers and money, in that language
    (`en_GB`); None: the language's own. currency: ISO 4217 code of all money in the report.
    """

    language: Literal["en", "zh"]
    locale: str | None
    currency: str = Field(pattern="^[A-Z]{3}$")

    @model_validator(mode="after")
    def _locale_is_of_the_language(self) -> Self:
        try:
            found = Locale.parse(self.written_as)
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"locale {self.locale}, no such locale; {LOCALES[self.language]} is one") from None
        if found.language != self.language:
            raise ValueError(f"locale {self.locale}, must be one of language {self.language}: months would differ")
        return self

    @property
    def written_as(self) -> str:
        """The locale that writes dates, numbers and money."""
        return self.locale or LOCALES[self.language]

"""The month's words: one catalogue per language, and numbers, dates and money as a region writes them."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from io import BytesIO
from math import ceil, floor, log10
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_group_symbol

from reactivation.report.settings import LOCALES, ReportSettings

NOT_KNOWN = "–"
_MINUS, _THIN = "\u2212", "\u202f"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of one language by their keys."""
    text = files("reactivation.report").joinpath("catalogues", f"{language}.po").read_bytes()
    return {str(message.id): str(message.string) for message in read_po(BytesIO(text)) if message.id}


def hypotheses() -> list[str]:
    """Keys of sentences that conf may name as a hypothesis."""
    return [key for key in catalogue("en") if key.startswith("hypothesis.")]


@dataclass(frozen=True)
class Words:
    """Texts of one language. A text's fields say how their values are written: `{users:whole}`, `{contrast:contrast}`.

    A format that is none of the methods below is the name of a list in the catalogue: `{metric:metric}` of `login` is
    the text `metric.login`. What a list does not have (a wave, a branch, a benefit of the region) keeps its own name.
    """

    language: str
    locale: str
    currency: str

    @classmethod
    def of(cls, settings: ReportSettings) -> "Words":
        """The words that conf asks for."""
        return cls(settings.language, settings.written_as, settings.currency)

    def __call__(self, key: str, **values: Any) -> str:
        """One text with its values; KeyError where the catalogue has none."""
        return _Formatter(self).vformat(catalogue(self.language)[key], (), values)

    def has(self, key: str) -> bool:
        """True where the catalogue has the text."""
        return key in catalogue(self.language)

    def name(self, of: str, value: Any) -> str:
        """The word for a value of a list: cells, waves, channels; the value itself where the list does not have it."""
        return self(f"{of}.{value}") if self.has(f"{of}.{value}") else str(value)

    def joined(self, told: Iterable[str]) -> str:
        """Several names, one after the other."""
        return self("list.comma").join(told)

    def sentences(self, *told: str) -> str:
        """Several sentences as one text; Chinese has no space between them."""
        return ("" if self.language == "zh" else " ").join(filter(None, told))

    def option(self, value: Any) -> str:
        """A channel and its benefit: `sms/login_discount`."""
        channel, _, benefit = str(value).partition("/")
        plain = self.name("channel", channel)
        return plain if benefit in ("", "none") else self("option", channel=channel, benefit=benefit)

    def whole(self, value: float) -> str:
        """A count: `12 400`."""
        return self._plain(format_decimal(ceil(float(value) - 1e-9), locale=self._locale))

    def number(self, value: float) -> str:
        """A number with three significant digits."""
        size = floor(log10(abs(value))) if value else 0
        digits = max(0, 2 - size)
        return self._plain(format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self._locale))

    def signed(self, value: float) -> str:
        """A number with its sign: `+1 260`."""
        return ("+" if value > 0 else "") + self.number(value)

    def more(self, value: float) -> str:
        """A difference of counts: `+206`."""
        return ("+" if value > 0 else "") + self._plain(format_decimal(round(value), locale=self._locale))

    def points(self, value: float) -> str:
        """A difference of shares in points, with its sign: `+14.5`; the text around it says what they are."""
        return ("+" if value > 0 else "") + self.size(value)

    def size(self, value: float) -> str:
        """A share in points, without a sign: `0.20`. Below one point there are two digits."""
        pattern = "#,##0.00" if 0 < abs(value) < 0.00995 else "#,##0.0"
        return self._plain(format_decimal(100 * value, pattern, locale=self._locale))

    def ratio(self, value: float) -> str:
        """How many times: `1.38`."""
        return self._plain(format_decimal(value, "#,##0.00", locale=self._locale))

    def tick(self, value: float) -> str:
        """A mark of an axis of points: no more digits than it needs."""
        return ("+" if value > 0 else "") + self._plain(format_decimal(100 * value, "#,##0.##", locale=self._locale))

    def percent(self, value: float) -> str:
        """A share: `63.2%`."""
        return self._plain(format_percent(value, "#,##0.0%", locale=self._locale))

    def share(self, value: float) -> str:
        """A share as a whole per cent."""
        return self._plain(format_percent(value, "#,##0%", locale=self._locale))

    def level(self, value: float) -> str:
        """How sure an interval is: `95%`. value: its alpha."""
        return self._plain(format_percent(1 - value, "#,##0.##%", locale=self._locale))

    def money(self, value: float) -> str:
        """Money in the region's currency; cents only below one thousand."""
        known = float(value)
        if abs(known) < 1000:
            return self._plain(format_currency(known, self.currency, locale=self._locale))
        whole = format_currency(known, self.currency, "¤#,##0", locale=self._locale, currency_digits=False)
        return self._plain(whole)

    def signed_money(self, value: float) -> str:
        """Money with its sign."""
        return ("+" if value > 0 else "") + self.money(value)

    def day(self, value: date | str) -> str:
        """A day: `6 May 2026`."""
        return format_date(_date(value), "long", locale=self._locale)

    def short_day(self, value: date | str) -> str:
        """A day within its year: `6 May`."""
        return format_skeleton("MMMd", _date(value), locale=self._locale)

    def month(self, value: str) -> str:
        """A cycle: `May 2026`."""
        return format_skeleton("yMMMM", _date(f"{value}-01"), locale=self._locale)

    def short_month(self, value: str) -> str:
        """A cycle where there is little room: `May 2026`, `2026年5月`."""
        return format_skeleton("yMMM", _date(f"{value}-01"), locale=self._locale)

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(self.locale)

    def _plain(self, told: str) -> str:
        """A true minus, and in English thin spaces between groups: a comma there is a decimal sign elsewhere."""
        group = get_group_symbol(self._locale) if self.language == "en" else ""
        return (told.replace(group, _THIN) if group else told).replace("-", _MINUS)


class _Formatter(string.Formatter):
    """Writes each field of a text as its format says."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return NOT_KNOWN
        if not format_spec:
            return str(value)
        how = getattr(self._words, format_spec, None) if format_spec in _WAYS else None
        return str(how(value)) if how else self._words.name(format_spec, value)


_WAYS = frozenset(
    {
        *("option", "whole", "number", "signed", "more", "points", "size", "percent", "share", "level"),
        *("money", "signed_money", "ratio", "tick", "day", "short_day", "month", "short_month"),
    }
)


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def default(language: str) -> Words:
    """The words of a language where no region says how it writes."""
    return Words(language, LOCALES[language], "CNY")

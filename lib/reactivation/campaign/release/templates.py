"""Templates of messages and scripts of calls: conf has them, and release refuses one that is not approved."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from reactivation.errors import Finding
from reactivation.frozen_model import FrozenModel


class Template(FrozenModel):
    """What a user reads or hears.

    channel, benefit: the contacts it is for. signature: who speaks. opt_out: words that tell a user how to refuse.
    approver: who approved this version; null: nobody yet. valid_until: last day on which it may be sent.
    """

    channel: Literal["sms", "push", "call"]
    benefit: str
    version: int = Field(ge=1)
    text: str = Field(min_length=1)
    signature: str
    opt_out: str
    approver: str | None
    valid_until: date


def of_offer(templates: Mapping[str, Template], channel: str, benefit: str) -> str | None:
    """Id of the template for contacts by a channel with a benefit; None where conf has none."""
    return next((name for name, t in templates.items() if (t.channel, t.benefit) == (channel, benefit)), None)


def twice(templates: Mapping[str, Template]) -> Iterator[str]:
    """Offers for which there are several templates, so that nobody knows which one is sent."""
    offers = [(template.channel, template.benefit) for template in templates.values()]
    for channel, benefit in sorted({offer for offer in offers if offers.count(offer) > 1}):
        yield f"templates: several are for {channel}/{benefit}"


def not_approved(
    templates: Mapping[str, Template], offers: Iterable[tuple[str, str]], *, last_day: date
) -> Iterator[Finding]:
    """Why some offers may not be sent. last_day: on which they may still be sent."""
    for channel, benefit in sorted(offers):
        name = of_offer(templates, channel, benefit)
        if name is None:
            yield Finding("no template", f"{channel}/{benefit}", "add one to campaign.templates")
            continue
        template = templates[name]
        if not template.approver:
            yield Finding("not approved", name, f"version {template.version}: campaign.templates.{name}.approver")
        if not template.opt_out or not template.signature:
            yield Finding("not whole", name, "a template needs a signature and words for opting out")
        if template.valid_until < last_day:
            yield Finding("out of date", name, f"valid until {template.valid_until}, sent until {last_day}")

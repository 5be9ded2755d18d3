"""Templates of messages and scripts of calls: conf has them, and release refuses one that is not approved."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from reactivation.errors import Finding
from reactivation.frozen_model import FrozenModel


class Template(FrozenModel):
    """What a user reads or hears.

    channel, benefit, guide_to: the contacts it is for; guide_to: the group of functions it leads to, as options name
    it. signature: who speaks. opt_out: words that tell a user how to refuse. approver: who approved this version; null:
    nobody yet. valid_until: last day on which it may be sent.
    """

    channel: Literal["sms", "push", "call"]
    benefit: str
    version: int = Field(ge=1)
    text: str = Field(min_length=1)
    signature: str
    opt_out: str
    approver: str | None
    valid_until: date
    guide_to: str | None = None

    @property
    def offer(self) -> str:
        """`channel/benefit`, and `/group` where it leads to one."""
        return offer(self.channel, self.benefit, self.guide_to)


def offer(channel: str, benefit: str, guide_to: str | None = None) -> str:
    """What a contact offers, as templates are found by.

    >>> offer("push", "none", "payment")
    'push/none/payment'
    """
    return "/".join([channel, benefit, *([guide_to] if guide_to else [])])


def twice(templates: Mapping[str, Template]) -> Iterator[str]:
    """Offers for which there are several templates, so that nobody knows which one is sent."""
    offers = [template.offer for template in templates.values()]
    for each in sorted({one for one in offers if offers.count(one) > 1}):
        yield f"templates: several are for {each}"


def not_approved(templates: Mapping[str, Template], offers: Iterable[str], *, last_day: date) -> Iterator[Finding]:
    """Why some offers (`offer`) may not be sent. last_day: on which they may still be sent."""
    by_offer = {template.offer: name for name, template in templates.items()}
    for each in sorted(offers):
        name = by_offer.get(each)
        if name is None:
            yield Finding("no template", each, "add one to campaign.templates")
            continue
        template = templates[name]
        if not template.approver:
            yield Finding("not approved", name, f"version {template.version}: campaign.templates.{name}.approver")
        if not template.opt_out or not template.signature:
            yield Finding("not whole", name, "a template needs a signature and words for opting out")
        if template.valid_until < last_day:
            yield Finding("out of date", name, f"valid until {template.valid_until}, sent until {last_day}")

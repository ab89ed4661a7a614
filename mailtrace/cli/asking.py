"""From options to a question."""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import dataclass, fields
from typing import Annotated

from cyclopts import Group, Parameter

from mailtrace.problems import WrongUsage
from mailtrace.settings import Settings
from search.query import Query

Texts = Annotated[tuple[str, ...], Parameter(show_default=False)]


@Parameter(name="*", group=Group("What to find (an option given several times takes any of its values)", sort_key=1))
@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked for. The names are those of `Query`."""

    sender: Texts = ()
    "Envelope sender or From header: an address, a domain or a pattern with * and ?; <> is the null sender."
    recipient: Texts = ()
    "Recipient, final or as first named: an address, a domain or a pattern."
    address: Texts = ()
    "Sender or recipient."
    quarantine_id: Texts = ()
    "Id of a kept message, whole or the part that people copy."
    message_id: Texts = ()
    "Message-ID, with or without its brackets."
    queue_id: Texts = ()
    "Queue id of any hop."
    client: Texts = ()
    "Name or address of the server that sent it to us."
    relay: Texts = ()
    "Name or address of the server that it went to."
    code: Texts = ()
    "Reply code: 550, 5.1.1, or a class such as 5xx or 5.1."
    direction: Texts = ()
    "inbound, outbound, internal, relayed or unknown."
    disposition: Texts = ()
    "What became of it: delivered, quarantined, bounced, rejected, deferred, ..."
    verdict: Texts = ()
    "What the filter thought: clean, spam, virus, banned, ..."
    reason: Texts = ()
    "Why it is not delivered: virus, spam, recipient_unknown, greylist, ..."
    domain: Texts = ()
    "Domain of the sender or the recipient."
    customer: str | None = None
    "Name of a customer in the settings: stands for the customer's domains."
    since: str | None = None
    "From this time on: 2026-11-24, 2026-11-24T03:00, with a zone if need be, 7d, today, yesterday."
    until: str | None = None
    "Before this time."

    def query(self, settings: Settings, now_ms: int, zone: dt.tzinfo) -> Query:
        """Make the question of it; a bad value raises `QueryError`."""
        values: dict[str, Texts] = {}
        for field in fields(self):
            given: Texts | str | None = getattr(self, field.name)
            if field.name != "customer" and given is not None:
                values[field.name] = (given,) if isinstance(given, str) else given
        if self.customer is not None:
            if self.domain:
                raise WrongUsage("--customer stands for the customer's domains; give it or --domain, not both")
            values["domain"] = settings.domains_of(self.customer)
            if not values["domain"]:
                # No domain would be no criterion: everybody's mail.
                raise WrongUsage(f"--customer: no domains are set for {self.customer!r}")
        return Query.of(values, now_ms=now_ms, zone=zone)

    def as_typed(self) -> str:
        """Write the options as one would type them again, for the hint at the next page."""
        words = []
        for field in fields(self):
            given: Texts | str | None = getattr(self, field.name)
            for value in (given,) if isinstance(given, str) else given or ():
                words += [f"--{field.name.replace('_', '-')}", value]
        return shlex.join(words)

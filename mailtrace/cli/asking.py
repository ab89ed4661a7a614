"""From options to a question."""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import dataclass, fields
from typing import Annotated

from cyclopts import Group, Parameter

from mailtrace.problems import WrongUsage
from mailtrace.settings import Settings
from search.query import SENTENCES, Query

Texts = tuple[str, ...]


def _told(name: str) -> Parameter:
    """An option that says what the criterion of its name asks for."""
    return Parameter(help=SENTENCES[name], show_default=False)


@Parameter(name="*", group=Group("What to find (an option given several times takes any of its values)", sort_key=1))
@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked for. The names are those of `Query`."""

    sender: Annotated[Texts, _told("sender")] = ()
    recipient: Annotated[Texts, _told("recipient")] = ()
    address: Annotated[Texts, _told("address")] = ()
    quarantine_id: Annotated[Texts, _told("quarantine_id")] = ()
    message_id: Annotated[Texts, _told("message_id")] = ()
    queue_id: Annotated[Texts, _told("queue_id")] = ()
    client: Annotated[Texts, _told("client")] = ()
    relay: Annotated[Texts, _told("relay")] = ()
    code: Annotated[Texts, _told("code")] = ()
    direction: Annotated[Texts, _told("direction")] = ()
    disposition: Annotated[Texts, _told("disposition")] = ()
    verdict: Annotated[Texts, _told("verdict")] = ()
    reason: Annotated[Texts, _told("reason")] = ()
    domain: Annotated[Texts, _told("domain")] = ()
    query: Annotated[str | None, _told("query")] = None
    customer: Annotated[str | None, _told("customer")] = None
    since: Annotated[str | None, _told("since")] = None
    until: Annotated[str | None, _told("until")] = None

    def question(self, settings: Settings, now_ms: int, zone: dt.tzinfo) -> Query:
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

"""What is within a log domain: a hand-over to a filter, or from one, is no delivery but a hop; and how far apart lines may lie."""

from __future__ import annotations

import re

from ingest.clock import REACH_US
from ingest.queue_ids import alike
from mappings.address import SERVER_PORTS, is_loopback, is_private, local_of
from mappings.facts import Attempted, Fact, Received
from mappings.log_words import Status


class Within:
    """Which addresses are inside a log domain, and what is set about it."""

    __slots__ = ("_filters", "_inside", "quarantines", "reach_us", "several")

    def __init__(
        self,
        filters: frozenset[str] = frozenset(),
        reach_us: int = REACH_US,
        *,
        several: bool = False,
        quarantines: re.Pattern[str] | None = None,
    ) -> None:
        self._filters = filters
        #: Addresses that were asked for: a mail server talks with few again and again.
        self._inside: dict[str, bool] = {}
        self.reach_us = reach_us
        #: Whether the log domain has several hosts: a filter on one may name a queue file on another.
        self.several = several
        #: Names of rules and boxes of the configuration that keep mail back.
        self.quarantines = quarantines

    def holds(self, address: str | None) -> bool:
        """Whether an address is a filter's or loopback."""
        if address is None:
            return False
        if address not in self._inside:
            if len(self._inside) > 4096:
                self._inside.clear()
            self._inside[address] = is_loopback(address) or address in self._filters
        return self._inside[address]

    def takes(self, attempt: Attempted) -> bool:
        """Whether a delivery goes to a filter: by how it is answered, or because its address is set as one.

        Loopback alone says nothing, for mail stores and tunnels are there too: what listens there is a filter where it answers as one.
        """
        if attempt.filtered:
            return True
        if attempt.relay_ip is None or attempt.stored:
            return False
        return attempt.relay_ip in self._filters or (self.holds(attempt.relay_ip) and (attempt.as_filters_answer or _gives_back(attempt)))

    def may_lead_on(self, attempt: Attempted) -> bool:
        """Whether the queue file that a reply names may be one of ours: only lines of that one can tell.

        So it may where what answers is in a container of its own, or on a port that servers elsewhere do not have: see `came_back`.
        """
        if self.surely_leads_on(attempt):
            return True
        near = attempt.relay_ip is not None and (is_private(attempt.relay_ip) or (attempt.relay_port or 25) not in SERVER_PORTS)
        return near and _gives_back(attempt)

    def surely_leads_on(self, fact: Fact) -> bool:
        """Whether what answered is within by its address or its words."""
        return type(fact) is Attempted and (fact.filtered or self.holds(fact.relay_ip))

    def hands_over(self, attempt: Attempted) -> bool:
        """Whether a delivery only moved the message on within the log domain."""
        return attempt.status is Status.SENT and (attempt.forwarded or self.takes(attempt))

    def keeps(self, attempt: Attempted) -> bool:
        """Whether a delivery is one into a quarantine: only names of the configuration say so, a router's, a transport's, a box'."""
        if self.quarantines is None or (attempt.router is None and attempt.transport is None) or attempt.status is not Status.SENT:
            return False
        box = local_of(attempt.recipient) if attempt.original is not None else None
        return any(name is not None and self.quarantines.search(name) for name in (attempt.router, attempt.transport, box))


def came_back(attempt: Fact, entered: Received | None) -> bool:
    """Whether a queue file came from the very address at which the message was given away: what listens there gave it back."""
    return (
        type(attempt) is Attempted
        and attempt.relay_ip is not None
        and entered is not None
        and attempt.relay_ip == entered.client_ip
        and entered.user is None
    )


def _gives_back(attempt: Attempted) -> bool:
    """Whether a reply names a next queue file that may be one of the same mail server, as a filter's does that repeats its answer."""
    return attempt.next_id is not None and alike(attempt.queue_id, attempt.next_id)

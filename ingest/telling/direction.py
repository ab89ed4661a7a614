"""Direction: which way a message goes, as its lines let one infer it where no own domains are set."""

from __future__ import annotations

from ingest.telling.about import About
from ingest.telling.outcome import Fate
from mappings.address import is_loopback
from mappings.vocabulary import Direction, Disposition

#: Where the recipient has it.
_ARRIVED = frozenset({Disposition.DELIVERED, Disposition.RELEASED})


def direction_hint(about: About, fate: Fate, recipient_domains: list[str]) -> Direction:
    """Inbound, outbound, internal, or not known: what was handed in, or made, on the host and stays there is internal."""
    said = about.direction
    if said is not None and said is not Direction.RELAYED:
        return Direction.INTERNAL if about.submitted and said is Direction.INBOUND else said
    stayed = _stayed_here(fate)
    if about.submitted:
        if stayed or _tried_here(fate) or about.sender_domain in recipient_domains:
            return Direction.INTERNAL
        return Direction.OUTBOUND if recipient_domains else Direction.UNKNOWN
    if not stayed:
        return Direction.UNKNOWN
    if any(one.how == "notice_of" for one in about.related):
        # The mail server or a filter of ours made it itself.
        return Direction.INTERNAL
    # From loopback it may be a program of the host, or what a filter gave back.
    return Direction.UNKNOWN if is_loopback(about.client[1] or "") else Direction.INBOUND


def _stayed_here(fate: Fate) -> bool:
    """Whether it was put into a box of ours: by an agent of the host, or by a mail store."""
    relay = fate.relay
    return relay is not None and (relay.relay_ip is None or relay.stored) and fate.disposition in _ARRIVED


def _tried_here(fate: Fate) -> bool:
    """Whether an agent of the host was to put it into a box, and could not; a rule's name alone (`transport`) may mean other servers."""
    relay = fate.relay
    return relay is not None and relay.relay is not None and relay.relay_ip is None and relay.transport is None

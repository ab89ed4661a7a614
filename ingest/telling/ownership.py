"""Whose mail it is: direction, and the domains whose tenants may see a trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from mappings.vocabulary import Direction

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer: domains are its own, and mail from its networks is its own too."""

    name: str
    domains: frozenset[str]
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Ownership:
    """The customers of the settings."""

    customers: tuple[Owner, ...] = ()
    _owner: dict[str, Owner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the customers by domain."""
        self._owner.update({domain: customer for customer in self.customers for domain in customer.domains})

    def came_from(self, sender_domain: str | None, client_ip: str | None, *, submitted: bool) -> bool:
        """Whether mail really came from the sender's side: logged in, submitted on the host, or from a network set as its own."""
        if submitted:
            return True
        owner = self._owner.get(sender_domain or "")
        if owner is None or client_ip is None:
            return False
        try:
            address = ip_address(client_ip)
        except ValueError:
            return False
        return any(address in network for network in owner.networks)

    def direction(self, sender_domain: str | None, recipient_domains: list[str], hint: Direction, *, ours: bool) -> tuple[Direction, bool]:
        """Which way a message goes, and whether that is inferred; `ours` where it really came from the sender's side."""
        if not self.customers:
            return hint, True
        to_own = any(d in self._owner for d in recipient_domains)
        from_own = ours and (sender_domain in self._owner)
        if to_own:
            return (Direction.INTERNAL if from_own else Direction.INBOUND), False
        return (Direction.OUTBOUND if from_own or ours else Direction.RELAYED), False

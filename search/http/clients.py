"""Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one site or household has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: What a trusted proxy says of a client is at most so long.
_LONGEST = 64


def client_of(address: str) -> str:
    """The client behind an address; what is no address is taken as it stands."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(ip_network((found, 64), strict=False))
        found = found.ipv4_mapped
    return str(found)


def among(named: Collection[str]) -> Callable[[str], bool]:
    """Whether an address is one of those that are named, or in a network that is; `*` names all."""
    networks = [network for one in named if (network := _network(one)) is not None]

    def one_of(address: str) -> bool:
        if address in named or "*" in named:
            return True
        found = _network(address.partition("%")[0])
        return found is not None and any(found.version == one.version and found.subnet_of(one) for one in networks)  # type: ignore[arg-type]

    return one_of


def _network(named: str) -> IPv4Network | IPv6Network | None:
    """A network, or the one that is a single address."""
    try:
        return ip_network(named, strict=False)
    except ValueError:
        return None

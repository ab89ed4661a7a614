"""What lies inside the operator's system and is nothing for anybody else: names of its servers, and addresses that only it can reach.

Everybody but the operator reads `server-1` for the first server of a report, `internal` for an address. What belongs to the mail itself
(addresses, Message-IDs, subjects) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from search.answers import ReportAnswer

INTERNAL = "internal"
_NETWORKS = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "fc00::/7",
            "fe80::/10",
            "::1/128",
        ),
    )
)
_V4, _V6 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"
#: With a port behind it, too.
_ADDRESS = re.compile(rf"(?<![\w.]){_V4}(?!\w|\.[0-9])|(?<![\w.:]){_V6}(?![\w:.])")
#: A server with its address, as mail servers log it: `name[10.0.0.5]`, `name ([10.0.0.5])`, `H=name [10.0.0.5]`.
_NAMED = re.compile(rf"([A-Za-z0-9](?:[\w-]*\.)*[\w-]*[A-Za-z0-9])\s?\(?\[({_V4}|{_V6})\]")
#: What belongs to the mail, and what is an id or a closed word.
_NOT_LOOKED_AT = frozenset(
    {
        *("sender", "recipient", "header_from", "original_recipient", "message_id", "subject", "recipients", "user", "mailbox"),
        *("time", "begin", "end", "last_event", "first_try", "last_try", "customer_text"),
    }
)


def without_inside(report: ReportAnswer) -> ReportAnswer:
    """A report as somebody reads it who does not run the system."""
    masked: ReportAnswer = Mask.of(report).taken(report)
    return masked


class Mask:
    """What stands for the names of servers, and for addresses."""

    def __init__(self, servers: Iterable[str], others: Iterable[str]) -> None:
        self._instead = {name.lower(): f"server-{number}" for number, name in enumerate(servers, 1)}
        for name in others:
            self._instead.setdefault(name.lower(), INTERNAL)
        names = sorted(map(re.escape, self._instead), key=len, reverse=True)
        self._names = re.compile(rf"(?<![\w.@-])(?:{'|'.join(names)})(?![\w@-]|\.\w)", re.IGNORECASE) if names else None

    @classmethod
    def of(cls, report: ReportAnswer) -> Mask:
        """The mask of a report: the servers that wrote its lines, and those with an address inside."""
        beside = [*report.related, *([report.later] if report.later is not None else [])]
        hosts = [report.trace.host, *(step.host for step in report.timeline), *(one.host for one in beside)]
        server = report.trace.sending_server
        inside = [server.name] if server.name and server.ip and _is_inside(server.ip) else []
        named = (found for text in _texts(report) for found in _NAMED.finditer(text) if _is_inside(found[2]))
        return cls(dict.fromkeys(host for host in hosts if host), [*inside, *(found[1] for found in named)])

    def text(self, text: str) -> str:
        """A text without them."""
        if self._names is not None:
            text = self._names.sub(lambda found: self._instead[found[0].lower()], text)
        return _ADDRESS.sub(lambda found: INTERNAL if _is_inside(found[0]) else found[0], text)

    def taken(self, value: Any) -> Any:
        """A value with all its texts without them."""
        if type(value) is str:
            return self.text(value)
        if isinstance(value, list):
            return [self.taken(one) for one in value]
        if isinstance(value, msgspec.Struct):
            fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in _NOT_LOOKED_AT}
            return msgspec.structs.replace(value, **{name: self.taken(one) for name, one in fields.items()})
        return value


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if type(value) is str:
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))


@lru_cache(maxsize=1024)
def _is_inside(text: str) -> bool:
    """Whether it is an address that only the system itself can reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _NETWORKS if network.version == address.version)

"""The searched columns of a trace: which fields, and how each is folded, as the table of fields says."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any

from mappings import address, fields
from mappings.embedded.functions import SEPARATOR
from mappings.fields import Kind
from mappings.patterns import fold_domain, fold_name, ip_text, quarantine_forms, searchable
from mappings.trace import Trace

#: Columns that hold one field, under its name.
PLAIN = (
    "sender",
    "sender_domain",
    "header_from",
    "header_from_domain",
    "recipient",
    "recipient_domain",
    "original_recipient",
    "original_recipient_domain",
    "disposition",
    "verdict",
    "reason",
    "direction",
    "reply_code",
    "enhanced_code",
    "message_id",
)
#: The fields of servers: the column with a server's number, and the field's column in the table of servers.
SERVERS = {
    "client_ip": ("client", "ip"),
    "client_name": ("client", "name"),
    "client_helo": ("client", "helo"),
    "relay_ip": ("relay", "ip"),
    "relay_host": ("relay", "name"),
}
#: All columns of the table `trace`, in the order in which a row is written.
COLUMNS = ("id", "version", *PLAIN, "queue_ids", "quarantine", "client", "relay", "visible", "head", "block")


@lru_cache(maxsize=65536)
def address_value(text: str) -> str:
    """An address as its columns hold it."""
    return searchable(address.fold(text))


@lru_cache(maxsize=65536)
def domain_value(domain: str) -> str:
    """A domain as its columns hold it."""
    return searchable(fold_domain(domain))


_FOLDS: dict[Kind, Callable[[str], str]] = {
    Kind.ADDRESS: address_value,
    Kind.DOMAIN: domain_value,
    Kind.KEYWORD: searchable,
    Kind.WORD: str.__str__,
}
_FOLD = tuple(_FOLDS.get(fields.BY_NAME[name].kind) for name in PLAIN)
_VALUES = attrgetter(*PLAIN)


def plain_values(trace: Trace) -> list[Any]:
    """The values of the `PLAIN` columns."""
    return [value if fold is None or value is None else fold(value) for fold, value in zip(_FOLD, _VALUES(trace), strict=True)]


def joined(values: list[str]) -> str | None:
    """Several values in one column; None where there is none."""
    return SEPARATOR.join(map(searchable, values)) if values else None


def quarantine_value(trace: Trace) -> str | None:
    """The forms of the quarantine id that people copy."""
    return None if trace.quarantine_id is None else joined(quarantine_forms(trace.quarantine_id))


Server = tuple[str, str, str]


def client_of(trace: Trace) -> Server | None:
    """Address, name and HELO of the server that sent the message, folded; None where nothing is known."""
    return _server(trace.client_ip, trace.client_name, trace.client_helo)


def relay_of(trace: Trace) -> Server | None:
    """Address and name of the next hop, folded."""
    return _server(trace.relay_ip, trace.relay_host, None)


@lru_cache(maxsize=16384)
def _server(ip: str | None, name: str | None, helo: str | None) -> Server | None:
    """A server as the table of servers holds it; what is not known is empty."""
    if not ip and not name and not helo:
        return None
    return (
        searchable(ip_text(ip)) if ip else "",
        searchable(fold_name(name)) if name else "",
        searchable(fold_name(helo)) if helo else "",
    )

"""Counting by the values of fields in one file: which column or expression has them, and what a file's groups come to."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from mappings.embedded.columns import SERVERS
from mappings.embedded.functions import SEPARATOR
from mappings.fields import BY_NAME, Kind
from mappings.patterns import ip_key
from search.engines import Value
from search.engines.embedded_sql import COLUMNS


def column(name: str) -> str:
    """What a statement groups by for a field: its column, the number of its server, or its value in the packed head."""
    if name in COLUMNS and name != "quarantine_id":
        return f"t.{COLUMNS[name]}"
    return f"t.{SERVERS[name][0]}" if name in SERVERS else f"value_of('{BY_NAME[name].name}', t.head)"


def tallied(connection: sqlite3.Connection, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Counter[tuple[Value, ...]]:
    """The groups of a file by values: each of several values counts, and servers are named. What has no name is a value as it is."""
    servers = _servers(connection) if any(name in SERVERS for name in names) else {}
    found = Counter[tuple[Value, ...]]()
    for *values, number in rows:
        for one in product(*(_values(name, value, servers) for name, value in zip(names, values, strict=True))):
            found[one] += number
    return found


def _servers(connection: sqlite3.Connection) -> dict[int, dict[str, str]]:
    """The servers of a file by their numbers."""
    rows = connection.execute("SELECT number, ip, name, helo FROM server")
    return {number: {"ip": ip, "name": name, "helo": helo} for number, ip, name, helo in rows}


def _values(name: str, value: Any, servers: dict[int, dict[str, str]]) -> Iterator[Value]:
    """The values of a field that a group has."""
    if not name:
        yield value
    elif name in SERVERS:
        named = servers.get(value, {}).get(SERVERS[name][1]) or None
        # What is no address is none that could be counted as one.
        yield named if named is None or BY_NAME[name].kind is not Kind.IP or ip_key(named) is not None else None
    elif value is not None and BY_NAME[name].many:
        yield from dict.fromkeys(value.split(SEPARATOR))
    else:
        yield bool(value) if BY_NAME[name].kind is Kind.FLAG else value

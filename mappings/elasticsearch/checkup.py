"""What a cluster says about itself and about the store in it, for `mailtrace doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from mappings.elasticsearch.catalog import Catalog
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.names import Names
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.setup import Setup


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that writes a log domain."""

    log_domain: str
    host: str
    pid: int


class Checkup:
    """Asks a server; every method is one question, and raises where it is not answered."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._names = names

    def versions(self) -> list[str]:
        """The versions of the nodes, each once."""
        answer = self._connection.ask("read the versions of the nodes", "GET", "/_nodes?filter_path=nodes.*.version")
        nodes: dict[str, Any] = msgspec.json.decode(answer or b"{}").get("nodes", {})
        return sorted({str(node["version"]) for node in nodes.values()})

    def health(self) -> str:
        """How well the cluster is: green, yellow or red."""
        answer = self._connection.ask("read the cluster's health", "GET", "/_cluster/health?filter_path=status")
        return str(msgspec.json.decode(answer or b"{}").get("status"))

    def strays(self) -> list[str]:
        """Indices of our names whose mapping is not strict: something else made them, or they are older than the template."""
        target = f"{path(self._names.every, '_mapping')}?filter_path=*.mappings.dynamic&allow_no_indices=true"
        answer: dict[str, Any] = msgspec.json.decode(self._connection.ask("read the mappings", "GET", target, missing=True) or b"{}")
        listed = f"{path('_cat', 'indices', self._names.every)}?h=index&format=json&expand_wildcards=all"
        names = [
            one["index"] for one in msgspec.json.decode(self._connection.ask("list the indices", "GET", listed, missing=True) or b"[]")
        ]
        return sorted(name for name in names if answer.get(name, {}).get("mappings", {}).get("dynamic") != "strict")

    def gone(self) -> list[str]:
        """Indices that the catalog has and the server has not: somebody else deleted them."""
        listed = Catalog(self._connection, self._names).load()
        sizes = Retention(self._connection, self._names).sizes()
        return [one.name for one in listed.ranges if one.made and not one.dropped and one.name not in sizes]

    def held(self) -> tuple[int, int, int]:
        """Number of indices, their bytes with copies, and the traces in them."""
        sizes = Retention(self._connection, self._names).sizes()
        target = f"{path(self._names.alias, '_count')}?ignore_unavailable=true&allow_no_indices=true"
        answer = self._connection.ask("count traces", "GET", target, missing=True)
        return len(sizes), sum(sizes.values()), int(msgspec.json.decode(answer or b"{}").get("count", 0))

    def writers(self) -> list[Writer]:
        """Who writes which log domain."""
        body = {"size": 1_000, "query": {"term": {"kind": "writer"}}}
        target = f"{path(self._names.meta, '_search')}?ignore_unavailable=true&allow_no_indices=true"
        answer: Any = msgspec.json.decode(self._connection.ask("look for writers", "POST", target, body) or b"{}")
        leases = [hit["_source"]["body"] for hit in answer.get("hits", {}).get("hits", [])]
        found = [Writer(lease["log_domain"], lease["owner"]["host"], lease["owner"]["pid"]) for lease in leases]
        return sorted(found, key=lambda one: one.log_domain)

    def lifecycles(self, setup: Setup) -> str:
        """Whether the server could delete old indices by itself."""
        try:
            offered = setup.knows_lifecycles()
        except StoreRefused:
            offered = False
        return "offered" if offered else "not offered by this server"

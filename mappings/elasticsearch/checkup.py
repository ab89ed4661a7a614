"""What a cluster says about itself and about the store in it, for `mailtrace doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from mappings.elasticsearch import template as made
from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.indices import Indices
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.ranges import Range, Whole
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.setup import Setup

#: A shard larger than this is slow to move and to bring back.
MOST_SHARD_BYTES = 50_000_000_000


@dataclass(frozen=True, slots=True)
class WritingProcess:
    """A process that writes a log domain."""

    log_domain: str
    host: str
    pid: int


class ClusterCheckup:
    """Asks a server; every method is one question, and raises where it is not answered."""

    def __init__(self, connection: Connection, names: IndexNames) -> None:
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

    def catalog(self, *, look: bool) -> Whole:
        """The catalog made whole, with what it lacked and what is strange on the server; with `look` nothing is changed."""
        catalog = ClusterCatalog(self._connection, self._names)
        found = catalog.look()
        if found.taken and not look:
            catalog.load()
        return found

    def put_into_alias(self) -> list[str]:
        """Put indices of ours that are outside the alias into it, as those that come out of a snapshot without it; gives which."""
        there = Indices(self._connection, self._names).there()
        outside = [one.name for one in there if one.is_ours(self._names) and not one.in_alias]
        if outside:
            add = {"alias": self._names.alias, **made.alias()}
            actions = [{"add": {"index": name, **add}} for name in outside]
            self._connection.ask("put indices into the alias", "POST", "/_aliases", {"actions": actions})
        return outside

    def lost(self) -> list[Range]:
        """The ranges whose indices somebody deleted."""
        return ClusterCatalog(self._connection, self._names).lost()

    def large(self, most_bytes: int) -> dict[str, int]:
        """Indices with a shard that is larger than this, with its bytes."""
        target = f"{path('_cat', 'shards', self._names.every)}?h=index,store&bytes=b&format=json"
        listed = msgspec.json.decode(self._connection.ask("read the sizes of shards", "GET", target, missing=True) or b"[]")
        sizes: dict[str, int] = {}
        for shard in listed:
            sizes[shard["index"]] = max(sizes.get(shard["index"], 0), int(shard["store"] or 0))
        return {name: size for name, size in sorted(sizes.items()) if size > most_bytes}

    def held(self) -> tuple[int, int, int]:
        """Number of indices, their bytes with copies, and the traces in them."""
        sizes = Retention(self._connection, self._names).sizes()
        target = f"{path(self._names.alias, '_count')}?ignore_unavailable=true&allow_no_indices=true"
        answer = self._connection.ask("count traces", "GET", target, missing=True)
        return len(sizes), sum(sizes.values()), int(msgspec.json.decode(answer or b"{}").get("count", 0))

    def writers(self) -> list[WritingProcess]:
        """Who writes which log domain."""
        body = {"size": 1_000, "query": {"term": {"kind": "writer"}}}
        target = f"{path(self._names.meta, '_search')}?ignore_unavailable=true&allow_no_indices=true"
        answer: Any = msgspec.json.decode(self._connection.ask("look for writers", "POST", target, body) or b"{}")
        leases = [hit["_source"]["body"] for hit in answer.get("hits", {}).get("hits", [])]
        found = [WritingProcess(lease["log_domain"], lease["owner"]["host"], lease["owner"]["pid"]) for lease in leases]
        return sorted(found, key=lambda one: one.log_domain)

    def lifecycles(self, setup: Setup) -> str:
        """Whether the server could delete old indices by itself."""
        try:
            offered = setup.knows_lifecycles()
        except StoreRefused:
            offered = False
        return "offered" if offered else "not offered by this server"

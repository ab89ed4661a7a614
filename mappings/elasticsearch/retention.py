"""Dropping what is old: whole indices, never documents, and the catalog forgets them first."""

from __future__ import annotations

from typing import Any

import msgspec

from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.ranges import Listed, Range, Stray


class Retention:
    """Deletes the oldest indices of a store."""

    def __init__(self, connection: Connection, names: IndexNames) -> None:
        self._connection = connection
        self._names = names
        self._catalog = ClusterCatalog(connection, names)

    @property
    def strays(self) -> tuple[Stray, ...]:
        """What is there and was neither deleted nor counted, since it is not, or not wholly, of the store."""
        return self._catalog.strays

    def by_age(self, keep_ms: int, now_ms: int) -> list[Range]:
        """Delete the indices whose traces are all older than `keep_ms`, and tell which."""
        return self._catalog.drop(lambda listed: [one for one in listed.ranges if one.upper_ms <= now_ms - keep_ms])

    def nothing(self) -> list[Range]:
        """Delete nothing, and see what is there."""
        return self._catalog.drop(lambda _listed: [])

    def by_size(self, most_bytes: int) -> list[Range]:
        """Delete the oldest indices until the store has at most this size, copies included, and tell which; the newest one stays."""
        sizes = self.sizes()

        def too_large(listed: Listed) -> list[Range]:
            total = 0
            for kept, one in enumerate(reversed(listed.ranges)):
                total += sizes.get(one.name, 0)
                if kept and total > most_bytes:
                    return list(listed.ranges[: len(listed.ranges) - kept])
            return []

        return self._catalog.drop(too_large)

    def sizes(self) -> dict[str, int]:
        """Bytes of each index, copies included."""
        target = f"{path(self._names.every, '_stats', 'store')}?filter_path=indices.*.total"
        answer = self._connection.ask("read the sizes of indices", "GET", target, missing=True)
        indices: dict[str, Any] = msgspec.json.decode(answer or b"{}").get("indices", {})
        return {name: int(told["total"]["store"]["size_in_bytes"]) for name, told in indices.items()}

"""The indices that are on the server, whatever the catalog knows of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreAway, StoreRefused
from mappings.elasticsearch.names import IndexNames
from mappings.elasticsearch.ranges import Index
from mappings.fields import BY_NAME

_EVERYTHING = "expand_wildcards=all&ignore_unavailable=true&allow_no_indices=true"
#: Names in one path, which a server limits to 4,096 characters.
_NAMES_AT_ONCE = 25


class Indices:
    """Asks a server for them."""

    def __init__(self, connection: Connection, names: IndexNames) -> None:
        self._connection = connection
        self._names = names

    def there(self) -> list[Index]:
        """Every index that bears a name of ours or is in our alias, in the order of the names."""
        wanted = "*.aliases,*.mappings.dynamic,*.settings.index.verified_before_close"
        target = f"{path(f'{self._names.every},{self._names.alias}')}?{_EVERYTHING}&filter_path={wanted},*.settings.index.uuid"
        answer = self._connection.ask("list the indices", "GET", target, missing=True)
        listed: dict[str, Any] = msgspec.json.decode(answer or b"{}")
        return [
            Index(
                name,
                strict=told.get("mappings", {}).get("dynamic") == "strict",
                in_alias=self._names.alias in told.get("aliases", {}),
                closed=told["settings"]["index"].get("verified_before_close") == "true",
            )
            for name, told in sorted(listed.items())
        ]

    def names(self) -> set[str]:
        """Only their names, which costs less."""
        target = f"{path('_resolve', 'index', self._names.every)}?expand_wildcards=all&filter_path=indices.name"
        answer = self._connection.ask("list the indices", "GET", target, missing=True)
        return {one["name"] for one in msgspec.json.decode(answer or b"{}").get("indices", [])}

    def bounds(self, wanted: Collection[str]) -> dict[str, tuple[int, int]] | None:
        """The least and the greatest time of those that hold a document, in milliseconds; None where our role may not look into them."""
        found: dict[str, tuple[int, int]] = {}
        listed = sorted(wanted)
        try:
            for start in range(0, len(listed), _NAMES_AT_ONCE):
                found |= self._bounds(listed[start : start + _NAMES_AT_ONCE])
        except StoreRefused as error:
            if error.status != 403:
                raise
            return None
        return found

    def _bounds(self, listed: list[str]) -> dict[str, tuple[int, int]]:
        """The same for a few; raises `StoreAway` where a part of one does not answer."""
        time = {"field": BY_NAME["time_ms"].store, "format": "epoch_millis"}
        ends = {"first": {"min": time}, "last": {"max": time}}
        body = {
            "size": 0,
            "track_total_hits": False,
            "aggs": {"indices": {"terms": {"field": "_index", "size": len(listed)}, "aggs": ends}},
        }
        target = f"{path(','.join(listed), '_search')}?{_EVERYTHING}&allow_partial_search_results=false"
        answer: Any = msgspec.json.decode(
            self._connection.ask("look which times indices hold", "POST", target, body, patient=True) or b"{}"
        )
        if answer.get("timed_out") or answer.get("_shards", {}).get("failed"):
            raise StoreAway("A part of the store does not answer which times it holds.")
        buckets = answer.get("aggregations", {}).get("indices", {}).get("buckets", [])
        return {one["key"]: (int(one["first"]["value"]), int(one["last"]["value"])) for one in buckets if one["first"]["value"] is not None}

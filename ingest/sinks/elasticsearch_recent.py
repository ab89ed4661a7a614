"""What this process has written and no search may see yet: documents under way, and ids by key since the last refresh.

Elasticsearch shows a document to searches after a refresh, but gives it by its id at once. So a small map from key to id is kept,
in generations: when one is full and all of it is acknowledged, one refresh makes it superfluous.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ingest.sinks.elasticsearch_senders import Item

#: Documents of a generation; each takes about a kilobyte of memory.
GENERATION = 10_000


@dataclass(slots=True, eq=False)
class _Generation:
    """Documents that were submitted one after the other."""

    #: Nearly every key has one document; those that have more are in `more` too.
    by_key: dict[str, str] = field(default_factory=dict)
    more: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    under_way: int = 0

    def holding(self, key: str) -> list[str]:
        """Ids that may hold a key."""
        first = self.by_key.get(key)
        return [] if first is None else [first, *self.more.get(key, ())]


@dataclass(frozen=True, slots=True)
class ToConsider:
    """What a look-up has to consider: ids that may hold a key, with their indices, and the documents under way."""

    ids: dict[str, str]
    under_way: dict[str, bytes]


class Recent:
    """Follows what is written until a refresh has shown it."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._guard = threading.Lock()
        self._most = generation
        self._generations: list[_Generation] = [_Generation()]
        self._pending: dict[str, Item] = {}

    def add(self, items: Iterable[tuple[Item, Collection[str]]]) -> None:
        """Documents are submitted, each with its keys."""
        with self._guard:
            for item, keys in items:
                current = self._generations[-1]
                if len(current.ids) >= self._most:
                    current = _Generation()
                    self._generations.append(current)
                current.ids[item.id] = item.index
                current.under_way += 1
                item.generation = current
                for key in keys:
                    if current.by_key.setdefault(key, item.id) != item.id:
                        current.more.setdefault(key, []).append(item.id)
                held = self._pending.get(item.id)
                if held is None or item.version >= held.version:
                    self._pending[item.id] = item

    def settled(self, items: Iterable[Item]) -> bool:
        """Documents are stored, or never will be; True where a full generation waits for a refresh."""
        with self._guard:
            for item in items:
                if item.generation is not None:
                    item.generation.under_way -= 1
                    item.generation = None
                if self._pending.get(item.id) is item:
                    del self._pending[item.id]
            return any(not one.under_way for one in self._generations[:-1])

    def look(self, keys: Collection[str]) -> ToConsider:
        """Ids that may hold one of these keys, and every document that is under way with such an id."""
        with self._guard:
            ids = {found: one.ids[found] for one in self._generations for key in keys for found in one.holding(key)}
            return ToConsider(ids, {found: self._pending[found].document for found in ids if found in self._pending})

    def newer(self, ids: Collection[str]) -> ToConsider:
        """Of ids that a search gave, those that may have been written since the last refresh."""
        with self._guard:
            found = {one_id: one.ids[one_id] for one in self._generations for one_id in ids if one_id in one.ids}
            return ToConsider(found, {one_id: self._pending[one_id].document for one_id in found if one_id in self._pending})

    def to_refresh(self) -> tuple[list[_Generation], set[str]]:
        """Full generations that are acknowledged, and the indices whose refresh makes them superfluous."""
        with self._guard:
            full = [one for one in self._generations[:-1] if not one.under_way]
            return full, {index for one in full for index in one.ids.values()}

    def refreshed(self, full: Collection[_Generation]) -> None:
        """These generations are seen by searches now."""
        with self._guard:
            self._generations = [one for one in self._generations if one not in full]

    def indices(self) -> set[str]:
        """All indices that a refresh has not been asked for."""
        with self._guard:
            return {index for one in self._generations for index in one.ids.values()}

    def documents(self) -> int:
        """How many documents are followed."""
        with self._guard:
            return sum(len(one.ids) for one in self._generations)

"""Recall: documents looked up in the store by key, many keys in one question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from mappings.trace import Trace

Lookup = Callable[[Collection[str]], list[Trace]]
#: Keys of one question.
_MOST = 500


class Recall:
    """What the store knows of some keys, asked for before the lines that name them are taken in."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[str, list[Trace]] = {}
        #: Keys asked for so far.
        self.asked = 0

    def fetch(self, keys: Iterable[str]) -> None:
        """Ask for these keys, and for those that the documents found name in turn."""
        waiting = [key for key in dict.fromkeys(keys) if key not in self._known]
        while waiting:
            question, waiting = waiting[:_MOST], waiting[_MOST:]
            self.asked += len(question)
            self._known.update((key, []) for key in question)
            named: dict[str, None] = {}
            for document in self._lookup(question):
                named.update((event.hop, None) for event in document.events)
                for key in document.keys:
                    if key in self._known and document not in self._known[key]:
                        self._known[key].append(document)
            waiting += [key for key in named if key not in self._known and key not in waiting]

    def of(self, key: str) -> list[Trace]:
        """The documents that hold a key."""
        if key not in self._known:
            self.fetch([key])
        return self._known[key]

    def forget(self) -> None:
        """Let go of what was asked: from now on the store may hold more."""
        self._known.clear()

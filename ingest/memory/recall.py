"""Recall: documents looked up in the store by key, many keys in one question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import islice

from mappings.faults import StoreTooNew
from mappings.trace import REVISION, VERSION_STEP, Trace

Lookup = Callable[[Collection[str]], list[Trace]]
#: Keys of one question.
_MOST = 500


class Recall:
    """What the store knows of some keys, asked for before the lines that name them are taken in.

    A log domain has its own documents only, and those of hosts that are in it now: a Message-ID may stand in another's too.
    """

    def __init__(self, lookup: Lookup, log_domain: str, hosts: Iterable[str] = ()) -> None:
        self._lookup = lookup
        self._ours = {log_domain, *hosts}
        #: For each key that was asked for, the documents that hold it, by their ids.
        self._known: dict[str, dict[str, Trace]] = {}
        #: Keys asked for so far.
        self.asked = 0

    def fetch(self, keys: Iterable[str]) -> None:
        """Ask for these keys, and for those that the documents found name in turn."""
        waiting = {key: None for key in keys if key not in self._known}
        while waiting:
            question = list(islice(waiting, _MOST))
            self.asked += len(question)
            for key in question:
                del waiting[key]
                self._known[key] = {}
            for document in self._lookup(question):
                if self._ours.isdisjoint((document.log_domain, document.host)):
                    continue
                if document.version >= (REVISION + 1) * VERSION_STEP:
                    raise StoreTooNew(
                        f"The trace {document.id} was written by a newer release, and lines that are read now belong to it; use that"
                        " release, or a newer one."
                    )
                waiting.update((event.hop, None) for event in document.events if event.hop not in self._known)
                for key in document.keys:
                    held = self._known.get(key)
                    if held is not None:
                        held[document.id] = document

    def of(self, key: str) -> list[Trace]:
        """The documents that hold a key."""
        if key not in self._known:
            self.fetch([key])
        return list(self._known[key].values())

    def forget(self) -> None:
        """Let go of what was asked: from now on the store may hold more."""
        self._known.clear()

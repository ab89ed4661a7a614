"""A message: the parts that are joined to one, and the hand-overs between them."""

from __future__ import annotations

import msgspec

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Edge, Loose, Part, Scan


class Message(msgspec.Struct, eq=False):
    """The parts of one message: its queue files' lives, its scans, and what belongs to them; with the hand-overs between them."""

    lives: list[Life] = []
    scans: list[Scan] = []
    loose: list[Loose] = []
    #: Hits of a virus scanner in the folder of a scan, by the scan's key; each with the folder's key.
    hits: dict[str, list[tuple[str, LiveEvent]]] = {}
    edges: list[Edge] = []
    #: Keys of queue files that are not seen, and that too many name for it to be the beginning of one message.
    crowded: set[str] = set()
    #: Lines of stores that are joined to no hand-over though a mail server's lines tell of their message.
    told_elsewhere: set[Loose] = set()

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return all(life.closed or life.probe for life in self.lives)

    @property
    def parts(self) -> list[Part]:
        """All of it."""
        return [*self.lives, *self.scans, *self.loose]

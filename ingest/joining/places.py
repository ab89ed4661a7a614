"""Places in log files, and what still needs them: the ledger of lines that must be read again after a crash.

Whatever needs the lines of a place *holds* it: a batch on its way, a record (its first line) that is not read to its end, a session, an
event that no document has. The low-water mark of a file is its first place that something holds. Nothing is counted: each holder is
named once.
"""

from __future__ import annotations

from typing import Protocol

from ingest.framing.line import Line


class Holder(Protocol):
    """What needs the lines of a place."""

    def give_up(self, place: Place) -> None:
        """Need them no more, though no document has what they say."""
        ...


class Place:
    """A second of the log in one file, and what still needs its lines."""

    __slots__ = ("holders", "offset", "reached_us", "time_us", "year", "zone_of_ids")

    def __init__(self, offset: int, time_us: int, reached_us: int, year: int | None, zone_of_ids: str | None = None) -> None:
        self.offset = offset
        self.time_us = time_us
        #: The greatest stamp of the file when this place was read: its age is how much further the file is now.
        self.reached_us = reached_us
        #: The year and the zone of stamps that name none, as of this place.
        self.year = year
        self.zone_of_ids = zone_of_ids
        self.holders: set[Holder | Line] = set()

    @property
    def needed(self) -> bool:
        """Whether its lines must be read again after a crash."""
        return bool(self.holders)

    def hold(self, holder: Holder | Line) -> None:
        """Something needs its lines; twice is once."""
        self.holders.add(holder)

    def let_go(self, holder: Holder | Line) -> None:
        """Something needs them no more, or never did."""
        self.holders.discard(holder)


class Hold:
    """Needs the lines of some places for a while: as a context, for the lines that are worked at within it."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: list[Place] = []

    def on(self, place: Place) -> None:
        """Need one more."""
        if not self._places or self._places[-1] is not place:
            self._places.append(place)
            place.holders.add(self)

    def give_up(self, place: Place) -> None:
        """Need this one no more."""
        place.holders.discard(self)

    def __enter__(self) -> Hold:
        """Nothing is needed yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Need none of them any more."""
        for place in self._places:
            place.holders.discard(self)
        self._places.clear()

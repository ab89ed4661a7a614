"""Which index holds which time: one small document that every writer reads, and changes only by compare-and-set.

Ranges are disjoint, so an id has one place, also when the period of an index is set otherwise later. An index that is dropped
leaves its range behind, so that a late document does not make it anew.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable

import msgspec

from mappings import identity
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.names import END_OF_TIME, Names, Period, span

_TRIES = 50


class Range(msgspec.Struct, frozen=True, omit_defaults=True):
    """An index and the times of its ids: from `lower_ms` to before `upper_ms`."""

    name: str
    lower_ms: int
    upper_ms: int
    #: The index has been made; before that, whoever needs it makes it.
    made: bool = False
    #: It was deleted afterwards, by whomever: nothing is written there again.
    dropped: bool = False


class Listed(msgspec.Struct, frozen=True):
    """The catalog: ranges in the order of time, and the time before which nothing is kept."""

    ranges: tuple[Range, ...] = ()
    floor_ms: int = 0

    def holding(self, time_ms: int) -> Range | None:
        """The range around a time."""
        number = bisect_right(self.ranges, time_ms, key=lambda one: one.lower_ms) - 1
        return self.ranges[number] if number >= 0 and time_ms < self.ranges[number].upper_ms else None

    def with_range(self, one: Range) -> Listed:
        """The catalog with a range added, or put in the place of the one of its name."""
        others = [other for other in self.ranges if other.name != one.name]
        return Listed(tuple(sorted([*others, one], key=lambda other: other.lower_ms)), self.floor_ms)


class _Held(msgspec.Struct):
    """What the document holds beside its kind."""

    body: Listed = Listed()


class _Got(msgspec.Struct, rename={"number": "_seq_no", "term": "_primary_term", "source": "_source"}):
    """The document as the server gives it."""

    found: bool = False
    number: int = 0
    term: int = 0
    source: _Held = msgspec.field(default_factory=_Held)


class Catalog:
    """The catalog of a store, as this process knows it."""

    def __init__(self, connection: Connection, names: Names, period: Period = Period.DAY, *, lifecycle: bool = False) -> None:
        self._connection = connection
        self._names = names
        self._period = period
        self._lifecycle = lifecycle
        self._guard = threading.RLock()
        self._target = path(names.meta, "_doc", "catalog")
        self.listed = Listed()
        #: Where the last document went: the first id, the first id behind, and the index. Documents come nearly in order.
        self._last = ("", "", "")

    def load(self) -> Listed:
        """Read it anew."""
        got = self._get()
        with self._guard:
            self.listed = got.source.body
        return got.source.body

    def at_hand(self, trace: str) -> str | None:
        """The index that an id belongs to, where it is the one of the id before."""
        lower, upper, name = self._last
        return name if lower <= trace < upper else None

    def place(self, trace: str) -> str | None:
        """The index that an id belongs to, made where there is none; None where its time is kept no more."""
        time_ms = identity.time_ms_of(trace)
        listed = self.listed
        held = listed.holding(time_ms)
        if time_ms < listed.floor_ms:
            return None
        if held is None or not held.made:
            with self._guard:
                held = self._make(time_ms)
        if held is None or held.dropped:
            return None
        # The first id behind the end of time is behind every id.
        upper = identity.smallest(held.upper_ms) if held.upper_ms < END_OF_TIME else "~"
        self._last = (identity.smallest(held.lower_ms), upper, held.name)
        return held.name

    def gone(self, name: str) -> bool:
        """The server has no such index: was it dropped? Otherwise it is made, and can be written to."""
        with self._guard:
            self._last = ("", "", "")
            listed = self.load()
            one = next((other for other in listed.ranges if other.name == name), None)
            if one is None or one.dropped:
                return True
            if not one.made:
                self._make(one.lower_ms)
                return False
            self._change(lambda now: now.with_range(msgspec.structs.replace(one, dropped=True)))
            return True

    def drop(self, chosen: Callable[[Listed], list[Range]]) -> list[Range]:
        """Delete indices: the catalog forgets them first, so that nobody writes there again."""
        dropped: list[Range] = []

        def without(listed: Listed) -> Listed:
            dropped[:] = chosen(listed)
            floor = max([listed.floor_ms, *(one.upper_ms for one in dropped)])
            return Listed(tuple(one for one in listed.ranges if one.upper_ms > floor), floor)

        with self._guard:
            self._change(without)
            self._delete(dropped)
        return dropped

    def _delete(self, dropped: list[Range]) -> None:
        """Delete what the catalog has forgotten, and what an earlier deletion has left half done."""
        for one in dropped:
            self._connection.ask(f"delete {one.name}", "DELETE", f"{path(one.name)}?ignore_unavailable=true", missing=True)

    def _make(self, time_ms: int) -> Range | None:
        """The range around a time, with its index."""

        def with_range(listed: Listed) -> Listed:
            if time_ms < listed.floor_ms or listed.holding(time_ms) is not None:
                return listed
            return listed.with_range(self._free(listed, time_ms))

        listed = self._change(with_range)
        held = listed.holding(time_ms)
        if held is not None and not held.made and not held.dropped:
            self._create(held)
            held = msgspec.structs.replace(held, made=True)
            self._change(lambda now: now.with_range(held) if now.holding(time_ms) is not None else now)
        return held

    def _free(self, listed: Listed, time_ms: int) -> Range:
        """The free range around a time, a period at most."""
        lower, upper = span(time_ms, self._period)
        lower = max([lower, listed.floor_ms, *(one.upper_ms for one in listed.ranges if one.upper_ms <= time_ms)])
        upper = min([upper, END_OF_TIME, *(one.lower_ms for one in listed.ranges if one.lower_ms > time_ms)])
        return Range(self._names.index(lower), lower, upper)

    def _create(self, one: Range) -> None:
        """Make an index; somebody else may have been faster."""
        body = {"settings": {"index.lifecycle.origination_date": one.upper_ms}} if self._lifecycle else None
        try:
            self._connection.ask(f"create {one.name}", "PUT", path(one.name), body)
        except StoreRefused as error:
            if error.kind != "resource_already_exists_exception":
                raise

    def _get(self) -> _Got:
        """The document, or an empty one."""
        answer = self._connection.ask("read the catalog", "GET", self._target, missing=True)
        return _Got() if answer is None else msgspec.json.decode(answer, type=_Got)

    def _change(self, change: Callable[[Listed], Listed]) -> Listed:
        """Change the catalog; where somebody else has changed it meanwhile, begin anew with what he made of it."""
        for _ in range(_TRIES):
            got = self._get()
            listed = change(got.source.body)
            if listed != got.source.body:
                condition = f"if_seq_no={got.number}&if_primary_term={got.term}" if got.found else "op_type=create"
                body = {"kind": "catalog", "body": listed}
                try:
                    self._connection.ask("write the catalog", "PUT", f"{self._target}?{condition}", body)
                except StoreRefused as error:
                    if error.status != 409:
                        raise
                    continue
            self.listed = listed
            return listed
        raise StoreRefused(409, "", "", "The catalog of the store is changed by others all the time; try again.")

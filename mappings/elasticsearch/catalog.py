"""Which index holds which time: one small document that every writer reads, and changes only by compare-and-set.

The server itself has the last word on what is there: each time the catalog is read to be changed, indices that it lacks are taken in,
whether the document was lost, is older than they are, or they came back out of a snapshot (see `ranges`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from mappings import identity
from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.indices import Indices
from mappings.elasticsearch.names import END_OF_TIME, IndexNames, Period
from mappings.elasticsearch.ranges import Index, Listed, Range, Stray, Whole, free, lacking, whole

_TRIES = 50
#: Seconds between two looks at whether an index that somebody deleted is there again.
_LOOK_S = 30.0


class _Held(msgspec.Struct):
    """What the document holds beside its kind."""

    body: Listed = Listed()


class _Got(msgspec.Struct, rename={"number": "_seq_no", "term": "_primary_term", "source": "_source"}):
    """The document as the server gives it."""

    found: bool = False
    number: int = 0
    term: int = 0
    source: _Held = msgspec.field(default_factory=_Held)


class ClusterCatalog:
    """The catalog of a store, as this process knows it.

    `again` makes anew what somebody deleted: for whoever reads the lines of that time again, on purpose. `tell` hears in sentences what
    was found to be wrong.
    """

    def __init__(
        self,
        connection: Connection,
        names: IndexNames,
        period: Period = Period.DAY,
        *,
        lifecycle: bool = False,
        again: bool = False,
        tell: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self._connection = connection
        self._names = names
        self._period = period
        self._lifecycle = lifecycle
        self._again = again
        self._tell = tell
        self._indices = Indices(connection, names)
        self._guard = threading.RLock()
        self._target = path(names.meta, "_doc", "catalog")
        self.listed = Listed()
        #: Every range that this process has seen in it, by the names of the indices.
        self._known: dict[str, Range] = {}
        #: Indices that are not, or not wholly, of the store, as the server had them when the catalog was last made whole.
        self.strays: tuple[Stray, ...] = ()
        self._looked = float("-inf")
        #: Where the last document went: the first id, the first id behind, and the index. Documents come nearly in order.
        self._last = ("", "", "")

    def look(self) -> Whole:
        """The catalog made whole; nothing is written."""
        return self._whole(self._get().source.body, self._indices.there())

    def lost(self) -> list[Range]:
        """The ranges whose indices somebody deleted."""
        found = self._get().source.body.lost(self._indices.names())
        # What retention has just deleted, the catalog had forgotten before.
        still = self._get().source.body.ranges if found else ()
        return [one for one in found if one in still]

    def load(self) -> Listed:
        """Read it anew, and take in what it lacks."""
        with self._guard:
            return self._change(lambda listed: listed)

    def begin(self) -> Listed:
        """The same for a writer, who says whether the server deletes old indices by itself."""
        with self._guard:
            return self._change(lambda listed: msgspec.structs.replace(listed, lifecycle=self._lifecycle))

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
        if held is not None and held.dropped and time.monotonic() > self._looked + _LOOK_S:
            self._looked = time.monotonic()
            held = self.load().holding(time_ms)
        if held is None or self._is_to_make(held):
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
            known = self._known.get(name)
            one = self.load().named(name)
            if one is None and known is not None and known.upper_ms > self.listed.floor_ms:
                # The catalog was lost with the index: nobody has said that nothing is to be written there.
                free_again = msgspec.structs.replace(known, made=False, dropped=False)
                one = self._change(lambda now: now if now.holding(free_again.lower_ms) else now.with_range(free_again)).named(name)
            if one is None:
                return True
            if one.made and not one.dropped and name not in self._indices.names():
                one = deleted = msgspec.structs.replace(one, dropped=True)
                self._change(lambda now: now.with_range(deleted))
                if not self._again:
                    self._tell(deleted.lost())
            if self._is_to_make(one):
                self._make(one.lower_ms)
                return False
            return one.dropped

    def drop(self, chosen: Callable[[Listed], list[Range]]) -> list[Range]:
        """Delete indices, and give which.

        The catalog forgets them first, so that nobody writes there again; what an earlier deletion has left half done is found again.
        """
        dropped: list[Range] = []

        def without(listed: Listed) -> Listed:
            dropped[:] = chosen(listed)
            return listed.without(dropped)

        with self._guard:
            self._change(without, old=True)
            self._delete(dropped)
        return dropped

    def _delete(self, dropped: list[Range]) -> None:
        """Delete what the catalog has forgotten."""
        for one in dropped:
            self._connection.ask(f"delete {one.name}", "DELETE", f"{path(one.name)}?ignore_unavailable=true", missing=True)

    def _is_to_make(self, one: Range) -> bool:
        """Whether the index of a range is made by whoever needs it."""
        return not one.made or (one.dropped and self._again)

    def _make(self, time_ms: int) -> Range | None:
        """The range around a time, with its index."""

        def with_range(listed: Listed) -> Listed:
            if time_ms < listed.floor_ms or listed.holding(time_ms) is not None:
                return listed
            return listed.with_range(free(listed, time_ms, self._period, self._names))

        listed = self._change(with_range)
        held = listed.holding(time_ms)
        if held is not None and self._is_to_make(held):
            self._create(held)
            held = msgspec.structs.replace(held, made=True, dropped=False)
            self._change(lambda now: now.with_range(held) if now.holding(time_ms) is not None else now, heal=False)
        return held

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

    def _whole(self, listed: Listed, there: list[Index], *, old: bool = False) -> Whole:
        """A catalog made whole from what is on the server."""
        wanted = lacking(listed, there, self._names)
        return whole(listed, there, self._names, self._indices.bounds(wanted) if wanted else {}, old=old)

    def _change(self, change: Callable[[Listed], Listed], *, old: bool = False, heal: bool = True) -> Listed:
        """Make the catalog whole and change it; where somebody else has changed it meanwhile, begin anew with what he made of it."""
        for _ in range(_TRIES):
            # In this order: an index that is made meanwhile is in a catalog that is newer than ours.
            got = self._get()
            found = self._whole(got.source.body, self._indices.there(), old=old) if heal else Whole(got.source.body)
            listed = change(found.listed)
            if listed != got.source.body:
                condition = f"if_seq_no={got.number}&if_primary_term={got.term}" if got.found else "op_type=create"
                body = {"kind": "catalog", "body": listed}
                if self._connection.write_where("write the catalog", self._target, condition, body) is None:
                    continue
                for one in found.taken:
                    self._tell(f"{one.lacked()} It is taken in.")
            self._known |= {one.name: one for one in listed.ranges}
            self.listed, self.strays = listed, found.strays if heal else self.strays
            return listed
        raise StoreRefused(409, "", "", "The catalog of the store is changed by others all the time; try again.")

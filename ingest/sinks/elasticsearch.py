"""Elasticsearch as a sink: bulk requests behind a bounded queue, one writer for each log domain."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Never, TypeVar

import msgspec
import structlog

from ingest.sinks import Encoded, Standing
from ingest.sinks.elasticsearch_lease import LEASE_S, Leases
from ingest.sinks.elasticsearch_recent import GENERATION, Recent
from ingest.sinks.elasticsearch_senders import SENDERS, Item, Senders
from ingest.sinks.patience import Patience
from mappings.elasticsearch.answers import Answer, Several
from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.connection import Access, Connection, path, pauses
from mappings.elasticsearch.document import decode, encode, key_term, to_trace
from mappings.elasticsearch.faults import StoreAway
from mappings.elasticsearch.losses import note_loss
from mappings.elasticsearch.names import IndexNames, Period
from mappings.elasticsearch.readings import forget_readings, note_reading, reading_of
from mappings.elasticsearch.setup import Setup
from mappings.elasticsearch.template import Shape
from mappings.faults import StoreError
from mappings.losses import Loss
from mappings.readings import ReaderReadings
from mappings.trace import Trace

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

#: Keys in one query, documents in one answer.
_MOST_KEYS, _PAGE = 1_000, 500
#: So many refused documents are logged; all are counted, and kept.
_TOLD = 10
_SEARCH = "ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false"


class ElasticsearchSink:
    """Writes traces to a cluster. `submit` gives a batch to sender threads; a ticket is acknowledged when its traces are durable.

    `notes` says what was put in place on the server. With `again` an index that somebody deleted is made anew: its lines are
    read again on purpose. `on_refused` is told of each trace that the store refuses, and why; it keeps
    it before the ticket is acknowledged. While the server is away, everything but the beginning waits for it; once `stop` is set
    (`close` sets it), only a little longer, and what waits raises `StoreAway`.
    """

    def __init__(
        self,
        access: Access,
        *,
        names: IndexNames = IndexNames(),  # noqa: B008 - frozen
        shape: Shape = Shape(),  # noqa: B008
        period: Period = Period.DAY,
        keep_seconds: int | None = None,
        on_refused: Callable[[Trace, str], None] | None = None,
        senders: int = SENDERS,
        generation: int = GENERATION,
        lease_s: float = LEASE_S,
        again: bool = False,
        stop: threading.Event | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._names = names
        self._on_refused = on_refused
        #: Traces that were not taken because their index has been dropped.
        self.older_than_kept = 0
        #: Traces that the store refused.
        self.refused = 0
        self._guard = threading.Lock()
        self._ticket = 0
        self._left: Counter[int] = Counter()
        self._acknowledged: list[int] = []
        #: The greatest time of an event of each log domain: as the store had it when first asked, and of what was submitted.
        self._stored_ms: dict[str, int | None] = {}
        self._submitted_ms: dict[str, int] = {}
        self._patience = Patience(stop, pauses=pauses, beat=beat)
        self._closed = False
        self._connection = Connection(access)
        try:
            self.notes = Setup(self._connection, names, shape, keep_seconds=keep_seconds).put_in_place()
            self._catalog = ClusterCatalog(self._connection, names, period, lifecycle=shape.lifecycle, again=again, tell=_tell)
            self._wait(self._catalog.begin)
            # What an earlier process wrote last may not be seen by searches yet.
            self._refresh([names.every, names.meta])
        except BaseException:
            self._connection.close()
            raise
        #: What no search may see yet.
        self.recent = Recent(generation)
        self._leases = Leases(self._connection, names, lease_s=lease_s)
        self.senders = Senders(
            self._connection,
            taken=self._taken,
            refused=self._refuse,
            gone=self._waiting(self._catalog.gone),
            patience=self._patience,
            count=senders,
        )

    def claim(self, log_domain: str) -> None:
        """Become the only writer of a log domain; raises `StoreLocked` where another process is it."""
        if self._wait(lambda: self._leases.claim(log_domain)):
            # What the dead one wrote last may have come after the refresh at our start.
            self._wait(lambda: self._refresh([self._names.every]))

    def submit(self, traces: Sequence[Trace]) -> int:
        """Give a batch to the senders and give its ticket; waits only where too much is under way."""
        self._leases.check()
        with self._guard:
            self._ticket += 1
            ticket = self._ticket
        items: list[tuple[Item, Collection[str]]] = []
        for trace in traces:
            item = self._prepare(trace, ticket)
            if item is not None:
                items.append((item, trace.keys))
        with self._guard:
            for trace in traces:
                if trace.last_event_ms > self._submitted_ms.get(trace.log_domain, -1):
                    self._submitted_ms[trace.log_domain] = trace.last_event_ms
            if items:
                self._left[ticket] = len(items)
            else:
                self._acknowledged.append(ticket)
        if items:
            self.recent.add(items)
            self.senders.put([item for item, _ in items])
        return ticket

    def take(self, documents: Sequence[Encoded], plain: Sequence[Trace]) -> int:
        """The same for a batch that another process has encoded, but for what it could not."""
        from mappings.embedded.packing import decode_whole  # noqa: PLC0415 - who only asks a cluster needs no SQLite

        return self.submit([*(decode_whole(one.head, one.journey) for one in documents), *plain])

    def acknowledged(self) -> list[int]:
        """Tickets whose traces are all durable since the last call, in the order in which they became so."""
        self.senders.check()
        with self._guard:
            tickets, self._acknowledged = self._acknowledged, []
            return tickets

    def flush(self) -> None:
        """Wait until everything submitted is durable."""
        self._leases.check()
        self.senders.flush()

    def find(self, keys: Collection[str]) -> list[Trace]:
        """All traces, superseded ones too, that hold one of these keys, with their events; submitted ones included."""
        wanted = frozenset(keys)
        if not wanted:
            return []
        # In this order: what a refresh takes out of the map meanwhile, the search sees.
        seen = self.recent.look(wanted)
        found = {trace.id: trace for trace in self._wait(lambda: list(self._holding(wanted)))}
        again = self.recent.newer([one for one in found if one not in seen.ids])
        ids = seen.ids | again.ids
        if ids:
            under_way = seen.under_way | again.under_way
            for trace in [*self._wait(lambda: list(self._by_id(ids))), *map(decode, under_way.values())]:
                held = found.get(trace.id)
                if held is None or trace.version >= held.version:
                    found[trace.id] = trace
        return [trace for trace in found.values() if not wanted.isdisjoint(trace.keys)]

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest `last_event_ms` of a log domain."""
        if log_domain not in self._stored_ms:
            self._stored_ms[log_domain] = self._wait(lambda: self._newest(log_domain))
        times = (self._stored_ms[log_domain], self._submitted_ms.get(log_domain))
        return max((time for time in times if time is not None), default=None)

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep up to which log time each source has been read; it never goes back."""
        if read_up_to_ms:
            self._wait(lambda: self._note(read_up_to_ms))

    def note_reading(self, reading: ReaderReadings) -> None:
        """Keep how the reading of a reader's sources stands."""
        self._wait(lambda: note_reading(self._connection, self._names, reading))

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """What a reader told of its sources last."""
        return self._wait(lambda: reading_of(self._connection, self._names, reader))

    def forget_readings(self, now_ms: int) -> None:
        """Forget readers that have been silent for long."""
        self._wait(lambda: forget_readings(self._connection, self._names, now_ms))

    def note_loss(self, loss: Loss) -> None:
        """Keep that something went before it was read."""
        self._wait(lambda: note_loss(self._connection, self._names, loss, self._catalog.listed.floor_ms))

    def retention(self, keep_ms: int, now_ms: int) -> list[Never]:
        """Nothing: several ingesters write to a cluster, and retention there is a command of its own."""
        return []

    def retention_by_size(self, most_bytes: int) -> list[Never]:
        """Nothing, likewise."""
        return []

    def read_again(self, lower_ms: int, upper_ms: int) -> None:
        """Nothing: a cluster keeps no list of what it lacks."""

    def standing(self) -> Standing:
        """How it is with the server; any thread may ask."""
        documents, size = self.senders.under_way()
        return Standing(away=self._patience.away, retries=self._patience.retries, waiting=documents, waiting_bytes=size)

    def close(self) -> None:
        """Send what waits, let searches see it, and let others write."""
        if self._closed:
            return
        self._closed = True
        self._patience.ask_to_stop()
        self.senders.close()
        with suppress(StoreError):
            self._refresh([*sorted(self.recent.indices()), self._names.meta])
        self._leases.close()
        self._connection.close()

    # -- on the way in

    def _prepare(self, trace: Trace, ticket: int) -> Item | None:
        """A trace made ready, or None where it is not taken."""
        try:
            document = encode(trace)
        except (ValueError, TypeError, OverflowError) as error:
            self._tell_refused(trace, str(error))
            return None
        place = self._catalog.at_hand(trace.id) or self._wait(lambda: self._catalog.place(trace.id))
        if place is None:
            self.older_than_kept += 1
            return None
        return Item(ticket, trace.id, trace.version, place, document)

    def _taken(self, items: Sequence[Item]) -> None:
        """Items are durable, or will never be."""
        with self._guard:
            for item in items:
                self._left[item.ticket] -= 1
                if not self._left[item.ticket]:
                    del self._left[item.ticket]
                    self._acknowledged.append(item.ticket)
        if self.recent.settled(items):
            self._make_seen()

    def _make_seen(self) -> None:
        """Refresh what full generations were written to, and forget them."""
        full, indices = self.recent.to_refresh()
        try:
            self._refresh(sorted(indices))
        except StoreAway:
            # The next acknowledgement tries again.
            return
        self.recent.refreshed(full)

    def _refuse(self, item: Item, reason: str) -> None:
        """An item that the store does not take."""
        if reason:
            self._tell_refused(decode(item.document), reason)
        else:
            with self._guard:
                self.older_than_kept += 1

    def _tell_refused(self, trace: Trace, reason: str) -> None:
        """Count a refused trace, and have it kept."""
        with self._guard:
            self.refused += 1
        if self.refused <= _TOLD:
            _log.error("document_refused", trace=trace.id, reason=reason)
        if self._on_refused is not None:
            self._on_refused(trace, reason)

    # -- looking up

    def _holding(self, keys: frozenset[str]) -> Iterator[Trace]:
        """What a search by key gives."""
        terms = sorted({key_term(key) for key in keys})
        for start in range(0, len(terms), _MOST_KEYS):
            query = {"terms": {"mailtrace.keys": terms[start : start + _MOST_KEYS]}}
            yield from self._pages({"query": query})

    def _pages(self, body: dict[str, Any]) -> Iterator[Trace]:
        """All documents that a search finds, page by page."""
        body = {**body, "size": _PAGE, "track_total_hits": False, "sort": [{"id": {"order": "desc", "unmapped_type": "keyword"}}]}
        while True:
            answer = self._search(body)
            traces = [hit.trace() for hit in answer.hits.hits]
            yield from traces
            if len(traces) < _PAGE:
                return
            body = {**body, "search_after": [traces[-1].id]}

    def _by_id(self, ids: Mapping[str, str]) -> Iterator[Trace]:
        """Documents by id, also those that no refresh has shown."""
        listed = sorted(ids.items())
        for start in range(0, len(listed), _PAGE):
            docs = [{"_index": index, "_id": one} for one, index in listed[start : start + _PAGE]]
            answer = self._connection.ask("look documents up", "POST", "/_mget", {"docs": docs})
            for got in msgspec.json.decode(answer or b"{}", type=Several).docs:
                if got.found and got.source is not None:
                    yield to_trace(got.source)

    def _newest(self, log_domain: str) -> int | None:
        """The greatest time of an event of a log domain that the store has."""
        body = {
            "size": 1,
            "track_total_hits": False,
            "query": {"bool": {"filter": {"term": {"mailtrace.log_domain": log_domain}}}},
            "sort": [{"event.end": {"order": "desc", "unmapped_type": "date"}}],
        }
        hits = self._search(body).hits.hits
        return hits[0].trace().last_event_ms if hits else None

    def _search(self, body: dict[str, Any]) -> Answer:
        """One search over all documents, superseded ones too; it is answered whole or not at all."""
        answer = self._connection.ask("look traces up", "POST", f"{path(self._names.every, '_search')}?{_SEARCH}", body)
        found = msgspec.json.decode(answer or b"{}", type=Answer)
        if faults := found.faults():
            raise StoreAway(faults[0])
        return found

    # -- the rest

    def _note(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Write one small document a source, whose version is the time, so that it never goes back."""
        lines = []
        for source, time_ms in read_up_to_ms.items():
            one = f"progress-{source}" if len(source) < 200 else f"progress-{key_term(source)[-300:]}"
            action = {"_index": self._names.meta, "_id": one, "version": max(time_ms, 0), "version_type": "external_gte"}
            body = {"kind": "progress", "body": {"source": source, "read_up_to_ms": time_ms}}
            lines += [msgspec.json.encode({"index": action}), msgspec.json.encode(body)]
        self._connection.ask("note how far logs are read", "POST", "/_bulk?filter_path=errors", b"\n".join([*lines, b""]), lines=True)

    def _refresh(self, indices: Sequence[str]) -> None:
        """Let searches see what was written."""
        for start in range(0, len(indices), 50):
            listed = path(",".join(indices[start : start + 50]), "_refresh")
            target = f"{listed}?ignore_unavailable=true&allow_no_indices=true&filter_path=_shards"
            self._connection.ask("refresh indices", "POST", target, missing=True)

    def _wait(self, attempt: Callable[[], _T]) -> _T:
        """Do it, and wait for a server that is away."""
        return self._patience.wait(attempt)

    def _waiting(self, act: Callable[[str], bool]) -> Callable[[str], bool]:
        """The same for a function with an argument."""
        return lambda name: self._wait(lambda: act(name))


def _tell(sentence: str) -> None:
    """Log what is wrong with the store's own books, or was."""
    _log.warning("store_warned", detail=sentence)

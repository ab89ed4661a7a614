"""Starting the other processes of a run, and ending them."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from ingest.aside import Aside
from ingest.options import IngestOptions
from ingest.processes.channel import Channel, pair
from ingest.processes.child import start
from ingest.processes.messages import FromJoiner, Leave, StoreTold
from ingest.processes.served import StoreElsewhere
from ingest.processes.serving import Opener
from ingest.processes.spread import JoinerEnd, JoinerStart, SpreadJourneys

#: Seconds for a process to end by itself, once nothing is asked of it any more.
_ENDS_S = 30.0


@dataclass(frozen=True, slots=True)
class Given:
    """What a process is started with, beside its ends: what sets up its log and the like, and its work."""

    set_up: Callable[[], None]
    work: Opener | IngestOptions


class Processes:
    """The writers and joiners of a run: a writer for all, or with `several_writers` one for each joiner.

    Without joiners there is a writer alone, and lines are joined by whoever reads them. `beat` is called while the store is waited for.
    Once `stop` is set, the writers wait for a store that is away only a little longer.
    """

    def __init__(
        self,
        set_up: Callable[[], None],
        open_store: Opener,
        options: IngestOptions,
        *,
        joiners: int,
        several_writers: bool,
        stop: threading.Event,
        beat: Callable[[], None],
    ) -> None:
        self._options = options
        self._beat = beat
        self._joiners: list[subprocess.Popen[bytes]] = []
        self._writers: list[subprocess.Popen[bytes]] = []
        self._starts: list[JoinerStart] = []
        #: Ends of joiners, and ends of the store for joiners that were not needed.
        self._ends: list[JoinerEnd] = []
        self._unused: list[Connection] = []
        served = [1] * max(joiners, 1) if several_writers else [joiners]
        stores: list[StoreElsewhere] = []
        try:
            for count in served:
                ours, *others = self._write(Given(set_up, open_store), 1 + (count if joiners else 0))
                store = StoreElsewhere(ours, lambda _: self._beat())
                stores.append(store)
                self._unused += others
                self._starts += [partial(self._join, Given(set_up, options), end, store.note) for end in others]
            if self._starts:
                # While the store is opened the first joiner starts as well; the others, when there is a log domain for them.
                first = self._starts[0]()
                self._starts[0] = lambda: first
            for store in stores:
                store.opened()
        except BaseException:
            self._kill()
            raise
        self.sink = stores[0]
        self.sink.beside = stores[1:]
        threading.Thread(target=self._pass_on, args=(stop,), name="stopping", daemon=True).start()

    def journeys(self, aside: Aside) -> SpreadJourneys:
        """The open journeys, which joiners have."""
        return SpreadJourneys(self._starts, self._options, aside, self._beat)

    @property
    def numbers(self) -> dict[str, int]:
        """The processes that were started by now, by names such as `join 1`; any thread may ask."""
        kinds = (("join", self._joiners), ("write", self._writers))
        return {f"{kind} {at}": child.pid for kind, children in kinds for at, child in enumerate(list(children), 1)}

    @property
    def joined_here(self) -> bool:
        """Whether there are no joiners."""
        return not self._starts

    def close(self) -> None:
        """End all in order: joiners are done with what they were given, then the store is closed."""
        for end in self._ends:
            with suppress(OSError):
                end.send(Leave())
        for unused in self._unused:
            unused.close()
        _wait_for(self._joiners)
        self.sink.close()
        _wait_for(self._writers)

    def abandon(self) -> None:
        """End all because of a fault: joiners at once, what they did not write is read again; the writers close the store."""
        for one in self._joiners:
            one.kill()
        self.close()

    def _write(self, given: Given, count: int) -> list[Connection]:
        """Start a writer with so many ends, and give ours."""
        ours, theirs = zip(*(pair() for _ in range(count)), strict=True)
        self._writers.append(_start("write", given, theirs))
        return list(ours)

    def _join(self, given: Given, store: Connection, told: Callable[[StoreTold], None]) -> tuple[JoinerEnd, Callable[[StoreTold], None]]:
        """Start a joiner with its end of a store, and give ours of it."""
        ours, theirs = pair()
        self._joiners.append(_start("join", given, [theirs, store]))
        self._unused.remove(store)
        end: JoinerEnd = Channel(ours, FromJoiner)
        self._ends.append(end)
        return end, told

    def _pass_on(self, stop: threading.Event) -> None:
        """Tell the writers that a stop is asked for."""
        stop.wait()
        for one in self._writers:
            one.terminate()

    def _kill(self) -> None:
        """End all at once."""
        for one in (*self._joiners, *self._writers):
            one.kill()
            one.wait()


def _start(role: str, given: Given, ends: Sequence[Connection]) -> subprocess.Popen[bytes]:
    """Start a process, which alone has these ends from then on."""
    return start("ingest.processes", [role], given, ends)


def _wait_for(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until processes have ended; one that does not is ended."""
    for child in children:
        try:
            child.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

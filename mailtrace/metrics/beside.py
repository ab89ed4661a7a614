"""The service beside `mailtrace run`: it and the ingester are two processes, and one page shows the figures of both.

The ingester asks over a pair of sockets that is the service's standard input. It also tells the service when to end: when the other end
is closed, however that came about.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection

import msgspec
from prometheus_client.core import Metric as Family

from mailtrace.metrics.endpoint import Collector
from mailtrace.metrics.table import family, figure

#: Seconds for an answer. Prometheus itself waits for ten.
_PATIENCE_S = 2.0
#: Family, and its samples with their labels.
_Told = list[tuple[str, list[tuple[str, dict[str, str], float]]]]
_decode = msgspec.json.Decoder(_Told).decode


def attend(end: Connection, collector: Collector) -> None:
    """Answer the ingester until its end is closed."""
    try:
        while True:
            end.recv_bytes(64)
            told = [(one.name, [(sample.name, sample.labels, sample.value) for sample in one.samples]) for one in collector.collect()]
            end.send_bytes(msgspec.json.encode(told))
    except (EOFError, OSError):
        return


class Beside:
    """The service as its ingester sees it."""

    def __init__(self, end: Connection) -> None:
        #: It answered once, so it listens.
        self.listening = threading.Event()
        self._end = end
        self._guard = threading.Lock()
        #: A question was sent, and its answer has not come.
        self._owed = False

    def answers(self, seconds: float = _PATIENCE_S) -> bool:
        """Whether it listens and answers within a time."""
        return self._ask(seconds) is not None

    def collect(self) -> Iterator[Family]:
        """Its figures, and whether it gave any."""
        told = self._ask(_PATIENCE_S)
        yield figure("mailtrace_service_up", told is not None)
        yield from _families(told or [])

    def _ask(self, seconds: float) -> _Told | None:
        """Ask and wait for the answer; None where none comes."""
        with self._guard:
            try:
                # One that is late is waited for first: no questions pile up before a service that hangs.
                if self._owed and self._take(seconds) is None:
                    return None
                self._end.send_bytes(b"?")
                self._owed = True
                return self._take(seconds)
            except (EOFError, OSError):
                return None

    def _take(self, seconds: float) -> _Told | None:
        """The next answer, if it comes in time."""
        if not self._end.poll(seconds):
            return None
        answer = self._end.recv_bytes()
        self._owed = False
        return _decode(answer)


def _families(told: _Told) -> Iterable[Family]:
    """What was told, as families of the table."""
    for name, samples in told:
        made = family(name)
        for sample, labels, value in samples:
            made.add_sample(sample, labels, value)
        yield made

"""What the service answers, in figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import Metric as Family

from mailtrace.metrics.table import family, figure

_NAME = "mailtrace_http_request_duration_seconds"
#: Seconds. An answer of the store takes some milliseconds, an export as long as its reader does.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class Answers:
    """Counts answers, each with its time."""

    def __init__(self) -> None:
        self._times = Histogram(_NAME, "", ("route", "status"), buckets=_BUCKETS, registry=CollectorRegistry())

    def note(self, route: str, status: int, seconds: float) -> None:
        """One answer came to its end; `route` is one of those that the service has."""
        self._times.labels(route or "other", str(status)).observe(seconds)

    def collect(self) -> Iterable[Family]:
        """The times."""
        made = family(_NAME)
        made.samples = [sample for one in self._times.collect() for sample in one.samples if not sample.name.endswith("_created")]
        yield made


class Load(msgspec.Struct, frozen=True):
    """How much is under way."""

    connections: int = 0
    questions: int = 0
    exports: int = 0
    #: Questions that helpers have answered.
    helped: int = 0


class UnderWay:
    """What the service has to do now."""

    def __init__(self, busy: Callable[[], Load]) -> None:
        self._busy = busy

    def collect(self) -> Iterator[Family]:
        """Connections, questions, exports, and what helpers answered."""
        busy = self._busy()
        yield figure("mailtrace_http_connections", busy.connections)
        yield figure("mailtrace_http_questions", busy.questions)
        yield figure("mailtrace_http_exports", busy.exports)
        yield figure("mailtrace_http_helped_total", busy.helped)

"""Traces in any number: what the ingester makes of generated traffic, with other times, ids and people each time round."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random

import msgspec

from bench import traffic
from bench.people import address
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from mappings import identity
from mappings.address import domain_of
from mappings.losses import Loss
from mappings.readings import ReaderReadings
from mappings.trace import Trace

#: A batch as the ingester hands it over.
BATCH = 2000
Batches = Iterator[list[Trace]]


class Kept:
    """A store that keeps the newest version of each trace in memory, and finds nothing."""

    def __init__(self) -> None:
        self.traces: dict[str, Trace] = {}
        self._tickets: list[int] = []
        self._last = 0

    def claim(self, log_domain: str) -> None:
        """There is nobody else."""

    def submit(self, traces: Sequence[Trace]) -> int:
        """Take a batch."""
        self.traces.update((trace.id, trace) for trace in traces)
        self._last += 1
        self._tickets.append(self._last)
        return self._last

    def acknowledged(self) -> list[int]:
        """Everything taken is safe."""
        tickets, self._tickets = self._tickets, []
        return tickets

    def flush(self) -> None:
        """Nothing is under way."""

    def find(self, keys: Collection[str]) -> list[Trace]:
        """Nothing is ever looked up."""
        return []

    def newest_ms(self, log_domain: str) -> int | None:
        """The store was empty at the start."""
        return None

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Nobody asks."""

    def note_reading(self, reading: ReaderReadings) -> None:
        """Nobody asks."""

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """Nothing was told before."""
        return None

    def forget_readings(self, now_ms: int) -> None:
        """Nothing is kept."""

    def note_loss(self, loss: Loss) -> None:
        """Nobody asks."""

    def close(self) -> None:
        """Nothing is open."""


def made(lines: int, seed: int = 1) -> list[Trace]:
    """What the ingester makes of so many lines of traffic, in the order of time."""
    kept = Kept()
    with tempfile.TemporaryDirectory(prefix="bench-documents-") as folder:
        log = Path(folder) / "mail.log"
        traffic.write(log, lines, traffic.Settings(seed=seed))
        Ingest(IngestOptions(paths=(str(log),), timezone=UTC), kept, Path(folder) / "data").run_once()
    return sorted((t for t in kept.traces.values() if not t.superseded_by), key=lambda t: t.id)


def traces(count: int, *, sample: Sequence[Trace], days: int = 60, seed: int = 1, start: datetime = traffic.START) -> Iterator[Trace]:
    """Give so many traces, spread evenly over so many days; the same arguments give the same traces."""
    random = Random(seed)
    start_ms, step_ms = int(start.timestamp() * 1000), days * 86_400_000 / count
    for number in range(count):
        yield _varied(sample[number % len(sample)], start_ms + int(number * step_ms), number // len(sample), random)


def _varied(trace: Trace, time_ms: int, turn: int, random: Random) -> Trace:
    """A trace at another time, with its own ids and other people."""
    shift = time_ms - trace.time_ms
    inbound = trace.direction != "outbound"
    sender = address(random, local=not inbound) if trace.sender else trace.sender
    recipient = address(random, local=inbound) if trace.recipient else trace.recipient
    mark = f"{turn:x}"
    return msgspec.structs.replace(
        trace,
        id=identity.trace_id(time_ms, trace.log_domain, trace.id, mark, ""),
        time_ms=time_ms,
        last_event_ms=trace.last_event_ms + shift,
        sender=sender,
        sender_domain=domain_of(sender) if sender else trace.sender_domain,
        recipient=recipient,
        recipient_domain=domain_of(recipient) if recipient else trace.recipient_domain,
        message_id=f"{mark}.{trace.message_id}" if trace.message_id else None,
        quarantine_id=f"{trace.quarantine_id}{mark}" if trace.quarantine_id else None,
        queue_ids=[f"{queue_id}{mark}" for queue_id in trace.queue_ids],
        keys=[f"{key}{mark}" for key in trace.keys],
    )


def batches(stream: Iterator[Trace], size: int = BATCH) -> Batches:
    """Cut a stream into batches."""
    while batch := list(islice(stream, size)):
        yield batch

"""Figures of a process, of the disk, and of what is kept."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric as Family

from ingest.aside import FailedLetters
from ingest.letters import Letters
from ingest.sinks.deadletters import DeadLetters
from mailtrace.metrics.table import family, figure, figures
from mailtrace.problems import CommandError
from mailtrace.settings import Settings
from mailtrace.stores import embedded_folder, is_cluster
from mappings.faults import StoreError

#: Seconds for which a value that is dear to find out is kept, and for which a cluster is waited for.
_WHILE_S, _PATIENCE_S = 30.0, 3.0
_STARTED = "mailtrace_process_start_time_seconds"


class Process:
    """Memory, CPU and handles of this process, or of another one of ours, under a name."""

    def __init__(self, name: str, number: int | None = None) -> None:
        self._name = name
        self._number = number
        self._figures = ProcessCollector(
            namespace="mailtrace", registry=CollectorRegistry(), pid=lambda: "self" if number is None else number
        )
        #: Of our own: the system says it by its own start, which a service that sees processes only cannot learn.
        self._started_at = time.time()

    def collect(self) -> Iterator[Family]:
        """All of them."""
        if self._number is None:
            yield figure("mailtrace_threads", threading.active_count(), process=self._name)
        for told in self._figures.collect():
            made = family(told.name)
            for sample in told.samples:
                value = self._started_at if sample.name == _STARTED else sample.value
                made.add_sample(sample.name, {"process": self._name}, value)
            yield made


class Workers:
    """The same of the processes that join and write for this one."""

    def __init__(self, working: Callable[[], Mapping[str, int]]) -> None:
        self._working = working
        self._known: dict[int, Process] = {}

    def collect(self) -> Iterator[Family]:
        """All of them, as far as they were started by now."""
        for name, number in self._working().items():
            yield from self._known.setdefault(number, Process(name, number)).collect()


class Kept:
    """Which release runs, what is kept, and how much room there is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = is_cluster(settings.store)
        kept: dict[str, Letters[Any]] = {"refused": DeadLetters(settings.data_dir), "failed": FailedLetters(settings.data_dir)}
        self._letters = {kind: _Seldom(letters.count) for kind, letters in kept.items()}
        self._size = _Seldom(self._cluster_size)

    def collect(self) -> Iterator[Family]:
        """All of them; what cannot be told is absent."""
        store = "elasticsearch" if self._cluster else "embedded"
        yield figure("mailtrace_build_info", 1, version=version("mail-trace"), python=platform.python_version(), store=store)
        letters = [((kind,), count) for kind, one in self._letters.items() if (count := one.value()) is not None]
        yield figures("mailtrace_dead_letters", letters)
        size = self._size.value() if self._cluster else _size_of(embedded_folder(self._settings.store))
        if size is not None:
            yield figure("mailtrace_store_bytes", size)
        yield figures("mailtrace_disk_free_bytes", self._free())

    def _free(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Room on the disks."""
        folders = {"data": self._settings.data_dir}
        if not self._cluster:
            folders["store"] = embedded_folder(self._settings.store)
        for name, folder in folders.items():
            with suppress(OSError):
                status = os.statvfs(folder)
                yield (name,), status.f_bavail * status.f_frsize

    def _cluster_size(self) -> int:
        """Bytes of all indices."""
        from mailtrace.cluster import size  # noqa: PLC0415 - only what uses a cluster loads its client

        return size(self._settings.store, self._settings.elasticsearch, _PATIENCE_S)


class _Seldom:
    """A value that is dear to find out, kept for a while; None where it cannot be told."""

    def __init__(self, find_out: Callable[[], int]) -> None:
        self._find_out = find_out
        self._guard = threading.Lock()
        self._until = float("-inf")
        self._value: int | None = None

    def value(self) -> int | None:
        """The value as it was a while ago at most."""
        with self._guard:
            if time.monotonic() >= self._until:
                try:
                    self._value = self._find_out()
                except (StoreError, CommandError, OSError):
                    self._value = None
                self._until = time.monotonic() + _WHILE_S
            return self._value


def _size_of(folder: Path) -> int | None:
    """Bytes of the files of an embedded store."""
    try:
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return None

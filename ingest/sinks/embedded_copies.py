"""When columnar copies are made, beside the writer: a process at a time, and long rests between them.

A file that has too many traces which its copy does not have as they are gets a new one. The writer is asked for two short transactions, one
before the copy is begun and one when it stands beside its file.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.sinks.embedded_columnar import command
from ingest.sinks.embedded_file import TraceFile
from ingest.sinks.embedded_files import TraceFiles
from mappings import private
from mappings.embedded import columnar
from mappings.embedded.catalog import Partition
from mappings.embedded.columnar import CopyLabel, CopyMark
from mappings.faults import MailTraceError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CopyRules:
    """Which files get a copy, and how much of the time goes into that."""

    #: Files of fewer traces are counted from their rows.
    least: int = 20_000
    #: A new copy is made when the one there lacks more than so many traces, and more than this share of the file.
    lacking: int = 2_000
    share: float = 0.02
    #: After a copy it rests so many times as long as that took.
    rest: float = 20.0
    #: Whether it looks by itself what is due, or only when it is asked to.
    by_itself: bool = True
    #: Seconds between two looks, and until a file is tried again of which no copy could be made.
    look_s: float = 5.0
    again_s: float = 600.0


@dataclass(frozen=True, slots=True)
class _Begun:
    """A copy that is being made."""

    partition: Partition
    path: Path
    mark: CopyMark
    label: CopyLabel


class ColumnarCopies:
    """A thread that has copies made of the files that are due; `guard` is held by whoever uses the files."""

    def __init__(self, folder: Path, files: TraceFiles, guard: threading.RLock, rules: CopyRules, stop: threading.Event | None) -> None:
        self._folder, self._files, self._guard, self._rules = folder, files, guard, rules
        #: Set where nobody waits for a copy that is being made.
        self._stop = stop or threading.Event()
        #: How many traces each file has, and how many its copy does not have as they are.
        self._known: dict[str, tuple[int, int]] = {}
        #: Files of which no copy could be made, and until when they are let be.
        self._failed: dict[str, float] = {}
        self._closing = threading.Event()
        self._working = threading.Lock()
        self._looked = False
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        if self._rules.by_itself:
            self._thread.start()

    def take_up(self, file: TraceFile) -> None:
        """A file was there at the beginning: what is left of other copies goes."""
        columnar.clear(file.path, but=file.copy.token)
        self.note(file)

    def note(self, file: TraceFile) -> None:
        """A file was opened or written to; who holds the guard says so."""
        self._known[file.path.name] = (file.count, file.behind)

    def make_due(self) -> int:
        """Make the copies of all files that are due, without a rest; how many were made."""
        made = 0
        while not self._closing.is_set() and self._make_one():
            made += 1
        return made

    def close(self) -> None:
        """Wait for a copy that is being made, or end that where nobody waits for anything; no one who holds the guard may ask.

        Runs that are too short to look, again and again, make a copy at their end.
        """
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
            if not self._looked and not self._stop.is_set():
                self._make_one()

    def _run(self) -> None:
        """Make what is due, and rest."""
        pause = self._rules.look_s
        while not self._closing.wait(pause):
            self._looked = True
            began = time.monotonic()
            made = self._make_one()
            pause = max(self._rules.look_s, self._rules.rest * (time.monotonic() - began) if made else 0.0)

    def _make_one(self) -> bool:
        """Make the copy that is lacked most; whether there was one to make, and it was made."""
        with self._working:
            begun = None
            try:
                begun = self._begin()
                return begun is not None and self._make(begun)
            except (MailTraceError, OSError) as error:
                # The writer meets the same trouble with a file and does something about it.
                if begun is not None:
                    self._give_up(begun, str(error))
                return False

    def _begin(self) -> _Begun | None:
        """The file that is to have a new copy, its changes noted from now on."""
        with self._guard:
            partition = self._due()
            if partition is None:
                return None
            mark = self._files.file(partition).begin_copy()
            return _Begun(partition, self._folder / partition.file, mark, CopyLabel(columnar.new_token(), mark.border))

    def _due(self) -> Partition | None:
        """The file whose copy lacks most, of those that lack too much."""
        now, found = time.monotonic(), []
        for partition in self._files.catalog.partitions:
            count, behind = self._known.get(partition.file, (0, 0))
            allowed = max(min(self._rules.lacking, count - 1), self._rules.share * count)
            if count >= self._rules.least and behind > allowed and self._failed.get(partition.file, now) <= now:
                found.append((behind, partition.lower_ms, partition))
        return max(found, key=lambda one: one[:2])[2] if found else None

    def _make(self, begun: _Begun) -> bool:
        """Have the copy made, and take it over."""
        with subprocess.Popen(  # noqa: S603 - our own program
            command(begun.path, begun.label, begun.mark.token),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            errors="replace",
        ) as child:
            said = self._said(child)
        if child.returncode != 0:
            self._give_up(begun, said.strip().rpartition("\n")[2] or f"its process ended with {child.returncode}")
            return False
        return self._take(begun)

    def _said(self, child: subprocess.Popen[str]) -> str:
        """What the process said, at its end; it is ended where a stop is asked for."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                return child.communicate(timeout=0.1)[1]
            if self._closing.is_set() and self._stop.is_set():
                child.kill()

    def _take(self, begun: _Begun) -> bool:
        """Put the copy beside its file, where that is still there."""
        made, copy = columnar.being_made(begun.path, begun.label.token), columnar.beside(begun.path, begun.label.token)
        with self._guard:
            if begun.partition.file not in {partition.file for partition in self._files.catalog.partitions}:
                columnar.clear(begun.path)
                return False
            made.replace(copy)
            private.sync_folder(self._folder)
            file = self._files.file(begun.partition)
            file.take_copy(begun.mark, begun.label.token)
            # Whoever asks the one before has it open.
            self.take_up(file)
        self._failed.pop(begun.partition.file, None)
        _log.debug("copy_made", file=begun.partition.file)
        return True

    def _give_up(self, begun: _Begun, why: str) -> None:
        """Leave a file without a new copy for a while, and say so where no stop was asked for."""
        columnar.clear(begun.path, but=begun.mark.token)
        self._failed[begun.partition.file] = time.monotonic() + self._rules.again_s
        if not self._closing.is_set():
            _log.warning("copy_not_made", file=begun.partition.file, detail=why)

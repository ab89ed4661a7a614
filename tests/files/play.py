"""Playing a script: within this process, step by step between two looks of the reader, or against a real one; and judging it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from files.rights import as_owner, held_to_rights, hold_child_to_rights
from files.scripts import Script, Step
from files.world import World
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from mappings.losses import Loss
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING

#: Looks of the reader in one wait: more than the four that make a line safe.
_LOOKS = 8
_PATIENCE_S = 60
_QUEUE_ID = re.compile(r"\]: ([0-9A-F]+): ")


class KilledError(BaseException):
    """The reader was killed."""


class _Counting(EmbeddedSink):
    """A store that tells the model when positions are saved."""

    world: World

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """It happens at each save."""
        super().note_progress(read_up_to_ms)
        self.world.saves += 1


class _Between(threading.Event):
    """Asked by the reader whether to stop: the time at which the script goes on."""

    def __init__(self, world: World, steps: Iterator[Step]) -> None:
        super().__init__()
        self._world = world
        self._steps = steps
        self._looks = 1

    def is_set(self) -> bool:
        """Do what comes next; the result is whether the reader is to stop."""
        self._looks -= 1
        if self._looks > 0 or super().is_set():
            return super().is_set()
        with as_owner():
            for name, count in self._steps:
                if name == "stop":
                    self.set()
                    break
                if name == "kill":
                    raise KilledError
                if name == "wait":
                    self._looks = _LOOKS
                    break
                if name != "start":
                    getattr(self._world, name)(count)
                    self._looks = count % 2
                    if self._looks:
                        break
            else:
                self.set()
        return super().is_set()


@dataclass(frozen=True, slots=True)
class Result:
    """How a script ended: sentences on what is wrong, and how many messages, told losses, and lines nobody could know of there were."""

    wrong: list[str]
    messages: int
    told: int
    unknown: int


def played(script: Script, *, real: bool = False) -> Result:
    """Play a script to its end, read everything once more, and judge."""
    with tempfile.TemporaryDirectory(prefix="files-") as folder:
        world = World(Path(folder))
        (_play_real if real else _play)(script, world)
        return _judged(script, world)


def _play(script: Script, world: World) -> None:
    """Play within this process."""
    steps = iter(script.steps)
    for name, count in steps:
        if name == "start":
            _follow(script, world, steps)
        elif name not in ("stop", "kill", "wait"):
            getattr(world, name)(count)
    world.unlock(0)
    world.rest(0)
    world.log.touch()
    with held_to_rights(), closing(EmbeddedSink(world.data / "store")) as sink:
        summary = Ingest(_options(script, world), sink, world.data).run_once()
        assert not summary.unread, summary.unread


def _follow(script: Script, world: World, steps: Iterator[Step]) -> None:
    """Read until the script stops it, kills it or ends."""
    # Killed before its first look, it would have left nothing that says what was being read.
    stop = _Between(world, chain([("wait", 1)], steps)) if not world.saves else _Between(world, steps)
    killed = False
    with held_to_rights(), closing(_Counting(world.data / "store")) as sink:
        sink.world = world
        world.began()
        try:
            Ingest(_options(script, world), sink, world.data).follow(stop, interval_s=0.0)
        except KilledError:
            killed = True
    world.ended(killed=killed)


def _options(script: Script, world: World) -> IngestOptions:
    """What is read."""
    return IngestOptions((_path(script, world),), timezone=ZoneInfo("UTC"))


def _path(script: Script, world: World) -> str:
    """The name by which the logs are read; the folder itself where it has none."""
    return str(world.logs / script.name) if script.name else str(world.logs)


def _play_real(script: Script, world: World) -> None:
    """Play against `mailtrace ingest`, with real signals."""
    program: subprocess.Popen[bytes] | None = None
    first = True
    try:
        for name, count in script.steps:
            if name == "start" and program is None:
                program = _started(script, world)
                world.began()
                if first:
                    _wait_until((world.data / "positions.json").exists)
                    first = False
            elif name in ("stop", "kill") and program is not None:
                program.send_signal(signal.SIGKILL if name == "kill" else signal.SIGTERM)
                assert program.wait(_PATIENCE_S) in (0, -signal.SIGKILL)
                program = None
                world.ended(killed=name == "kill")
            elif name == "wait":
                time.sleep(0.3)
            elif name not in ("stop", "kill", "start"):
                getattr(world, name)(count)
                time.sleep(0.02 * count)
    finally:
        if program is not None:
            program.terminate()
            program.wait(_PATIENCE_S)
            world.ended(killed=False)
    world.unlock(0)
    world.rest(0)
    world.log.touch()
    last = _started(script, world, "--once")
    assert last.wait(_PATIENCE_S) in (0, 1), script
    assert b"Not read" not in (world.data / "said").read_bytes(), script


def _wait_until(condition: object) -> None:
    """Wait until something is so."""
    assert callable(condition)
    end = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def _started(script: Script, world: World, *more: str) -> subprocess.Popen[bytes]:
    """The program, as somebody whom rights hold back; it has said that it follows, or does so once."""
    said = world.data / "said"
    said.unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    environ |= {"MAILTRACE_DATA": str(world.data), "MAILTRACE_KEEP": "forever", "TZ": "UTC", "HOME": str(world.data)}
    with said.open("wb") as stream:
        program = subprocess.Popen(
            [sys.executable, "-m", "mailtrace", "ingest", *more, _path(script, world)],
            stdout=stream,
            stderr=stream,
            env=environ,
            cwd=Path(__file__).resolve().parents[2],
            preexec_fn=hold_child_to_rights,  # noqa: PLW1509
        )
    if not more:
        _wait_until(lambda: b"The store is" in said.read_bytes() or program.poll() is not None)
        assert program.poll() is None, said.read_text()
    return program


def _judged(script: Script, world: World) -> Result:
    """Hold what is in the store against the model, line by line."""
    found: dict[str | None, list[tuple[str, bool]]] = {}
    kept: set[str] = set()
    with closing(EmbeddedEngine(world.data / "store")) as engine:
        for head in engine.walk(Query(), EVERYTHING):
            found.setdefault(head.recipient, []).append((str(head.disposition), head.incomplete))
            trace = engine.get(head.id, EVERYTHING)
            assert trace is not None
            kept |= {event.raw for event in trace.events}
        losses = list(engine.state().losses)
    kept |= _withheld(world)
    alive = world.alive()
    wrong: list[str] = []
    unknown = 0
    for message in world.messages:
        have = found.get(message.recipient, [])
        missing = [line for line in message.lines if line.text not in kept]
        if len(have) > 1:
            wrong.append(f"double: {message.recipient} {have}")
        if not missing and have != [(message.disposition, False)]:
            wrong.append(f"not as it was: {message.recipient} {have}")
        unread = [line for line in missing if id(line) not in alive and not line.safe]
        # Where the line is gone that names the recipient, there is no trace of which the others could be a part.
        for line in unread if unread and not have else missing:
            if id(line) in alive:
                wrong.append(f"lost, and it is there: {line.text[:90]}")
            elif line.safe:
                wrong.append(f"lost, though it was read: {line.text[:90]}")
            elif not line.content.seen:
                unknown += 1
            elif not _told(losses, line.at_ms):
                wrong.append(f"silent: {line.text[:90]}")
    wrong += [f"told, and nothing was lost: {loss.in_words()}" for loss in losses if not world.destroyed]
    return Result([f"{sentence} in {script}" for sentence in wrong], len(world.messages), len(losses), unknown)


def _withheld(world: World) -> set[str]:
    """The lines of messages that nobody is named of: they are kept, and shown when their message goes on."""
    ids = {f"q:mx1/{found[1]}" for message in world.messages for line in message.lines if (found := _QUEUE_ID.search(line.text))}
    with closing(EmbeddedSink(world.data / "store")) as sink:
        return {event.raw for trace in sink.find(ids) if trace.superseded_by == [trace.id] for event in trace.events}


def _told(losses: list[Loss], at_ms: int) -> bool:
    """Whether a loss says that lines of this time may be missing."""
    return any((loss.since_ms or 0) <= at_ms <= loss.until_ms for loss in losses)

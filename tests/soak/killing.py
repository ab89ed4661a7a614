"""One case: the real program reads logs into a store, is killed now and then, and at the end left alone once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType

from canonical import Documents, difference, documents
from stores import Embedded, Store

#: An undisturbed reading of a case's logs takes no longer than this, in seconds.
_PATIENCE_S = 300
#: With one process that was killed all others have ended after so long, in seconds.
_ALL_END_S = 60


@dataclass(frozen=True, slots=True)
class Found:
    """How the documents of the killed program differ from those of one undisturbed run."""

    documents: int
    missing: int
    extra: int
    changed: int
    #: In a few lines; empty where nothing differs.
    told: str

    @property
    def differing(self) -> int:
        """How many documents are not as they should be."""
        return self.missing + self.extra + self.changed


_started: list[subprocess.Popen[bytes]] = []


def end_with_us() -> None:
    """When this process is asked to end, what it started does too."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        for program in _started:
            program.kill()
        os._exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)


def children(parent: int) -> list[int]:
    """The children of a process, as the system has them; none where it has ended."""
    try:
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_there(process: int) -> bool:
    """Whether a process has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class EndedError(Exception):
    """The program has ended by itself, and not well; in its own words."""


class Case:
    """Logs in a folder, where the program keeps what it has read, and a store; `settings` are further ones of the program."""

    def __init__(self, folder: Path, store: Store, **settings: str) -> None:
        self.logs = folder / "logs"
        self.data = folder / "data"
        self.store = store
        self.kills = 0
        self._folder = folder
        self._settings = settings
        self.logs.mkdir(parents=True)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start `mailtrace ingest` on all logs."""
        return self._start(self.data, {**self.store.settings, **settings}, *arguments)

    def kill(self, program: subprocess.Popen[bytes], after_s: float) -> bool:
        """Kill it after a while; False where it came to its end before."""
        with suppress(subprocess.TimeoutExpired):
            if program.wait(after_s) != 0:
                raise EndedError(f"it ended with {program.returncode}: {self._said(self.data)}")
            return False
        program.kill()
        program.wait()
        self.kills += 1
        return True

    def kill_one(self, program: subprocess.Popen[bytes], after_s: float, random: Random) -> bool:
        """Kill one of its processes after a while: the one that was started, or one that it started, and all are to end.

        False where it came to its end before.
        """
        with suppress(subprocess.TimeoutExpired):
            if program.wait(after_s) != 0:
                raise EndedError(f"it ended with {program.returncode}: {self._said(self.data)}")
            return False
        others = children(program.pid)
        killed = random.choice([program.pid, *others])
        with suppress(ProcessLookupError):
            os.kill(killed, signal.SIGKILL)
        try:
            code = program.wait(_ALL_END_S)
        except subprocess.TimeoutExpired:
            program.kill()
            raise EndedError(f"process {killed} was killed, and {program.pid} goes on: {self._said(self.data)}") from None
        if code == 0:
            # It was at its end when the other one was killed.
            return False
        if code != (-signal.SIGKILL if killed == program.pid else 1):
            raise EndedError(f"process {killed} of {program.pid} was killed, and it ended with {code}: {self._said(self.data)}")
        until = time.monotonic() + _ALL_END_S
        while left := [one for one in others if is_there(one)]:
            if time.monotonic() > until:
                raise EndedError(f"process {killed} was killed, and {left} go on: {self._said(self.data)}")
            time.sleep(0.01)
        self.kills += 1
        return True

    def written(self) -> list[tuple[str, int, int]]:
        """Size and time of every file that the program writes."""
        found = []
        for folder in (self.data, self.data / "store"):
            with suppress(FileNotFoundError):
                for entry in os.scandir(folder):
                    with suppress(FileNotFoundError):
                        told = entry.stat()
                        found.append((entry.name, told.st_size, told.st_mtime_ns))
        return sorted(found)

    def wait_for_marks(self, program: subprocess.Popen[bytes], most_s: float = 20.0) -> None:
        """Wait until it has noted how far it has read."""

        def noted() -> list[tuple[str, int, int]]:
            return [one for one in self.written() if one[0].startswith("positions")]

        before, until = noted(), time.monotonic() + most_s
        while noted() == before and program.poll() is None and time.monotonic() < until:
            time.sleep(0.01)

    def killed(self, program: subprocess.Popen[bytes]) -> None:
        """Note that somebody has killed it."""
        program.wait()
        self.kills += 1

    def undisturbed(self) -> tuple[Documents, float]:
        """The documents of one undisturbed run on a fresh store, and how long it took in seconds."""
        fresh = Embedded(self._folder / "undisturbed" / "store")
        began = time.monotonic()
        self._to_the_end(self._folder / "undisturbed", fresh)
        took = time.monotonic() - began
        return documents(fresh), took

    def finish(self, expected: Documents | None = None) -> Found:
        """Read once more, to the end, and compare."""
        self._to_the_end(self.data, self.store)
        wanted = self.undisturbed()[0] if expected is None else expected
        found = documents(self.store)
        both = wanted.keys() & found.keys()
        changed = sum(wanted[one] != found[one] for one in both)
        return Found(len(wanted), len(wanted) - len(both), len(found) - len(both), changed, difference(wanted, found))

    def _to_the_end(self, data: Path, store: Store) -> None:
        """Read everything, undisturbed."""
        with self._start(data, dict(store.settings), "--once") as program:
            if program.wait(_PATIENCE_S) != 0:
                raise EndedError(f"it ended with {program.returncode}: {self._said(data)}")

    def _start(self, data: Path, settings: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
        """Start the program; what it says goes to a file."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
        command = [sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())"]
        command += ["ingest", *arguments, f"{self.logs}/mail.log*"]
        own = {"TZ": "UTC", "MAILTRACE_DATA": str(data), **self._settings, **settings}
        with (self._folder / f"{data.name}.txt").open("wb") as said:
            program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**inherited, **own})
        _started[:] = [one for one in _started if one.returncode is None] + [program]
        return program

    def _said(self, data: Path) -> str:
        """What the program said last."""
        return (self._folder / f"{data.name}.txt").read_text(encoding="utf-8", errors="replace")[-2_000:]

"""A program that follows a log, and questions to the store while it does."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from stores import Embedded
from written_mail import Mail, Told, expected, found, log

_PATIENCE_S = 30
_PAUSE_S = 0.05


@dataclass(slots=True)
class Followed:
    """A log file that is written to while the program follows it."""

    path: Path
    store: Path
    start: Callable[..., subprocess.Popen[str]]
    program: subprocess.Popen[str] | None = None

    def follow(self, *paths: str, **settings: str) -> None:
        """Start the program on the log, or on other paths, and wait until it says that it follows."""
        # The stamps are of a day long past, and a follower applies retention.
        self.program = self.start("ingest", *(paths or (str(self.path),)), MAILTRACE_KEEP="forever", **settings)
        assert self.program.stderr is not None
        said = ""
        while "Following" not in said:
            assert select.select([self.program.stderr], [], [], _PATIENCE_S)[0], said
            some = os.read(self.program.stderr.fileno(), 4096)
            assert some, said
            said += some.decode()

    def write(self, *mails: Mail) -> None:
        """Append messages to the log."""
        self.append(log(mails))

    def append(self, content: bytes) -> None:
        """Append bytes to the log, as rsyslog does: open, write, close."""
        with self.path.open("ab") as file:
            file.write(content)

    def wait_for(self, *mails: Mail) -> None:
        """Wait until exactly these messages are in the store; fails with what is there when that takes too long."""
        wanted, have = expected(mails), self.found()
        end = time.monotonic() + _PATIENCE_S
        while have != wanted and time.monotonic() < end:
            assert self.program is None or self.program.poll() is None, self.program.communicate()[1]
            time.sleep(_PAUSE_S)
            have = self.found()
        assert have == wanted

    def found(self) -> Counter[Told]:
        """What a search finds now; nothing while there is no store yet."""
        return found(Embedded(self.store)) if self.store.is_dir() else Counter()

    def stop(self) -> str:
        """Stop the program as a service is stopped; it must end in order. Gives what it said."""
        assert self.program is not None
        self.program.send_signal(signal.SIGTERM)
        said = self.program.communicate(timeout=_PATIENCE_S)[1]
        assert self.program.returncode == 0, said
        self.program = None
        return said

    def kill(self) -> None:
        """Kill the program."""
        assert self.program is not None
        self.program.kill()
        self.program.wait(_PATIENCE_S)
        self.program = None


@pytest.fixture
def followed(tmp_path: Path, mailtrace_process: Callable[..., subprocess.Popen[str]]) -> Followed:
    """An empty log in a folder of its own; the program is not started yet."""
    path = tmp_path / "logs" / "mail.log"
    path.parent.mkdir()
    path.touch()
    return Followed(path, tmp_path / "data" / "store", mailtrace_process)

"""The command line on log files that went, may not be read, or are more than there are handles."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from files.rights import held_to_rights, hold_child_to_rights
from files.world import START
from ingest.sinks.embedded import EmbeddedSink
from mappings.losses import Loss
from search.engines.embedded import EmbeddedEngine
from search.scope import Scope
from search.service import MailTrace

Command = Callable[..., Any]
_PATIENCE_S = 60


def refused(number: int) -> str:
    """The line of a message that is refused; each has a second of its own."""
    at: datetime = START + timedelta(seconds=number)
    return (
        f"{at.isoformat(timespec='microseconds')} mx1 postfix/smtpd[{number + 1}]: NOQUEUE: reject: RCPT from mail.sender.example"
        f"[203.0.113.5]: 550 5.1.1 <u{number}@example.net>: Recipient address rejected: User unknown; from=<s{number}@sender.example>"
        f" to=<u{number}@example.net> proto=ESMTP helo=<mail.sender.example>\n"
    )


def append(path: Path, *numbers: int) -> None:
    """Write such lines to a file's end."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.writelines(map(refused, numbers))


def found(mailtrace: Command) -> list[int]:
    """The numbers of the messages that a search finds."""
    said = mailtrace("search", "--format", "jsonl", "--limit", "0").stdout
    return sorted(int(json.loads(line)["recipient"].partition("@")[0][1:]) for line in said.splitlines())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that was read once."""
    return tmp_path / "logs" / "mail.log"


def test_rotated_while_nothing_read(mailtrace: Command, log: Path) -> None:
    """The rest of a single name's old content is found beside it, with what was rotated after that, and it is read once."""
    append(log, 0, 1)
    assert mailtrace("ingest", "--once", str(log)).returncode == 0
    append(log, 2)
    log.rename(log.with_name("mail.log.1"))
    append(log, 3)
    log.with_name("mail.log.1").rename(log.with_name("mail.log.2"))
    log.rename(log.with_name("mail.log.1"))
    append(log, 4)
    done = mailtrace("ingest", "--once", str(log))
    assert (done.returncode, found(mailtrace)) == (0, [0, 1, 2, 3, 4])
    assert "gone" not in done.stderr
    assert "wrote 0 traces" in mailtrace("ingest", "--once", str(log)).stderr


def test_a_first_start_reads_one_name_only(mailtrace: Command, log: Path) -> None:
    """Nobody asked for what was rotated before."""
    append(log.with_name("mail.log.1"), 0)
    append(log, 1)
    assert mailtrace("ingest", "--once", str(log)).returncode == 0
    append(log, 2)
    assert mailtrace("ingest", "--once", str(log)).returncode == 0
    assert found(mailtrace) == [1, 2]


def test_a_rotated_rest_is_read_as_the_live_file_was(mailtrace: Command, log: Path, tmp_path: Path) -> None:
    """What the settings say about a file holds for its rotated name too: here, whose lines they are."""
    config = tmp_path / "mailtrace.toml"
    config.write_text(f'[[source]]\npath = "{log}"\nlog_host = "mx7"\ntimezone = "Europe/Berlin"\n', encoding="utf-8")
    log.parent.mkdir()
    bare = [f"Mar  2 10:00:0{n} postfix/smtpd[1]: {refused(n).partition(']: ')[2]}" for n in range(3)]
    log.write_text("".join(bare[:1]))
    assert mailtrace("ingest", "--once", "--config", str(config)).returncode == 0
    with log.open("a") as file:
        file.write(bare[1])
    log.rename(log.with_name("mail.log.1"))
    log.write_text(bare[2])
    assert mailtrace("ingest", "--once", "--config", str(config)).returncode == 0
    rows = [json.loads(line) for line in mailtrace("search", "--format", "jsonl", "--limit", "0").stdout.splitlines()]
    assert {(row["host"], row["time"][11:13]) for row in rows} == {("mx7", "09")}
    assert len(rows) == 3


def test_what_is_nowhere_is_told(mailtrace: Command, log: Path, tmp_path: Path) -> None:
    """A file that went while nothing read: its bytes, once; in the exit code, `doctor`, and the answers that it concerns."""
    append(log, 0, 1)
    mailtrace("ingest", "--once", str(log))
    read = log.stat().st_size
    append(log, 2)
    log.unlink()
    append(log, 3)
    done = mailtrace("ingest", "--once", str(log))
    told = f"{log}: whatever was written behind byte {read:,} (last line read at 2026-03-02 10:00:01 UTC) was gone before it was read."
    assert (done.returncode, told in done.stderr.replace("\n", " ")) == (1, True)
    again = mailtrace("ingest", "--once", str(log))
    assert (again.returncode, "gone" in again.stderr) == (0, False)
    assert told in " ".join(mailtrace("doctor").stdout.split())
    answer = json.loads(mailtrace("search", "--format", "json").stdout)
    assert (answer["complete"], told in answer["warnings"][0]) == (False, True)
    later = json.loads(mailtrace("search", "--since", "2026-03-02T10:00:04Z", "--format", "json").stdout)
    assert (later["complete"], any("gone" in warning for warning in later["warnings"])) == (True, False)
    with closing(MailTrace(EmbeddedEngine(tmp_path / "data" / "store"), Scope(frozenset({"example.net"})))) as mail:
        scoped = mail.search()
    assert (scoped.complete, len(scoped.warnings)) == (False, 1)
    assert "10:00 UTC" in scoped.warnings[0]
    assert not any(word in scoped.warnings[0] for word in ("mail.log", str(log.parent), "byte", "mx1"))


def test_bytes_that_were_seen_and_not_read_are_counted(mailtrace: Command, log: Path) -> None:
    """A last line without its end was seen; where its file goes, how much it was is told."""
    append(log, 0, 1)
    with log.open("a") as file:
        file.write(refused(2)[:50])
    mailtrace("ingest", "--once", str(log))
    size = log.stat().st_size
    log.unlink()
    append(log, 3)
    said = mailtrace("ingest", "--once", str(log)).stderr.replace("\n", " ")
    assert f"{log}: 50 bytes (from byte {size - 50:,} to {size:,}, last line read at 2026-03-02 10:00:01 UTC) were gone" in said


def test_in_flight_and_killed(mailtrace_process: Command, mailtrace: Command, log: Path) -> None:
    """Lines of a message that waits for more, its file deleted, the reader killed: what is not in the store is told at the next start."""
    append(log, 0)
    with log.open("a") as file:
        at = (START + timedelta(seconds=5)).isoformat(timespec="microseconds")
        file.write(f"{at} mx1 postfix/smtpd[9]: 4AAAAB0C1D: client=mail.sender.example[203.0.113.5]\n")
    program = mailtrace_process("ingest", str(log), MAILTRACE_KEEP="forever")
    positions = log.parent.parent / "data" / "positions.json"
    wait_for(lambda: positions.exists() and json.loads(positions.read_text())["files"])
    log.unlink()
    program.send_signal(signal.SIGKILL)
    program.wait(_PATIENCE_S)
    append(log, 9)
    mailtrace("ingest", "--once", str(log))
    answer = json.loads(mailtrace("search", "--format", "json").stdout)
    assert any("gone" in warning for warning in answer["warnings"])


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_file_that_went_while_it_was_followed_is_no_loss(mailtrace_process: Command, mailtrace: Command, log: Path) -> None:
    """Whoever has it open reads it to its end, and nothing is told, now or at the next start."""
    append(log, 0)
    program = mailtrace_process("ingest", str(log), MAILTRACE_KEEP="forever")
    wait_for(lambda: found(mailtrace) == [0])
    append(log, 1)
    log.unlink()
    append(log, 2)
    wait_for(lambda: found(mailtrace) == [0, 1, 2])
    time.sleep(2.5)
    program.send_signal(signal.SIGTERM)
    assert program.wait(_PATIENCE_S) == 0
    done = mailtrace("ingest", "--once", str(log))
    assert (done.returncode, "gone" in done.stderr) == (0, False)


def test_no_source_stops_another(mailtrace: Command, log: Path, tmp_path: Path) -> None:
    """A folder without rights, a file that is not there: the others are read, and the exit code and a sentence say what was not."""
    append(log, 0)
    closed = tmp_path / "closed"
    append(closed / "mail.log", 1)
    closed.chmod(0)
    try:
        with held_to_rights():
            done = mailtrace("ingest", "--once", str(closed), str(log), str(tmp_path / "absent.log"), str(closed / "mail.log"))
    finally:
        closed.chmod(0o755)
    assert done.returncode == 1
    assert f"{closed}: permission denied; let the user" in done.stderr
    assert f"Not read: {tmp_path}/absent.log: no such file." in done.stderr
    assert found(mailtrace) == [0]
    assert mailtrace("ingest", "--once", str(closed), str(log)).returncode == 0
    assert found(mailtrace) == [0, 1]


@pytest.mark.parametrize("what", ["folder", "file"])
def test_it_waits_for_rights(what: str, mailtrace: Command, log: Path, tmp_path: Path) -> None:
    """Following begins without rights to one of two sources, says so once, and goes on by itself when there are some."""
    append(log, 0)
    closed = tmp_path / "closed" / "mail.log"
    append(closed, 1)
    locked = closed.parent if what == "folder" else closed
    locked.chmod(0)
    call = [sys.executable, "-m", "mailtrace", "ingest", str(closed.parent), str(log)]
    environ = {**os.environ, "MAILTRACE_KEEP": "forever"}
    with subprocess.Popen(call, stderr=subprocess.PIPE, env=environ, preexec_fn=hold_child_to_rights) as program:  # noqa: PLW1509
        try:
            wait_for(lambda: found(mailtrace) == [0])
            time.sleep(2)
            locked.chmod(0o755)
            wait_for(lambda: found(mailtrace) == [0, 1])
        finally:
            program.terminate()
        assert program.stderr is not None
        said = program.stderr.read().decode()
    assert program.returncode == 0
    assert said.count("permission denied") == 2, said  # once while it follows, once in the summary


def test_more_files_than_handles(tmp_path: Path, mailtrace: Command) -> None:
    """All of 200 files are read where only 64 may be open."""
    for number in range(200):
        append(tmp_path / "logs" / f"mx{number}.log", number, 1000 + number)
    call = [sys.executable, "-m", "mailtrace", "ingest", "--once", str(tmp_path / "logs")]
    done = subprocess.run(
        call,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert found(mailtrace) == [*range(200), *range(1000, 1200)]


def test_a_file_that_cannot_be_read_in_its_middle(mailtrace: Command, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk: the other files are read, the exit code is 1, a sentence names the file; later it is read on."""
    append(log, *range(2000))
    append(log.with_name("other.log"), 5000)
    real = os.pread
    bad = log.stat().st_ino

    def failing(fd: int, size: int, at: int) -> bytes:
        if at > 0 and os.fstat(fd).st_ino == bad:
            raise OSError(5, "Input/output error")
        return real(fd, size, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", failing)
        done = mailtrace("ingest", "--once", str(log.parent))
    assert done.returncode == 1
    assert f"Not read: {log}: cannot be read: input/output error." in done.stderr
    assert 5000 in found(mailtrace)
    assert mailtrace("ingest", "--once", str(log.parent)).returncode == 0
    assert found(mailtrace) == [*range(2000), 5000]


def test_losses_are_bounded(tmp_path: Path) -> None:
    """The last hundred are kept, each once."""
    sink = EmbeddedSink(tmp_path)
    for number in [*range(150), *range(140, 150)]:
        sink.note_loss(Loss(f"{number}", "mail.log", number, None, number, number + 1, number))
    sink.close()
    with closing(EmbeddedEngine(tmp_path)) as engine:
        assert [loss.begin for loss in engine.state().losses] == list(range(50, 150))
        answer = MailTrace(engine).search()
    assert len(answer.warnings) == 4 + 1

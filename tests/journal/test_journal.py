"""The journal as a source: its cursor is the position, and the promise is that of files. A stand-in speaks as `journalctl` does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from canonical import documents, must_be_same
from captures import POSTFIX_SHORT
from reading import NOW_S, SHORT, USUAL, Place, StoreDiedError, read
from stores import Embedded
from unwrapping.test_wrappings import lines_of
from wrapped import WRAPPINGS

from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.names import JOURNAL

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal with its entries, all of which are to be read in the end, and a folder for stores."""

    path: Path
    entries: list[str]
    folder: Path

    def holds(self, number: int) -> None:
        """Have so many entries in it."""
        self.path.write_text("".join(self.entries[:number]))

    def place(self, name: str) -> Place:
        """A store."""
        folder = self.folder / name
        return Place(folder, folder / "data", Embedded(folder / "data" / "store"))

    @property
    def calls(self) -> list[list[Any]]:
        """How the command was called: its process, and the words."""
        return [json.loads(line) for line in Path(f"{self.path}.calls").read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A journal that holds everything, and a command in the path that reads it."""
    (tmp_path / "bin").mkdir()
    shutil.copy(Path(__file__).with_name("journalctl"), tmp_path / "bin" / "journalctl")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOURNAL", str(tmp_path / "journal"))
    wrapping = next(one for one in WRAPPINGS if one.name == "journal-json")
    entries = []
    for number, text in enumerate(wrapping.of(lines_of(POSTFIX_SHORT)[:400]).splitlines(keepends=True)):
        entry = {**json.loads(text), "__CURSOR": f"s=ab;i={number:x};x=0"}
        entries.append(json.dumps(entry) + "\n")
    made = Journal(tmp_path / "journal", entries, tmp_path)
    made.holds(len(entries))
    return made


def given(journal: Journal, place: Place, **options: Any) -> Ingest:
    """Read the journal once."""
    return read(place, [Path(JOURNAL)], **options)


def of_a_file(journal: Journal) -> Any:
    """What the same entries come to out of a file."""
    place = journal.place("file")
    read(place, [journal.path])
    return documents(place.store)


def test_a_journal_is_read_as_a_file_of_its_entries_is(journal: Journal) -> None:
    """The same documents; and a second reading goes on behind the last second, with nothing new."""
    place = journal.place("once")
    given(journal, place)
    must_be_same(of_a_file(journal), documents(place.store))
    again = given(journal, place)
    assert again.summary.traces == 0
    assert again.summary.lines < len(journal.entries) // 2
    first, second = journal.calls
    assert not any(word.startswith("--after-cursor=") or word == "--follow" for word in first[1:])
    assert any(word.startswith("--after-cursor=s=ab;i=") for word in second[1:])


@pytest.mark.parametrize("seed", range(4))
def test_reading_may_be_cut_and_killed(journal: Journal, seed: int) -> None:
    """However the journal grows between readings, and whenever the store dies: at the end the documents are those of one reading."""
    rng, place = Random(seed), journal.place("cut")
    for number in sorted(rng.randrange(len(journal.entries)) for _ in range(4)):
        journal.holds(number)
        with suppress(StoreDiedError):
            given(journal, place, times=SHORT if seed % 2 else USUAL, dies_after=rng.randrange(40))
    journal.holds(len(journal.entries))
    given(journal, place)
    must_be_same(of_a_file(journal), documents(place.store))


def test_a_command_that_is_killed_is_started_anew(journal: Journal) -> None:
    """While the journal is followed, behind the last entry that was read; half an entry is read again."""
    place = journal.place("followed")
    expected = of_a_file(journal)
    journal.holds(150)
    options = IngestOptions((JOURNAL,), ZoneInfo("UTC"), strict=True)
    stop = threading.Event()
    with closing(place.store.sink()) as sink:
        ingest = Ingest(options, sink, place.data, clock=lambda: NOW_S)
        thread = threading.Thread(target=ingest.follow, args=(stop,), kwargs={"interval_s": 0.05})
        thread.start()
        try:
            _until(lambda: ingest.summary.lines >= 150)
            with journal.path.open("a") as growing:
                growing.write("".join(journal.entries[150:200]) + journal.entries[200][:50])
            _until(lambda: ingest.summary.lines >= 200)
            os.kill(journal.calls[-1][0], signal.SIGKILL)
            with journal.path.open("a") as growing:
                growing.write(journal.entries[200][50:] + "".join(journal.entries[201:]))
            _until(lambda: ingest.summary.lines >= len(journal.entries))
        finally:
            stop.set()
            thread.join(20)
    must_be_same(expected, documents(place.store))
    assert len(journal.calls) == 2
    assert [word for word in journal.calls[1] if str(word).startswith("--after-cursor=")] == ["--after-cursor=s=ab;i=c7;x=0"]
    assert any("journalctl ended with -9" in warning for warning in ingest.summary.warnings)


def test_a_position_passes_an_entry_only_when_a_document_holds_it(journal: Journal) -> None:
    """What the store did not get is read again: the cursor stays before it."""
    place = journal.place("dying")
    with pytest.raises(StoreDiedError):
        given(journal, place, dies_after=0)
    assert Checkpoint.load(place.data).cursor_of(JOURNAL) is None


def test_what_is_wrong_is_said(journal: Journal, mailtrace: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that fails, and one that is not there, are told in a sentence, and nothing was read to its end."""
    Path(f"{journal.path}.broken").touch()
    done = mailtrace("ingest", "--once", JOURNAL)
    assert done.returncode == 1
    assert "journald:: journalctl ended with 1: Failed to open files: no such journal" in done.stderr
    monkeypatch.setenv("PATH", str(journal.folder / "nowhere"))
    missing = mailtrace("ingest", "--once", JOURNAL)
    assert missing.returncode == 1
    assert "journald:: journalctl cannot be started: no such file or directory" in missing.stderr


def test_a_unit_of_the_journal(journal: Journal, mailtrace: Command, tmp_path: Path) -> None:
    """Behind the colon stands a unit; in the settings it is a source as others are."""
    config = tmp_path / "mailtrace.toml"
    config.write_text(f"[[source]]\npath = '{JOURNAL}postfix*'\n")
    done = mailtrace("--config", str(config), "ingest", "--once")
    assert done.returncode == 0
    assert "--unit=postfix*" in journal.calls[-1]
    assert f"{JOURNAL}postfix*: 400 lines: Postfix 400; 0 % unknown." in done.stderr


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="no journalctl")
def test_the_real_command_knows_the_words(mailtrace: Command) -> None:
    """It takes them: a machine without a journal has no entries, which is no fault of ours."""
    done = mailtrace("ingest", "--once", JOURNAL)
    assert "unrecognized" not in done.stderr
    assert "nvalid option" not in done.stderr


def _until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)

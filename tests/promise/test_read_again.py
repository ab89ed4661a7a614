"""A range of a damaged store is read again: the documents are those of an undisturbed reading, at its borders too."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from canonical import Documents, documents, must_be_same
from captures import Form
from conftest import Done
from reading import NOW_S, USUAL, Place, Times, read
from stores import Embedded

from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from mappings.embedded.catalog import Partition
from promise.conftest import FINE, MILTER, OWN_FILES
from search.query import Query
from search.scope import EVERYTHING

Plain = Callable[[Form, Times], Documents]
#: So short that a capture lies in several files, with messages across their borders.
SPAN_MS = 30_000


def in_many_files(form: Form, place: Place) -> tuple[list[Path], list[Partition]]:
    """Read a capture into a store of many files: the log files, and the files of the store, oldest first."""
    logs = form.unpacked(place.logs)
    folder = place.data / "store"
    with closing(EmbeddedSink(folder, span_ms=SPAN_MS)) as sink:
        Ingest(IngestOptions(tuple(map(str, logs)), form.zone, year=2026), sink, place.data, clock=lambda: NOW_S).run_once()
        listed = sorted(sink._there.catalog.partitions, key=lambda partition: partition.lower_ms)
    assert len(listed) >= 3
    return logs, listed


@pytest.mark.parametrize("form", [FINE, MILTER, OWN_FILES], ids=str)
@pytest.mark.parametrize("which", [0, 1, -1], ids=["first", "second", "last"])
def test_a_damaged_range_comes_back_whole(form: Form, which: int, place: Place, plain: Plain) -> None:
    """Whichever file is lost: reading its range again brings its documents back, changes no other, and leaves positions alone."""
    logs, listed = in_many_files(form, place)
    must_be_same(plain(form, USUAL), documents(place.store))
    lost = listed[which]
    path = place.data / "store" / lost.file
    path.write_bytes(b"no database" * 1_000)
    positions = (place.data / "positions.json").read_bytes()
    # The next writer puts it aside.
    EmbeddedSink(place.data / "store").close()
    assert len(documents(place.store)) < len(plain(form, USUAL))
    again = read(place, logs, timezone=form.zone, rebuild=True, rebuild_from_us=lost.lower_ms * 1000)
    must_be_same(plain(form, USUAL), documents(place.store))
    assert (place.data / "positions.json").read_bytes() == positions
    assert again.summary.begun_us is not None


def test_doctor_finds_damage_and_its_command_mends_it(tmp_path: Path, mailtrace: Callable[..., Done], plain: Plain) -> None:
    """A sound store is said to be; what is damaged is named with a command, and with that everything is in order again."""
    place = Place(tmp_path / "logs", tmp_path / "data", Embedded(tmp_path / "data" / "store"))
    logs = [str(path) for path in FINE.unpacked(place.logs)]
    settings = tmp_path / "data" / "mailtrace.toml"
    settings.parent.mkdir(0o700)
    settings.write_text("".join(f'[[source]]\npath = "{path}"\n' for path in logs))
    settings.chmod(0o600)
    assert mailtrace("ingest", "--once").returncode == 0
    sound = mailtrace("doctor")
    assert (sound.returncode, "1 file of the store checked, and sound." in sound.stdout) == (0, True)
    assert "Everything is in order." in sound.stdout
    (path,) = (tmp_path / "data" / "store").glob("traces-*.sqlite")
    content = bytearray(path.read_bytes())
    content[60_000:] = b"\xa5" * (len(content) - 60_000)
    path.write_bytes(content)
    wrong = mailtrace("doctor")
    assert wrong.returncode == 1
    assert f"{path.name} is damaged" in wrong.stdout
    # The next writer meets it, one way or the other, and the reading goes on.
    assert mailtrace("ingest", "--once", "--rebuild", "--since", "2027-01-01", *logs).returncode == 0
    path.write_bytes(b"")
    assert mailtrace("ingest", "--once").returncode == 0
    told = mailtrace("doctor")
    assert told.returncode == 1
    command = re.search(r"mailtrace (ingest --once --rebuild .*)", told.stdout)
    assert command is not None, told.stdout
    found = mailtrace("search", "--format", "json")
    assert '"complete":false' in found.stdout
    assert mailtrace(*shlex.split(command[1])).returncode == 0
    must_be_same(plain(FINE, USUAL), documents(place.store))
    lasting = mailtrace("doctor")
    assert lasting.returncode == 1
    # The file's range began days before the log did: of that time the log has nothing, and the store says so.
    assert "is lacking" in lasting.stdout
    with closing(place.store.engine()) as engine:
        began_ms = min(one["time_ms"] for one in plain(FINE, USUAL).values())
        assert engine.search(Query(since_ms=began_ms + 60_000, until_ms=began_ms + 120_000), EVERYTHING, limit=1).complete
    assert ".damaged" in lasting.stdout


def test_a_range_needs_the_words_that_go_with_it(tmp_path: Path, mailtrace: Callable[..., Done]) -> None:
    """--since and --until go with --rebuild and --once, and in this order."""
    log = tmp_path / "mail.log"
    log.write_text("")
    for words in (
        ("--once", "--since", "1d"),
        ("--rebuild", "--until", "now"),
        ("--once", "--rebuild", "--since", "now", "--until", "1d"),
        ("--once", "--rebuild", "--since", "once"),
    ):
        done = mailtrace("ingest", *words, str(log))
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), words

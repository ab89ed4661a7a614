"""The same lines in whatever form people have them: the same documents, but for what the form does not carry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import cache
from pathlib import Path

import pytest
from canonical import Documents, documents, must_be_same
from captures import (
    AMAVIS_JSON,
    DOVECOT,
    EXIM,
    EXIM_NO_STAMP,
    EXIM_SYSLOG,
    LONG,
    POSTFIX_SHORT,
    RSPAMD,
    RSPAMD_SEVERITY,
    RSPAMD_SYSLOG,
    SHORT,
    Capture,
)
from msgspec.structs import astuple
from reading import Place, read
from stores import Embedded
from wrapped import AROUND, WRAPPINGS, Wrapping

from ingest.formats import format_of, framer_of, peek_time, unwrapper_of
from ingest.framing.line import Line

#: Through syslog: Postfix; with Amavis as text and as JSON; with Rspamd; Exim and spamd, in one piece and in several; with Dovecot.
CAPTURES = {
    "postfix": POSTFIX_SHORT,
    "amavis": SHORT,
    "amavis-json": AMAVIS_JSON,
    "rspamd": RSPAMD_SYSLOG,
    "exim": EXIM_SYSLOG,
    "spamd": EXIM_NO_STAMP,
    "dovecot": DOVECOT,
}
HOST = "mx1"
#: Files that programs write themselves.
OWN_FILES = (
    (LONG, "postfix.log"),
    (RSPAMD, "rspamd.log"),
    (RSPAMD_SEVERITY, "rspamd.log"),
    (EXIM, "mainlog"),
    (EXIM, "spamd.log"),
    (EXIM, "clamav.log"),
    (Capture("exim_millisec"), "mainlog"),
)
#: So many lines are enough to have messages whole.
FEW = 150


@cache
def lines_of(capture: Capture) -> list[Line]:
    """The lines of a capture that are of programs that are read, as they are in syslog."""
    text = capture.content("mail.log").decode("utf-8", "backslashreplace")
    # Each by a framer that does nothing with what stands in the text: that is the form's to carry.
    framed = [framer_of("mail.log", capture.zone, 2026).frame(one) for one in text.splitlines()]
    return [_as_logged(line) for line in framed if line is not None and format_of(line.tag, line.program) is not None]


def _as_logged(line: Line) -> Line:
    """The line with the text that syslog was given: of Exim's with its own stamp."""
    line.text = line.raw.partition("]: ")[2] if line.pid and f"[{line.pid}]: " in line.raw else line.raw.partition(": ")[2]
    return line


def said(text: str) -> list[tuple[object, ...]]:
    """What the lines of a file say, without what they look like."""
    read = [(at, line) for at, line in enumerate(text.split("\n")[:-1])]
    unwrapper, framer = unwrapper_of(), framer_of("f", UTC, 2026)
    whole = [*unwrapper.lines(read), *unwrapper.rest()]
    found = [framer.frame(line) for _, line in whole if line.strip()]
    return [astuple(line)[:7] for line in found if line is not None and (line.time_us or line.text)]


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=str)
@pytest.mark.parametrize("name", CAPTURES)
def test_the_same_lines(name: str, wrapping: Wrapping) -> None:
    """Each line of a capture says the same, wrapped or not."""
    lines = lines_of(CAPTURES[name])[:400]
    assert len(lines) > 100
    assert said(wrapping.of(lines)) == said(wrapping.plain(lines))


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("capture", "file"), OWN_FILES, ids=[f"{capture.name}-{file}" for capture, file in OWN_FILES])
def test_the_same_lines_of_own_files(capture: Capture, file: str, around: str) -> None:
    """So does each line that a program wrote into a file of its own."""
    plain = [text for text in capture.content(file).decode("utf-8", "backslashreplace").splitlines() if peek_time(text) is not None][:300]
    wrapped = [AROUND[around](text) for text in plain]
    assert said("".join(f"{text}\n" for text in wrapped)) == said("".join(f"{text}\n" for text in plain))


@pytest.fixture(scope="module")
def plainly(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Wrapping], Documents]:
    """What the lines of all captures come to in plain files that carry as much as a form does; each is read once."""
    known: dict[object, Documents] = {}

    def give(wrapping: Wrapping) -> Documents:
        carried = (wrapping.host, wrapping.pid, wrapping.fine)
        if carried not in known:
            known[carried] = documents_of(wrapping.plain, tmp_path_factory.mktemp("plain"))
        return known[carried]

    return give


def documents_of(written: Callable[[list[Line]], str], folder: Path) -> Documents:
    """What files of these lines come to, one for each capture."""
    place = Place(folder, folder / "data", Embedded(folder / "data" / "store"))
    files = [folder / f"{name}.log" for name in CAPTURES]
    for path, capture in zip(files, CAPTURES.values(), strict=True):
        path.write_text(written(lines_of(capture)[-FEW:]), encoding="utf-8")
    read(place, files, timezone=UTC, log_host=HOST)
    return documents(place.store)


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=str)
def test_the_same_documents(wrapping: Wrapping, plainly: Callable[[Wrapping], Documents], tmp_path: Path) -> None:
    """A store has the same traces with the same events, whatever the lines were wrapped in."""
    expected = plainly(wrapping)
    assert len(expected) > 50
    must_be_same(expected, documents_of(wrapping.of, tmp_path))

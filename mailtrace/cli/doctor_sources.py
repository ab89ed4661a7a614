"""What `mailtrace doctor` looks at in the logs that are set: whether their first lines can be read at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from ingest.formats import format_of, framer_of, unwrapper_of
from ingest.strange import strange
from ingest.tail.faults import TailError
from ingest.tail.names import is_file
from ingest.tail.paths import expand
from ingest.tail.reader import FileReader
from mailtrace.cli.finding import NOTE, Finding

#: So many files of a source are looked into, and so many lines of each.
_FILES, _LINES = 20, 500


def sources_findings(sources: Sequence[str]) -> Iterator[Finding]:
    """Look into the first lines of files that are read: what of them could not be."""
    try:
        files = expand(sources, problem=lambda _: None)
    except TailError:
        return
    for path in files[-_FILES:]:
        if is_file(path):
            yield from _unread(path)


def _unread(path: str) -> Iterator[Finding]:
    """Say it where the first lines hold some of programs that are read, and none of them can be."""
    try:
        reader = FileReader(path)
    except TailError:
        return
    try:
        lines = [] if reader.stream else unwrapper_of().lines(reader.read(_LINES))
    except TailError:
        return
    finally:
        reader.close()
    framer, found = framer_of(path, UTC), None
    for _, text in lines:
        line = framer.frame(text)
        if line is not None and line.program:
            if format_of(line.tag, line.program) is not None:
                return
        elif found is None:
            found = strange(text)
    if found is not None:
        yield NOTE, f"{path}: its first lines could not be read: {found.in_words}."

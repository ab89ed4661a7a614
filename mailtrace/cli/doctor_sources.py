"""What `mailtrace doctor` looks at in the logs that are set: whether they can be opened, and their first lines read at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC

from ingest.formats import format_of, framer_of, unwrapper_of
from ingest.strange import strange
from ingest.tail.faults import TailError
from ingest.tail.names import is_file
from ingest.tail.paths import expand
from ingest.tail.reader import FileReader
from mailtrace.amounts import counted
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.not_read import no_rights, nothing_there
from mappings.readings import Trouble

#: So many files of a source are looked into, and so many lines of each.
_FILES, _LINES = 20, 500


def sources_findings(sources: Sequence[str]) -> Iterator[Finding]:
    """Open the files of each source, and look into their first lines: where that cannot be, and what of them could not be read."""
    for source in sources:
        if not is_file(source):
            continue
        problems: list[TailError] = []
        files = expand([source], problem=problems.append)
        for error in problems:
            yield BAD, cannot_open(error)
        if not files and not problems:
            yield BAD, f"{nothing_there(source)}."
        opened = [finding for path in files[-_FILES:] for finding in _looked_into(path)]
        yield from opened
        if files and not problems and not opened:
            yield GOOD, f"{source}: {counted(len(files), 'file')}, and can be opened."


def cannot_open(error: TailError) -> str:
    """Where and why something cannot be opened, and what mends it."""
    return f"{error}; {no_rights(error.path)}." if error.trouble is Trouble.NO_RIGHTS else f"{error}."


def _looked_into(path: str) -> Iterator[Finding]:
    """Say it where a file cannot be opened, or its first lines hold some of programs that are read, and none of them can be."""
    try:
        reader = FileReader(path)
    except TailError as error:
        yield BAD, cannot_open(error)
        return
    try:
        lines = [] if reader.stream else unwrapper_of().lines(reader.read(_LINES))
    except TailError as error:
        yield BAD, cannot_open(error)
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

"""What `mailtrace doctor` looks at in an embedded store: every file, what is lacking, and how it is brought back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailtrace.amounts import counted, shown_bytes
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.show.progress import CheckingBar
from mappings.embedded.catalog import END_OF_TIME, NAME
from mappings.embedded.checkup import Checked, Checkup, Soundness
from mappings.embedded.schema import LOG_LIMIT_BYTES
from search.times import utc

#: Seconds that checking all files may take.
_MOST_S = 60.0


def embedded_findings(folder: Path, sources: Sequence[str]) -> Iterator[Finding]:
    """Look at the store in a folder; `sources` are the paths that `ingest` reads where none is named."""
    checkup = Checkup(folder)
    if checkup.catalog_fault is not None:
        yield BAD, f"{NAME} {checkup.catalog_fault}; the next `mailtrace ingest` or `run` makes it anew from the files that are there."
    checked: list[Checked] = []
    with CheckingBar(sys.stderr, len(checkup.partitions)) as bar:
        for one in checkup.files(_MOST_S):
            checked.append(one)
            bar.done()
    for one in checked:
        yield from _file(one, sources)
    sound = sum(one.soundness is Soundness.SOUND for one in checked)
    if sound:
        yield GOOD, f"{counted(sound, 'file')} of the store checked, and sound."
    unchecked = sum(one.soundness is Soundness.UNCHECKED for one in checked)
    if unchecked:
        yield NOTE, f"{counted(unchecked, 'file')} of the store, the oldest, could not be checked to the end within {_MOST_S:g} seconds."
    for gap in checkup.gaps:
        yield BAD, f"{gap.file} {gap.why}. {_again(gap.lower_ms, gap.upper_ms, sources)}"
    yield from _copies(checkup)
    aside = checkup.aside()
    if aside:
        yield NOTE, f"Put aside, and in nobody's way: {', '.join(aside)}; delete what you do not need any more."


def _copies(checkup: Checkup) -> Iterator[Finding]:
    """Whether counting has its columnar copies; without them it is slower, and as exact."""
    copies = list(checkup.copies())
    for copy in copies:
        if copy.why:
            then = "The next `mailtrace ingest` or `run` makes another one" + ("." if copy.why == "is missing" else ", when it is deleted.")
            yield NOTE, f"{copy.file} {copy.why}; what it is a copy of is counted from the rows, which takes longer. {then}"
    sound = sum(not copy.why for copy in copies)
    if sound:
        yield GOOD, f"{counted(sound, 'columnar copy', 'columnar copies')} for counting checked, and sound."


def _file(one: Checked, sources: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with a file."""
    name = one.partition.file
    if one.soundness is Soundness.DAMAGED:
        aside = "the next `mailtrace ingest` or `run` puts it aside, and goes on without it"
        yield BAD, f"{name} {one.why}; {aside}. {_again(one.partition.lower_ms, one.partition.upper_ms, sources)}"
    elif one.soundness is Soundness.UNREADABLE:
        yield BAD, f"{name} {one.why}"
    if one.log_bytes > LOG_LIMIT_BYTES:
        held = f"The log of {name} has grown to {shown_bytes(one.log_bytes)}: a program that reads it keeps it from being copied back."
        yield NOTE, f"{held} Nothing is lost; new mail goes to another file meanwhile."


def _again(lower_ms: int, upper_ms: int, sources: Sequence[str]) -> str:
    """How a range is brought back."""
    paths = shlex.join(sources) if sources else "PATH"
    since, until = utc(lower_ms), utc(upper_ms) if upper_ms < END_OF_TIME else None
    lacking = f"Mail from {since} {f'to {until}' if until else 'on'} is lacking."
    command = f"mailtrace ingest --once --rebuild --since {since}{f' --until {until}' if until else ''} {paths}"
    return f"{lacking} If its logs are still there, stop what writes, and: {command}"

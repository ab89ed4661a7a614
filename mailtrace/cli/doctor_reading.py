"""What `mailtrace doctor` says of how the reading of each source stands: what page and API say, and what is to be done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.tail.faults import cannot_read
from ingest.tail.names import is_file
from mailtrace.amounts import counted
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.not_read import no_rights
from mappings.readings import SourceReading
from search.standing import UNKNOWN_SAID, NotRead, ReadingState, SourceStanding, unknown_share
from search.times import utc

#: Who is behind for longer, or has so large a share of lines that are not understood, is in trouble.
_LONG_BEHIND_MS = 15 * 60_000
_MUCH_UNKNOWN = 0.25
_MOMENT_MS = 1_000
_ZONES = {"set": "as set", "ids": "as message ids say", "system": "the system's, none is set"}


def reading_findings(found: Sequence[SourceStanding], now_ms: int) -> Iterator[Finding]:
    """Every source: how it stands, what is known of it, and what is strange."""
    for one in found:
        yield (
            _kind(one, now_ms),
            f"{one.source} is {one.words}{_mend(one)}. {_known(one.reading) if one.reading is not None else ''}".rstrip(),
        )
        if one.reading is None:
            continue
        for remark in one.remarks:
            much = unknown_share(one.reading) >= _MUCH_UNKNOWN and "not understood" in remark
            yield (BAD if much else NOTE), f"{one.source}: {remark}"
        yield from _samples(one.source, one.reading)
        yield from _opened(one, one.reading)


def _kind(one: SourceStanding, now_ms: int) -> str:
    """How bad it is."""
    if one.state is ReadingState.NOT_READ and one.warning:
        return BAD
    if one.state is ReadingState.BEHIND and one.at_end_ms is not None and now_ms - one.at_end_ms > _LONG_BEHIND_MS:
        return BAD
    return NOTE if one.warning else GOOD


def _mend(one: SourceStanding) -> str:
    """What is to be done."""
    if one.why is NotRead.NO_RIGHTS and one.reading is not None:
        return f"; {no_rights(one.reading.source)}"
    if one.why in (NotRead.VANISHED, NotRead.STOPPED):
        return "; start `mailtrace run` or `ingest` again"
    return ""


def _known(reading: SourceReading) -> str:
    """What was read of it, and as what."""
    known = [f"{counted(reading.lines, 'line')} read, {unknown_share(reading) * 100:.1f} % not understood"] if reading.lines else []
    known += [f"last line of {utc(reading.last_ms)}"] if reading.last_ms is not None else []
    known += [f"zone {reading.zone} ({_ZONES.get(reading.zone_by or '', reading.zone_by)})"] if reading.zone is not None else []
    known += [f"year {reading.year}"] if reading.year is not None else []
    said = ", ".join(known)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _samples(source: str, reading: SourceReading) -> Iterator[Finding]:
    """A line of each kind that is not understood."""
    if unknown_share(reading) < UNKNOWN_SAID:
        return
    for kind in reading.unknown:
        line = f", such as `{kind.sample}`" if kind.sample else ""
        yield NOTE, f"{source}: {counted(kind.lines, 'line')} of {kind.program or 'a program without a name'} not understood{line}."
    yield NOTE, "Lines of usual mail that are not understood are a lack of Mail Trace: please report one of each, with addresses changed."


def _opened(one: SourceStanding, reading: SourceReading) -> Iterator[Finding]:
    """What is read well and cannot be opened by whoever asks; and what was read to its end and was written to since."""
    if one.source != reading.source or not is_file(reading.source) or one.warning or not reading.growing:
        return
    try:
        with Path(reading.source).open("rb") as file:
            written_ms = os.fstat(file.fileno()).st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return
    except OSError as error:
        yield NOTE, f"{cannot_read(reading.source, error)}, for the user of this command."
        return
    if one.why is NotRead.FINISHED and reading.written_ms is not None and written_ms - reading.written_ms > _MOMENT_MS:
        yield NOTE, f"{one.source} was written to since it was read to its end; read it again, or follow it with `mailtrace run`."

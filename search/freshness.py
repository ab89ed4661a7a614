"""How fresh answers are, as it stands in JSON: log domains for everybody, and the sources that are read for who may see all mail."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mappings.readings import SourceReading
from search.engines import StoreState
from search.scope import EVERYTHING, Scope
from search.standing import (
    NotRead,
    ReadingState,
    SourceStanding,
    notice,
    of_domains,
    standings,
    unknown_share,
)
from search.times import utc


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """How far the logs of one source (a log domain) have been read."""

    name: str
    #: The greatest time in its lines.
    read_up_to: str
    read_up_to_ms: int
    #: Seconds between that time and now; 0 where everything that was written has been read.
    behind_s: float
    state: ReadingState = ReadingState.NOT_READ
    #: Why it is not read any more; None where it is, and for callers who see a part of the mail.
    why: NotRead | None = None
    #: Whether its mail may be missing.
    warning: bool = False
    #: How it stands, in words that follow `NAME is`.
    words: str = ""
    #: Since when it is quiet, behind or not read; and when everything that was written had been read the last time.
    since: str | None = None
    at_end: str | None = None


class UnknownKind(msgspec.Struct, frozen=True):
    """Lines of a program that are not understood, and one of them, where lines are kept."""

    program: str
    lines: int
    sample: str | None


class ReadingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the reading of one source (a file with what is rotated out of it, a journal, standard input) stands."""

    source: str
    state: ReadingState
    why: NotRead | None
    warning: bool
    words: str
    #: What else is to be known, in sentences.
    remarks: list[str]
    since: str | None
    #: When its reader said so, and when it had read everything that was there.
    noted: str
    at_end: str | None
    #: The stamp of its last line.
    last_line: str | None
    behind_bytes: int | None
    behind_lines: int | None
    #: Lines of programs that are read, the share of them that is not understood, and which those are.
    lines: int
    unknown_share: float
    unknown: list[UnknownKind]
    #: What was assumed of stamps that name none; `zone_by` is `set`, `ids` or `system`.
    zone: str | None
    zone_by: str | None
    year: int | None
    #: The log domains of its lines.
    domains: list[str]


class FreshnessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How far all logs have been read, the furthest behind first, and since when mail is kept."""

    sources: list[SourceState]
    oldest: str | None
    newest: str | None
    #: What the store lacks, because a part of it is missing or damaged.
    warnings: list[str] = []
    #: What is read, what is to be looked at first; empty for callers who see a part of the mail.
    readings: list[ReadingAnswer] = []
    #: One line where mail may be missing: `3 sources are behind`; else empty.
    notice: str = ""


def freshness(state: StoreState, now_ms: int, lacking: list[str], scope: Scope = EVERYTHING) -> FreshnessAnswer:
    """What a store tells of itself, held against the clock, to a caller with this scope."""
    found = standings(state.readings, now_ms)
    whole = scope.domains is None
    domains = of_domains(state.read_up_to_ms, found, now_ms)
    sources = [
        _source_state(domains[name], read_ms, now_ms, whole=whole)
        for read_ms, name in sorted((read_ms, name) for name, read_ms in state.read_up_to_ms.items())
    ]
    bounds = [None if bound is None else utc(bound) for bound in (state.oldest_ms, state.newest_ms)]
    return FreshnessAnswer(
        sources=sources,
        oldest=bounds[0],
        newest=bounds[1],
        warnings=lacking,
        readings=[_reading_answer(one, one.reading) for one in found if one.reading is not None] if whole else [],
        notice=notice(found if whole else domains.values()),
    )


def notice_of(state: StoreState, now_ms: int, scope: Scope, until_ms: int | None) -> list[str]:
    """The same line, as a warning of an answer about the time before `until_ms`; nothing where every log domain is read so far."""
    if until_ms is not None and state.read_up_to_ms and min(state.read_up_to_ms.values()) >= until_ms:
        return []
    found = standings(state.readings, now_ms)
    told = notice(found if scope.domains is None else of_domains(state.read_up_to_ms, found, now_ms).values())
    return [f"{told}."] if told else []


def as_of(read_up_to_ms: Mapping[str, int]) -> dict[str, str]:
    """How far each source has been read, by its name."""
    return {source: utc(read_up_to_ms[source]) for source in sorted(read_up_to_ms)}


def _source_state(one: SourceStanding, read_ms: int, now_ms: int, *, whole: bool) -> SourceState:
    """How a log domain stands."""
    done = one.state is ReadingState.UP_TO_DATE or one.why is NotRead.FINISHED
    return SourceState(
        name=one.source,
        read_up_to=utc(read_ms),
        read_up_to_ms=read_ms,
        behind_s=0.0 if done else max(0, now_ms - read_ms) / 1000,
        state=one.state,
        why=one.why if whole or one.why in (NotRead.FINISHED, NotRead.NOT_RECORDED) else None,
        warning=one.warning,
        words=one.words,
        since=_utc(one.since_ms),
        at_end=_utc(one.at_end_ms),
    )


def _reading_answer(one: SourceStanding, reading: SourceReading) -> ReadingAnswer:
    """How a source stands, with what that was decided from."""
    return ReadingAnswer(
        source=one.source,
        state=one.state,
        why=one.why,
        warning=one.warning,
        words=one.words,
        remarks=list(one.remarks),
        since=_utc(one.since_ms),
        noted=utc(reading.noted_ms),
        at_end=_utc(reading.at_end_ms),
        last_line=_utc(reading.last_ms),
        behind_bytes=reading.behind_bytes,
        behind_lines=reading.behind_lines,
        lines=reading.lines,
        unknown_share=round(unknown_share(reading), 4),
        unknown=[UnknownKind(kind.program, kind.lines, kind.sample) for kind in reading.unknown],
        zone=reading.zone,
        zone_by=reading.zone_by,
        year=reading.year,
        domains=list(reading.domains),
    )


def _utc(time_ms: int | None) -> str | None:
    return None if time_ms is None else utc(time_ms)

"""What is to be read and how: from settings, paths and options to what the ingester takes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path

import msgspec

from ingest.formats import FORMATS
from ingest.options import IngestOptions, LogDomain, SourceSetting
from ingest.tail.names import is_file
from ingest.telling.ownership import Owner
from mailtrace.problems import WrongUsage
from mailtrace.settings import Settings, SourceTable
from mailtrace.zones import named, system_zone
from mappings.address import normalise_domain

STDIN = "-"


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """Which sources are read, each with all that is to be said about it."""

    sources: tuple[SourceTable, ...]
    #: Zone of stamps that name none, where a source says nothing.
    timezone: str
    #: Whether that was only guessed, so that message ids may say it better.
    zone_by_ids: bool = False
    rebuild: bool = False
    #: What is read again, in milliseconds since 1970 UTC; an end that is None is open.
    since_ms: int | None = None
    until_ms: int | None = None
    raw_lines: bool = True

    @property
    def part(self) -> bool:
        """Whether only what came in a range of time is read again."""
        return self.since_ms is not None or self.until_ms is not None

    def in_words(self) -> str:
        """Name what is read."""
        return ", ".join("standard input" if source.path == STDIN else source.path for source in self.sources)


def plan(
    settings: Settings,
    paths: Sequence[str],
    *,
    timezone: str | None = None,
    year: int | None = None,
    log_host: str | None = None,
    format: str | None = None,  # noqa: A002 - the option's name
    rebuild: bool = False,
    since_ms: int | None = None,
    until_ms: int | None = None,
    no_raw: bool = False,
) -> ReadingPlan:
    """Decide what is read: the paths, else the sources of the settings; what an option says holds for all of them."""
    if not paths and not settings.source:
        raise WrongUsage("there is nothing to read: name log files, folders or patterns, or set [[source]] tables")
    told = {
        key: value
        for key, value in (("timezone", timezone), ("year", year), ("log_host", log_host), ("format", format))
        if value is not None
    }
    sources = tuple(_source_of(path, settings.source) for path in paths) if paths else settings.source
    sources = tuple(msgspec.structs.replace(source, **told) for source in sources)
    for source in sources:
        _check(source)
    return ReadingPlan(
        sources=sources,
        timezone=timezone or system_zone(),
        zone_by_ids=timezone is None,
        rebuild=rebuild,
        since_ms=since_ms,
        until_ms=until_ms,
        raw_lines=settings.raw_lines and not no_raw,
    )


def _source_of(path: str, known: Sequence[SourceTable]) -> SourceTable:
    """Make a source of a path; where the settings know the path, what they say about it is taken over."""
    if not is_file(path):
        return SourceTable(path=path)
    whole = os.fspath(Path(path).expanduser().absolute())
    for source in known:
        if whole == source.path or fnmatchcase(whole, source.path) or Path(source.path) in Path(whole).parents:
            return msgspec.structs.replace(source, path=whole)
    return SourceTable(path=whole)


def _check(source: SourceTable) -> None:
    """Refuse a zone or a format that there is not: with a wrong zone every time would be wrong by hours."""
    if source.timezone is not None:
        named(source.timezone)
    known = [one.name for one in FORMATS]
    if source.format is not None and source.format not in known:
        raise WrongUsage(f"unknown format {source.format!r}; the formats are {', '.join(known)}")


def ingest_options(settings: Settings, read: ReadingPlan) -> IngestOptions:
    """Say it in the ingester's words."""
    return IngestOptions(
        paths=tuple(source.path for source in read.sources),
        timezone=named(read.timezone),
        zone_by_ids=read.zone_by_ids,
        rebuild=read.rebuild,
        rebuild_from_us=(read.since_ms or 0) * 1000 if read.part else None,
        sources=tuple(_setting(source, path) for source in read.sources for path in _patterns(source)),
        log_domains=tuple(LogDomain(one.name, one.hosts, one.filters) for one in settings.log_domain),
        customers=tuple(Owner(one.name, frozenset(map(normalise_domain, one.domains)), one.ranges()) for one in settings.customer),
        quarantines=settings.quarantine_names(),
        keep_raw=read.raw_lines,
        keep_subjects=settings.subjects == "keep",
        pin_s=settings.pin,
        hold_back_s=settings.hold_back,
        memory_s=settings.memory,
        strict=settings.stop_at_faults,
    )


def again_options(settings: Settings) -> IngestOptions:
    """How lines that were put aside are read again: each letter says of its lines what is to be known about them."""
    return ingest_options(settings, ReadingPlan((), system_zone(), raw_lines=settings.raw_lines))


def _patterns(source: SourceTable) -> tuple[str, ...]:
    """Name the files of a source: those of a folder are everything in it."""
    within = f"{source.path.rstrip('/')}/*"
    # Of a path that may not be looked at, or is not there yet, nobody knows which it is.
    return (source.path,) if has_magic(source.path) or os.path.isfile(source.path) else (source.path, within)  # noqa: PTH113


def _setting(source: SourceTable, path: str) -> SourceSetting:
    """Say what is set for the files of a path."""
    zone = named(source.timezone) if source.timezone is not None else None
    return SourceSetting(path, source.format, zone, source.year, source.log_host)

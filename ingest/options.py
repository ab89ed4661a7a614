"""What to read, and how: the settings of a run, without where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from ingest.telling.ownership import Owner

#: So much earlier than what is to be read again does its reading begin.
_BEFORE_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """What is set for the files of a path (a glob pattern): format, zone, year, host."""

    path: str
    format: str | None = None
    timezone: tzinfo | None = None
    year: int | None = None
    log_host: str | None = None


@dataclass(frozen=True, slots=True)
class LogDomain:
    """Hosts that hand mail to each other, and addresses of filters: queue ids and hand-overs are within."""

    name: str
    hosts: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


class LogDomains:
    """The log domains of hosts: as set, else each host is one of its own."""

    def __init__(self, set_apart: Iterable[LogDomain]) -> None:
        self._set = {host: domain for domain in set_apart for host in (domain.hosts or (domain.name,))}

    def of(self, host: str) -> str:
        """The name of a host's log domain."""
        setting = self._set.get(host)
        return host if setting is None else setting.name

    def setting(self, host: str) -> LogDomain | None:
        """What is set about it."""
        return self._set.get(host)


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What to read, and how."""

    paths: tuple[str, ...]
    timezone: tzinfo
    year: int | None = None
    log_host: str | None = None
    rebuild: bool = False
    #: With `rebuild`: only lines from this time on are taken in, in microseconds since 1970 UTC, and positions stay as they are. A message
    #: may go on for weeks, so there is no end: what is in the store already is joined, and changes nothing.
    rebuild_from_us: int | None = None
    format: str | None = None
    sources: tuple[SourceSetting, ...] = ()
    log_domains: tuple[LogDomain, ...] = ()
    customers: tuple[Owner, ...] = ()
    #: Names of Exim's routers, transports and boxes that keep mail back.
    quarantines: re.Pattern[str] | None = re.compile("quarantine", re.IGNORECASE)
    #: Whether message ids may say the zone of stamps that name none, where a source sets none: `timezone` is a guess then.
    zone_by_ids: bool = False
    keep_raw: bool = True
    keep_subjects: bool = True
    #: Seconds: how long a line may pin the low-water mark, a message is held back, a written one kept in memory.
    pin_s: float = 600.0
    hold_back_s: float = 60.0
    memory_s: float = 120.0
    #: A fault of the program at a line ends the run, instead of putting the line aside: for tests.
    strict: bool = False

    @property
    def domains(self) -> LogDomains:
        """The log domains of all hosts."""
        return LogDomains(self.log_domains)

    @property
    def part(self) -> bool:
        """Whether only a part of the logs is read again: then positions are neither looked at nor moved."""
        return self.rebuild_from_us is not None

    @property
    def begin_us(self) -> int:
        """Lines before this time are passed over: sessions are older than what they bring, so a part begins a little earlier."""
        return 0 if self.rebuild_from_us is None else self.rebuild_from_us - _BEFORE_US

"""The situations that the reading of logs can be in, each with what every place must say.

All at one moment: 24 November 2026, 12:00 UTC, a Tuesday.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from mailtrace.cli.finding import BAD, GOOD, NOTE
from mappings.readings import Ended, ReaderReadings, SourceReading, Trouble, UnknownLines
from mappings.rhythm import Rhythm
from search.engines import StoreState

NOW_MS = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1000)
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LOG = "/var/log/mail.log"
#: Four weeks in which it was quiet for three minutes at most by day, and for seven hours at night (UTC), and at weekends for sixty.
OFFICE = Rhythm(tuple([420.0] * 6 + [3.0] * 16 + [420.0] * 2 + [3600.0] * 24), since_ms=NOW_MS - 28 * DAY, until_ms=NOW_MS - MINUTE)
BUSY = Rhythm((), since_ms=NOW_MS - 28 * DAY, until_ms=NOW_MS - MINUTE)


def source(name: str = LOG, *, last: int | None = 2 * SECOND, noted: int = 3 * SECOND, **values: Any) -> SourceReading:
    """A record of a source that is read well: its last line `last` ago, written down `noted` ago."""
    last_ms = None if last is None else NOW_MS - last
    usual = {"at_end_ms": NOW_MS - noted, "last_ms": last_ms, "written_ms": last_ms, "domains": ("mx1",), "lines": 1_000}
    return SourceReading(source=name, noted_ms=NOW_MS - noted, **{**usual, **values})


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation: the records, and what is said."""

    name: str
    sources: tuple[SourceReading, ...]
    #: The foot of a page, and with `warning` what stands above results, and in the warnings of API and command line.
    foot: str
    #: The state of the log domain, and of the source, as the API has them: `up_to_date`, or `not_read gone`.
    state: str
    #: What `doctor` makes of it, and words of its sentences.
    doctor: str = GOOD
    said: tuple[str, ...] = ()
    warning: bool = False
    #: What an empty answer says of the log domain mx1.
    empty: str = ""
    now_ms: int = NOW_MS
    read_up_to: dict[str, int] = field(default_factory=lambda: {"mx1": NOW_MS - 2 * SECOND})
    #: The machines of the readers.
    machines: tuple[str, ...] = ("mx1",)

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return self.name

    @property
    def store(self) -> StoreState:
        """What a store says of itself in this situation."""
        readings = [ReaderReadings(machine, self.sources, machine) for machine in self.machines] if self.sources else []
        return StoreState(self.read_up_to, NOW_MS - 28 * DAY, NOW_MS - 2 * SECOND, readings=readings)


def at(ago: int) -> int:
    """So long before now."""
    return NOW_MS - ago


SITUATIONS = (
    Situation("busy and well", (source(rhythm=BUSY),), "Complete up to 11:59:57, 3 seconds ago", "up_to_date", empty="mx1 is up to date."),
    Situation(
        "quiet as usual by night",
        (source(last=5 * HOUR, rhythm=Rhythm(tuple([420.0] * 48), at(9 * DAY), at(5 * HOUR))),),
        "Complete up to 11:59:57, 3 seconds ago; quiet since 07:00:00",
        "up_to_date",
        empty="mx1 is up to date, quiet since 24 Nov 2026 07:00 UTC.",
        read_up_to={"mx1": at(5 * HOUR)},
    ),
    Situation(
        "quiet for longer than usual",
        (source(last=40 * MINUTE, rhythm=OFFICE),),
        "/var/log/mail.log is up to date, quiet since 24 Nov 2026 11:20 UTC: longer than is usual at this time, which is at most 3 minutes",
        "up_to_date",
        NOTE,
        warning=True,
    ),
    Situation(
        "a busy server that stops",
        (source(last=31 * MINUTE, rhythm=BUSY),),
        "/var/log/mail.log is up to date, quiet since 24 Nov 2026 11:29 UTC: longer than is usual at this time,"
        " which is less than a minute",
        "up_to_date",
        NOTE,
        warning=True,
    ),
    Situation(
        "quiet, and nobody knows what is usual",
        (source(last=9 * HOUR, rhythm=Rhythm((), at(DAY), at(9 * HOUR))),),
        "Complete up to 11:59:57, 3 seconds ago; quiet since 03:00:00",
        "up_to_date",
        read_up_to={"mx1": at(9 * HOUR)},
    ),
    Situation(
        "quiet at the weekend",
        (source(last=40 * MINUTE + 2 * DAY, rhythm=OFFICE, noted=3 * SECOND + 2 * DAY),),
        "Complete up to 11:59:57, 3 seconds ago; quiet since 11:20:00",
        "up_to_date",
        now_ms=NOW_MS - 2 * DAY,
        read_up_to={"mx1": at(2 * DAY + 40 * MINUTE)},
    ),
    Situation(
        "no line yet",
        (source(last=None, lines=0, domains=()),),
        "No log has been read yet",
        "",
        said=("up to date, and has no line yet",),
        read_up_to={},
    ),
    Situation(
        "behind by a backlog",
        (source(last=14 * MINUTE, at_end_ms=at(14 * MINUTE), written_ms=at(SECOND), behind_bytes=2_412_000, behind_lines=12_345),),
        "/var/log/mail.log is behind by about 12,000 lines, about 13 minutes",
        "behind",
        NOTE,
        warning=True,
        empty="/var/log/mail.log is behind by about 12,000 lines, about 13 minutes: mail may not be here yet.",
    ),
    Situation(
        "behind for an hour",
        (source(last=HOUR, at_end_ms=at(HOUR), written_ms=at(SECOND), behind_bytes=10_000, behind_lines=70),),
        "/var/log/mail.log is behind by about 70 lines, about 59 minutes",
        "behind",
        BAD,
        warning=True,
    ),
    Situation(
        "never at its end so far",
        (source(last=3 * DAY, at_end_ms=None, written_ms=at(SECOND), behind_bytes=900, behind_lines=None),),
        "/var/log/mail.log is behind by 900 bytes, about 2 days",
        "behind",
        NOTE,
        warning=True,
    ),
    Situation(
        "behind for a moment",
        (source(at_end_ms=at(20 * SECOND), behind_bytes=500, behind_lines=3),),
        "Complete up to 11:59:40, 20 seconds ago",
        "up_to_date",
    ),
    Situation(
        "a compressed file, half read",
        (source("/var/log/old.log", last=9 * DAY, at_end_ms=None, behind_bytes=None, growing=False),),
        "/var/log/old.log is behind, about 9 days",
        "behind",
        NOTE,
        warning=True,
    ),
    Situation(
        "read to its end with --once",
        (source(last=8 * DAY, noted=7 * DAY, ended=Ended.FINISHED),),
        "Read to its end on 17 Nov 12:00",
        "not_read finished",
        empty="mx1 is read to its end on 17 Nov 2026 12:00 UTC.",
        read_up_to={"mx1": at(8 * DAY)},
    ),
    Situation(
        "standard input, over",
        (source("-", last=8 * DAY, noted=HOUR, ended=Ended.FINISHED, written_ms=at(HOUR)),),
        "Read to its end on 24 Nov 11:00",
        "not_read finished",
        said=("standard input is read to its end",),
    ),
    Situation(
        "stopped in order",
        (source(noted=HOUR, last=HOUR, ended=Ended.STOPPED),),
        "/var/log/mail.log is not read any more: reading was stopped on 24 Nov 2026 11:00 UTC",
        "not_read stopped",
        BAD,
        ("start `mailtrace run`",),
        warning=True,
    ),
    Situation(
        "a log domain falls silent in a file that another writes",
        (source(domains=("mx1", "mx2"), rhythm=BUSY, rhythms={"mx1": BUSY, "mx2": msgspec.structs.replace(BUSY, until_ms=at(HOUR))}),),
        "/var/log/mail.log is up to date; in it mx2 is quiet since 24 Nov 2026 11:00 UTC: longer than is usual at this time, which is"
        " less than a minute",
        "up_to_date",
        NOTE,
        ("in it mx2 is quiet",),
        warning=True,
    ),
    Situation(
        "stopped a month ago",
        (source(noted=31 * DAY, last=31 * DAY, ended=Ended.STOPPED, trouble=Trouble.NO_RIGHTS, trouble_since_ms=at(32 * DAY)),),
        "Read up to 24 Oct 12:00:00, 31 days ago",
        "not_read no_rights",
        read_up_to={"mx1": at(31 * DAY)},
    ),
    Situation(
        "silent for three months",
        (source(noted=90 * DAY, last=90 * DAY),),
        "Read up to 26 Aug 12:00:00, 90 days ago",
        "not_read not_recorded",
        read_up_to={"mx1": at(90 * DAY)},
    ),
    Situation(
        "--once was broken off",
        (source(noted=HOUR, last=DAY, ended=Ended.STOPPED, at_end_ms=None, behind_bytes=15_000, behind_lines=104),),
        "/var/log/mail.log is not read any more: reading was stopped on 24 Nov 2026 11:00 UTC; about 100 lines of it were not read",
        "not_read stopped",
        BAD,
        warning=True,
    ),
    Situation(
        "killed",
        (source(noted=20 * MINUTE),),
        "/var/log/mail.log is not read any more: the reader has given no sign of life since 24 Nov 2026 11:40 UTC",
        "not_read vanished",
        BAD,
        warning=True,
        empty="the reader has given no sign of life since 24 Nov 2026 11:40 UTC: mail may not be here yet.",
    ),
    Situation(
        "killed, behind",
        (source(noted=20 * MINUTE, at_end_ms=at(DAY), behind_bytes=1, behind_lines=1),),
        "/var/log/mail.log is not read any more: the reader has given no sign of life since 24 Nov 2026 11:40 UTC;"
        " about 1 line of it were not read",
        "not_read vanished",
        BAD,
        warning=True,
    ),
    Situation(
        "given up long ago",
        (source(noted=31 * DAY, last=31 * DAY),),
        "Read up to 24 Oct 12:00:00, 31 days ago",
        "not_read vanished",
        read_up_to={"mx1": at(31 * DAY)},
    ),
    Situation(
        "gone",
        (source(last=HOUR, trouble=Trouble.GONE, trouble_since_ms=at(50 * MINUTE)),),
        "/var/log/mail.log is not read any more: it is gone since 24 Nov 2026 11:10 UTC",
        "not_read gone",
        BAD,
        warning=True,
    ),
    Situation(
        "gone for a moment, as in a rotation",
        (source(trouble=Trouble.GONE, trouble_since_ms=at(50 * SECOND)),),
        "Complete up to 11:59:57, 3 seconds ago",
        "up_to_date",
    ),
    Situation(
        "rotated, and no new file yet",
        (
            source(
                last=HOUR,
                trouble=Trouble.MOVED,
                trouble_since_ms=at(50 * MINUTE),
                rhythm=Rhythm(tuple([420.0] * 48), at(9 * DAY), at(HOUR)),
            ),
        ),
        "Complete up to 11:59:57, 3 seconds ago; quiet since 11:00:00",
        "up_to_date",
        said=("renamed on 24 Nov 2026 11:10 UTC, and no new file is there yet",),
        read_up_to={"mx1": at(HOUR)},
    ),
    Situation(
        "rights lost",
        (source(last=HOUR, trouble=Trouble.NO_RIGHTS, trouble_since_ms=at(50 * MINUTE), trouble_words="x"),),
        "/var/log/mail.log is not read any more: since 24 Nov 2026 11:10 UTC the reader may not read it (permission denied)",
        "not_read no_rights",
        BAD,
        warning=True,
    ),
    Situation(
        "never readable",
        (source(last=None, at_end_ms=None, lines=0, domains=(), trouble=Trouble.NO_RIGHTS, trouble_since_ms=at(50 * MINUTE)),),
        "/var/log/mail.log is not read any more: since 24 Nov 2026 11:10 UTC the reader may not read it (permission denied)",
        "",
        BAD,
        warning=True,
        read_up_to={},
    ),
    Situation(
        "a journal whose command ends",
        (source("journald:postfix", trouble=Trouble.FAULT, trouble_since_ms=at(MINUTE), trouble_words="journalctl ended with 1"),),
        "journald:postfix is not read any more: since 24 Nov 2026 11:59 UTC it cannot be read (journalctl ended with 1)",
        "not_read fault",
        BAD,
        warning=True,
    ),
    Situation(
        "a journal, quiet",
        (source("journald:postfix", last=HOUR, written_ms=at(HOUR - SECOND), live=True),),
        "Complete up to 11:59:57, 3 seconds ago; quiet since 11:00:00",
        "up_to_date",
        read_up_to={"mx1": at(HOUR)},
    ),
    Situation(
        "two files, one behind",
        (
            source("/var/log/a.log", domains=("mx1",)),
            source(
                "/var/log/b.log", last=HOUR, at_end_ms=None, written_ms=at(SECOND), behind_bytes=5_000, behind_lines=30, domains=("mx2",)
            ),
        ),
        "/var/log/b.log is behind by about 30 lines, about 59 minutes",
        "up_to_date",
        NOTE,
        warning=True,
        read_up_to={"mx1": at(2 * SECOND), "mx2": at(HOUR)},
    ),
    Situation(
        "three in trouble",
        (
            source("/var/log/a.log", last=HOUR, at_end_ms=None, behind_bytes=5_000, behind_lines=30),
            source("/var/log/b.log", last=HOUR, at_end_ms=None, behind_bytes=5_000, behind_lines=30),
            source("/var/log/c.log", trouble=Trouble.GONE, trouble_since_ms=at(HOUR)),
        ),
        "1 source is not read any more, 2 sources are behind",
        "not_read gone",
        BAD,
        warning=True,
    ),
    Situation(
        "stamps of the future: a clock",
        (source(last=-17 * MINUTE - 20 * SECOND, written_ms=at(HOUR)),),
        "/var/log/mail.log is up to date, quiet since 24 Nov 2026 11:00 UTC; the times of its lines may be wrong",
        "up_to_date",
        NOTE,
        ("stamped 77 minutes ahead of the file's time: the clock of the machine that wrote it is wrong",),
        read_up_to={"mx1": at(-17 * MINUTE)},
        warning=True,
    ),
    Situation(
        "hours ahead: the zone",
        (source(last=-8 * HOUR + 5 * SECOND, written_ms=at(4 * SECOND), zone="UTC", zone_by="system"),),
        "/var/log/mail.log is up to date; the times of its lines may be wrong",
        "up_to_date",
        NOTE,
        (
            "8 hours ahead of the file's time: is the zone right?",
            "It was read as of UTC, which is the system's zone; it is probably UTC+08:00.",
        ),
        read_up_to={"mx1": at(-8 * HOUR)},
        warning=True,
    ),
    Situation(
        "hours late, live: the zone",
        (source(last=2 * HOUR + SECOND, written_ms=at(SECOND), live=True, zone="Europe/Berlin", zone_by="set"),),
        "/var/log/mail.log is up to date; the times of its lines may be wrong",
        "up_to_date",
        NOTE,
        ("2 hours before it was written: is the zone right? It was read as of Europe/Berlin, as is set; it is probably UTC-01:00.",),
        read_up_to={"mx1": at(2 * HOUR)},
        warning=True,
    ),
    Situation(
        "an old copy is no wrong zone",
        (source(last=2 * HOUR + 7 * MINUTE, noted=HOUR, written_ms=at(HOUR), ended=Ended.FINISHED, zone="UTC", zone_by="system"),),
        "Read to its end on 24 Nov 11:00",
        "not_read finished",
    ),
    Situation(
        "lines of December, read in November",
        (source(last=356 * DAY, noted=HOUR, written_ms=at(HOUR), ended=Ended.FINISHED, zone="UTC", zone_by="system", year=2025),),
        "Read to its end on 24 Nov 11:00",
        "not_read finished",
        NOTE,
        ("355 days older than the file: its stamps name no year, and were taken as of 2025.",),
    ),
    Situation(
        "the clock was set back",
        (source(noted=-3 * HOUR, last=-3 * HOUR, written_ms=at(-3 * HOUR)),),
        "/var/log/mail.log is up to date; the times of its lines may be wrong",
        "up_to_date",
        NOTE,
        ("The reader's clock is 3 hours ahead of this machine's, or this one was set back.",),
        read_up_to={"mx1": at(-3 * HOUR)},
        warning=True,
    ),
    Situation(
        "60 % of the lines unknown",
        (
            source(
                unknown_lines=600,
                unknown=(UnknownLines("qmgr", 590, "x qmgr: y"), UnknownLines("smtp", 10)),
            ),
        ),
        "Complete up to 11:59:57, 3 seconds ago",
        "up_to_date",
        BAD,
        ("60.0 % of its lines are not understood: qmgr 590, smtp 10.", "590 lines of qmgr not understood, such as `x qmgr: y`"),
    ),
    Situation(
        "2 % of the lines unknown",
        (source(unknown_lines=20, unknown=(UnknownLines("smtp", 20),)),),
        "Complete up to 11:59:57, 3 seconds ago",
        "up_to_date",
        NOTE,
        ("2.0 % of its lines are not understood",),
    ),
    Situation(
        "no more among what is to be read",
        (source(last=9 * DAY, noted=2 * DAY, ended=Ended.DROPPED),),
        "Read up to 11:59:58, 2 seconds ago",
        "not_read dropped",
    ),
    Situation(
        "a store of an earlier release",
        (),
        "Read up to 11:59:58, 2 seconds ago",
        "not_read not_recorded",
        said=("How the reading of mx1 stands is not known",),
        empty="mx1 is read up to 24 Nov 2026 11:59 UTC; whether it is read on is not known.",
    ),
    Situation("nothing was ever read", (), "No log has been read yet", "", read_up_to={}, warning=True),
    Situation(
        "a reader on each of two machines",
        (source(domains=()), source("/var/log/exim.log")),
        "Complete up to 11:59:57, 3 seconds ago",
        "up_to_date",
        machines=("mx1", "mx2"),
        said=("mx2: /var/log/mail.log is up to date", "mx1: /var/log/mail.log is up to date", "/var/log/exim.log is up to date"),
    ),
)

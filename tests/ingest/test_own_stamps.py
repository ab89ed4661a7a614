"""Stamps of programs that write files of their own: Exim, Rspamd, spamd; and Exim's own stamp within syslog."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import astuple

from ingest.formats import framer_of, peek_time
from ingest.framing.line import Line
from ingest.framing.syslog import Framer

BERLIN = ZoneInfo("Europe/Berlin")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = "1vx04G-000001-0A"


def us(*parts: int) -> int:
    """A moment in UTC, in microseconds."""
    return (datetime(*parts, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)  # type: ignore[misc, arg-type]


def framed(text: str, framer: Framer | None = None) -> Line:
    """The line, which must be known."""
    line = (framer or framer_of("own.log", BERLIN)).frame(text)
    assert line is not None, text
    return line


@pytest.mark.parametrize(
    ("text", "time_us", "fine", "said"),
    [
        (f"2026-11-24 04:11:34 {_ID} Completed", us(2026, 11, 24, 3, 11, 34), False, ("exim", 0, f"{_ID} Completed")),
        (f"2026-07-24 04:11:34 {_ID} Completed", us(2026, 7, 24, 2, 11, 34), False, ("exim", 0, f"{_ID} Completed")),
        # log_selector = +millisec, log_timezone = yes, and both; the process stays in the text, for it may be a part of it.
        (f"2026-11-24 04:11:34.812 {_ID} x", us(2026, 11, 24, 3, 11, 34) + 812_000, True, ("exim", 0, f"{_ID} x")),
        (f"2026-11-24 04:11:34 -0500 {_ID} x", us(2026, 11, 24, 9, 11, 34), False, ("exim", 0, f"{_ID} x")),
        (f"2026-11-24 04:11:34.149 +0530 [213] {_ID} x", us(2026, 11, 23, 22, 41, 34) + 149_000, True, ("exim", 0, f"[213] {_ID} x")),
        ("2026-11-24 04:11:34 +05300 is no zone", us(2026, 11, 24, 3, 11, 34), False, ("exim", 0, "+05300 is no zone")),
        (
            "2026-11-24 04:04:02 #100(rspamd_proxy) <338c6f>; proxy; x",
            us(2026, 11, 24, 3, 4, 2),
            False,
            ("rspamd", 100, "<338c6f>; proxy; x"),
        ),
        # log_usec with its five digits, log_severity.
        ("2026-11-24 04:04:02.64434 #99(main) lua; x", us(2026, 11, 24, 3, 4, 2) + 644_340, True, ("rspamd", 99, "lua; x")),
        ("2026-11-24 04:04:02.72868 [info] #99(main) lua; x", us(2026, 11, 24, 3, 4, 2) + 728_680, True, ("rspamd", 99, "lua; x")),
        ("2026-11-24 04:04:02 [warning] #7(normal) <a>; x", us(2026, 11, 24, 3, 4, 2), False, ("rspamd", 7, "<a>; x")),
        ("Tue Nov 24 04:11:29 2026 [85] info: spamd: x", us(2026, 11, 24, 3, 11, 29), False, ("spamd", 85, "info: spamd: x")),
        ("Tue Nov  3 04:11:29 2026 [85] info: spamd: x", us(2026, 11, 3, 3, 11, 29), False, ("spamd", 85, "info: spamd: x")),
    ],
)
def test_own_files(text: str, time_us: int, fine: bool, said: tuple[str, int, str]) -> None:
    """Each names its program by its shape, and no host; a stamp without a zone is of the file's."""
    line = framed(text)
    assert (line.time_us, line.fine, line.host) == (time_us, fine, "")
    assert ((line.program, line.pid, line.text), line.tag, line.raw) == (said, said[0], text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-31 04:11:34 x",
        "2026-11-24 24:11:34 x",
        "2026-11-24 04:11:34x",
        "2026-11-24 04:11:34 +9900 x",
        " Suggested action: use keep_environment.",
        "P Received: from x",
        "\t<bob@example.net>",
        "Tue Nov 31 04:11:29 2026 [85] info: x",
    ],
)
def test_what_is_no_stamp_of_them(text: str) -> None:
    """Headers behind a refusal, and days that are none, have no stamp."""
    assert framer_of("rejectlog", BERLIN).frame(text) is None


def test_short_way() -> None:
    """Remembering the last second changes no result."""
    stamps = ["04:11:34", "04:11:34", "04:11:34.5", "04:11:34 +0530", "04:11:34 -0500", "04:11:34", "04:11:35.25 +0100", "04:11:35"]
    framer = framer_of("mainlog", BERLIN)
    for stamp in stamps:
        text = f"2026-11-24 {stamp} x"
        assert astuple(framed(text, framer)) == astuple(framed(text, framer_of("mainlog", BERLIN))), stamp


def test_the_hour_that_comes_twice() -> None:
    """Without a zone the order of the file tells in which pass a line is, with one the line does."""
    framer = framer_of("mainlog", BERLIN)
    times = [
        framed(f"2026-10-25 {stamp} x", framer).time_us
        for stamp in ("01:59:59", "02:10:00", "02:59:59", "02:00:00", "02:30:00", "03:00:00")
    ]
    first = us(2026, 10, 24, 23, 59, 59)
    assert [(time - first) // 1_000_000 for time in times] == [0, 601, 3600, 3601, 5401, 7201]
    framer = framer_of("mainlog", BERLIN)
    stamps = ("02:59:59 +0200", "02:59:59 +0100", "02:00:00 +0200")
    assert [(framed(f"2026-10-25 {stamp} x", framer).time_us - first) // 1_000_000 for stamp in stamps] == [3600, 7200, 1]


def test_reading_on_in_the_hour_that_comes_twice() -> None:
    """The time of the line at the position tells in which pass the file is."""
    framer = framer_of("mainlog", BERLIN)
    framed("2026-10-25 02:50:00 x", framer)
    second = framed("2026-10-25 02:10:00 x", framer)
    resumed = framer_of("mainlog", BERLIN)
    resumed.resume(None, second.time_us)
    assert framed("2026-10-25 02:10:00 x", resumed).time_us == second.time_us


def test_peeking() -> None:
    """The stamp of a first line names the year, and the zone where it has one."""
    stamp = peek_time("2026-11-24 04:11:34.149 +0530 [213] x")
    assert stamp is not None
    assert (stamp.year, stamp.microsecond, stamp.fine, stamp.offset) == (2026, 149_000, True, timedelta(hours=5, minutes=30))
    stamp = peek_time("2026-11-24 04:04:02 #100(rspamd_proxy) <338c6f>; x")
    assert stamp is not None
    assert (stamp.year, stamp.fine, stamp.offset) == (2026, False, None)


def _stamp(moment: datetime, digits: int, *, zone: bool) -> str:
    """Exim's own stamp."""
    fraction = f".{moment.microsecond // 1000:03d}" if digits else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}{f' {moment:%z}' if zone else ''}"


_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))
#: Zones lie a quarter of an hour apart.
_OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
_LATE = st.integers(0, 400_000)


@given(_MOMENTS, _OFFSETS, _OFFSETS, _LATE, st.tuples(st.booleans(), st.booleans(), st.sampled_from(["", "[1/2] ", "[2\\2] "])))
@example(datetime(2026, 1, 1), timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), 1, (False, False, ""))
def test_in_syslog_as_in_its_own_file(
    moment: datetime, zone: timezone, theirs: timezone, late_ms: int, form: tuple[bool, bool, str]
) -> None:
    """Exim's stamp in a line of syslog gives what it gives in Exim's own file, whichever zone the transport writes, and a while later."""
    milliseconds, named, piece = form
    at = moment.replace(tzinfo=zone)
    own = f"{_stamp(at, 3 * milliseconds, zone=named)} {_ID} Completed"
    file = framed(own, framer_of("mainlog", zone))
    transport = (at + timedelta(milliseconds=late_ms)).astimezone(theirs)
    for tag in ("exim[90]", "exim4[90]", "exim"):
        line = framed(f"{transport.isoformat(timespec='microseconds')} mx1 {tag}: {piece}{own}", framer_of("mail.log", UTC))
        assert (line.time_us, line.fine, line.tag, line.program, line.host) == (file.time_us, milliseconds, "exim", "exim", "mx1")
        assert line.text == f"{piece}{file.text}"


@given(_MOMENTS, st.integers(-12 * 4 + 1, 12 * 4 - 1), st.integers(-3, 3), _LATE)
def test_in_traditional_syslog_the_year_is_exims(moment: datetime, quarters: int, years: int, late_ms: int) -> None:
    """A stamp of syslog that names no year is taken for another one: Exim's own stamp has it right."""
    zone = timezone(timedelta(minutes=15 * quarters))
    at = moment.replace(tzinfo=zone)
    transport = at + timedelta(milliseconds=late_ms)
    assume((transport.month, transport.day) != (2, 29))
    file = framed(f"{_stamp(at, 0, zone=False)} {_ID} Completed", framer_of("mainlog", zone))
    framer = framer_of("mail.log", zone, transport.year + years)
    line = framed(
        f"{transport:%b} {transport.day:2d} {transport:%H:%M:%S} mx1 exim[90]: {_stamp(at, 0, zone=False)} {_ID} Completed", framer
    )
    assert (line.time_us, line.fine, line.text) == (file.time_us, False, file.text)


def test_what_is_no_stamp_in_syslog() -> None:
    """Without its own stamp a line has the transport's time; other programs' texts are their own."""
    line = framed(f"2026-11-24T04:11:34.5+01:00 mx1 exim[90]: {_ID} Completed")
    assert (line.time_us, line.fine, line.text) == (us(2026, 11, 24, 3, 11, 34) + 500_000, True, f"{_ID} Completed")
    line = framed("2026-11-24T04:11:34.5+01:00 mx1 exim[90]: 2026-11-31 04:11:34 x")
    assert (line.time_us, line.text) == (us(2026, 11, 24, 3, 11, 34) + 500_000, "2026-11-31 04:11:34 x")
    line = framed("2026-11-24T04:11:34.5+01:00 mx1 other[90]: 2026-11-24 04:11:34 x")
    assert (line.program, line.text) == ("other", "2026-11-24 04:11:34 x")

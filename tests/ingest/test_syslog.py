"""Framing: what the transport says about a line, in every form that we know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from ingest.formats import framer_of, peek_time
from ingest.framing.line import Line
from ingest.framing.syslog import Framer
from ingest.framing.year import guess_year

BERLIN = ZoneInfo("Europe/Berlin")


def framed(text: str, year: int | None = 2026) -> Line:
    """The line, which must be known."""
    line = framer_of("mail.log", UTC, year).frame(text)
    assert line is not None, text
    return line


def us(*parts: int) -> int:
    """A moment in UTC, in microseconds."""
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def when(framer: Framer, text: str) -> datetime:
    """The time of a line in UTC."""
    line = framer.frame(f"{text} mx1 postfix/smtpd[1]: x")
    assert line is not None, text
    return datetime.fromtimestamp(line.time_us / 1e6, UTC)


@pytest.mark.parametrize(
    ("text", "time_us", "fine"),
    [
        ("Nov 24 04:03:39 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 4, 3, 39), False),
        ("Nov  4 04:03:39 mx1 postfix/smtpd[255]: text", us(2026, 11, 4, 4, 3, 39), False),
        ("Nov 04 04:03:39 mx1 postfix/smtpd[255]: text", us(2026, 11, 4, 4, 3, 39), False),
        ("Nov 4 04:03:39 mx1 postfix/smtpd[255]: text", us(2026, 11, 4, 4, 3, 39), False),
        ("Nov 24 04:03:39.25 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 4, 3, 39) + 250_000, True),
        ("<22>Nov 24 04:03:39 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 4, 3, 39), False),
        ("2026-11-24T03:53:14.311264+00:00 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 3, 53, 14) + 311_264, True),
        ("2026-11-24T03:53:14.311264Z mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 3, 53, 14) + 311_264, True),
        ("2026-11-24T03:53:14.311+01:00 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 2, 53, 14) + 311_000, True),
        ("2026-11-24T03:53:14.311264999-05:30 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 9, 23, 14) + 311_264, True),
        ("2026-11-24T03:53:14+0100 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 2, 53, 14), False),
        ("2026-11-24T03:53:14 mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 3, 53, 14), False),
        ("<22>2026-11-24T03:53:14.3Z mx1 postfix/smtpd[255]: text", us(2026, 11, 24, 3, 53, 14) + 300_000, True),
        ("<22>1 2026-11-24T03:53:14.3Z mx1 postfix/smtpd 255 - - text", us(2026, 11, 24, 3, 53, 14) + 300_000, True),
        ('<22>1 2026-11-24T03:53:14Z mx1 postfix/smtpd 255 ID [a x="]\\"] "][b] \ufefftext', us(2026, 11, 24, 3, 53, 14), False),
    ],
)
def test_every_form_of_one_line_says_the_same(text: str, time_us: int, fine: bool) -> None:
    """A line's facts do not depend on who wrote it down."""
    line = Line(time_us, fine, "mx1", "postfix/smtpd", "smtpd", 255, "text", text, "mail.log")
    assert astuple(framed(text)) == astuple(line)


def test_a_second_line_with_the_same_layout_takes_the_short_way_to_the_same_result() -> None:
    """Remembering the last stamp changes no result."""
    stamps = [
        "2026-11-24T03:53:14.311264+00:00",
        "2026-11-24T03:53:14.999999+00:00",
        "2026-11-24T03:53:14.000001+01:00",
        "2026-11-24T03:53:14.5+01:00",
        "2026-11-24T03:53:14.6+01:00",
        "2026-11-24T03:53:14+01:00",
        "2026-11-24T03:53:14+01:00",
        "2026-11-24T03:53:14.123456789Z",
        "2026-11-24T03:53:14.123457789Z",
        "2026-11-24T03:53:15.123457789Z",
        "Nov 24 03:53:15",
        "Nov 24 03:53:15",
        "Nov 24 03:53:16",
    ]
    framer = framer_of("f", UTC, 2026)
    for stamp in stamps:
        line = framer.frame(f"{stamp} mx1 a[1]: x")
        fresh = framer_of("f", UTC, 2026).frame(f"{stamp} mx1 a[1]: x")
        assert line is not None
        assert line is not None
        assert fresh is not None
        assert astuple(line) == astuple(fresh), stamp


@pytest.mark.parametrize(
    ("header", "tag", "program", "pid", "text"),
    [
        ("postfix/submission/smtpd[325]: a: b", "postfix/submission/smtpd", "smtpd", 325, "a: b"),
        ("postfix-out/smtp[7]: x", "postfix-out/smtp", "smtp", 7, "x"),
        ("postfix-10.20.30.40/smtp[7]: x", "postfix-10.20.30.40/smtp", "smtp", 7, "x"),
        ("amavis[1]: (00361-05) x", "amavis", "amavis", 1, "(00361-05) x"),
        ("amavis: x", "amavis", "amavis", 0, "x"),
        ("amavis[x]: y", "amavis", "amavis", 0, "y"),
        ("(squid-1)[12]: x", "(squid-1)", "(squid-1)", 12, "x"),
        ("postfix/smtpd[12]:x y", "postfix/smtpd", "smtpd", 12, "x y"),
        ("postfix/smtpd[12]:", "postfix/smtpd", "smtpd", 12, ""),
        ("postfix/smtpd[12]: ", "postfix/smtpd", "smtpd", 12, ""),
        ("last message repeated 2 times", "", "", 0, "last message repeated 2 times"),
        ("a/[99999999999999999999]: x", "a/", "a/", 0, "x"),
        (": x", "", "", 0, ": x"),
        ("[3]: x", "[3]", "[3]", 0, "x"),
    ],
)
def test_tags_are_taken_apart(header: str, tag: str, program: str, pid: int, text: str) -> None:
    """The last part of the tag is the program, and an odd tag is no error, in both forms of the stamp."""
    for stamp in ("Nov 24 04:03:39", "2026-11-24T04:03:39.5Z"):
        line = framed(f"{stamp} mx1 {header}")
        assert (line.host, line.tag, line.program, line.pid, line.text) == ("mx1", tag, program, pid, text)


def test_a_line_without_host_has_none() -> None:
    """Where a file names no host the tag is not taken for one."""
    line = framed("Nov 24 04:03:39 postfix/smtpd[255]: connect from x")
    assert (line.host, line.tag, line.text) == ("", "postfix/smtpd", "connect from x")


def test_clamavs_own_file_is_known() -> None:
    """ClamAV's lines name neither host nor process, and are of its local time."""
    line = framer_of("clamav.log", BERLIN, None).frame("Tue Nov 24 04:06:21 2026 -> parts/p1: Eicar FOUND")
    assert line is not None
    assert (line.time_us, line.fine, line.host) == (us(2026, 11, 24, 3, 6, 21), False, "")
    assert (line.tag, line.program, line.pid, line.text) == ("clamd", "clamd", 0, "parts/p1: Eicar FOUND")


def test_journald_entries_are_known() -> None:
    """The message may be a string or a list of bytes, the pid one of two, and a field may stand there twice."""
    entry: dict[str, object] = {
        "__REALTIME_TIMESTAMP": "1795493181019342",
        "_HOSTNAME": "mx1",
        "SYSLOG_IDENTIFIER": "postfix/smtpd",
        "_PID": "77",
        "MESSAGE": [116, 255, 10],
        "PRIORITY": "6",
    }
    line = framed(json.dumps(entry))
    assert (line.time_us, line.fine, line.host, line.program, line.pid) == (1795493181019342, True, "mx1", "smtpd", 77)
    assert line.text == "t\udcff\n"
    entry |= {"MESSAGE": ["first", "second"], "SYSLOG_PID": "78"}
    line = framed(json.dumps(entry))
    assert (line.text, line.pid) == ("first", 78)
    stamp = peek_time(json.dumps(entry))
    assert stamp is not None
    assert (stamp.year, stamp.month, stamp.day) == (2026, 11, 24)
    for broken in ('{"MESSAGE": "x"}', "{", '{"__REALTIME_TIMESTAMP": "1e5"}', "{" * 100_000):
        assert framer_of("f", UTC, 2026).frame(broken) is None


def test_nul_bytes_before_a_line_are_dropped_and_escapes_stay() -> None:
    """A hole that a crash left costs no line, and what rsyslog wrote as an escape is not touched."""
    text = "Nov 24 04:03:39 mx1 amavis[1]: a#011b\udcff"
    line = framed("\0\0\0" + text)
    assert (line.text, line.raw) == ("a#011b\udcff", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "Suggested action: use keep_environment.",
        "Nov 31 04:03:39 mx1 a[1]: x",
        "Foo 24 04:03:39 mx1 a[1]: x",
        "Nov 24 24:03:39 mx1 a[1]: x",
        "Nov 24 04:61:39 mx1 a[1]: x",
        "Feb 29 04:03:39 mx1 a[1]: x",
        "2026-02-29T04:03:39Z mx1 a[1]: x",
        "2026-11-24T04:03:39+25:00 mx1 a[1]: x",
        "0000-11-24T04:03:39Z mx1 a[1]: x",
        "2026-11-24T04:03:39.Z mx1 a[1]: x",
        "<22>1 2026-11-24T03:53:14.3Z mx1 postfix/smtpd 255 - [a text",
        "<22>1 2026-11-24T03:53:14.3Z mx1",
        "Tue Nov 31 04:06:21 2026 -> x",
    ],
)
def test_what_has_no_stamp_that_we_know_is_none(text: str) -> None:
    """A line without a valid stamp is for the caller to count."""
    assert framer_of("f", UTC, 2026).frame(text) is None


def test_the_29th_of_february_is_a_day_of_leap_years() -> None:
    """A day is valid in the year of the file."""
    assert framed("Feb 29 04:03:39 mx1 a[1]: x", 2028).time_us == us(2028, 2, 29, 4, 3, 39)


@pytest.mark.parametrize(
    ("days", "years"),
    [
        (["Nov 20", "Jan  5"], [2025, 2026]),
        (["Oct  1", "Feb 28", "Feb 27", "Mar  1"], [2025, 2026, 2026, 2026]),
        (["Sep 20", "Mar  5"], [2025, 2026]),
        (["Dec 31", "Jun 15", "Nov  1", "Apr  1"], [2025, 2026, 2026, 2027]),
        # Lines out of order, or files put together, by less than half a year.
        (["Aug 20", "Mar  5"], [2025, 2025]),
        (["Jul  1", "Jan 15"], [2025, 2025]),
        # The first line is of December.
        (["Dec  1", "Nov 30"], [2025, 2025]),
    ],
)
def test_the_year_rises_where_the_day_falls_by_more_than_half_a_year(days: list[str], years: list[int]) -> None:
    """A server on which little happens need not log in December and January."""
    framer = framer_of("f", UTC, 2025)
    assert [when(framer, f"{day} 12:00:00").year for day in days] == years


def test_the_year_turns_once_where_december_becomes_january() -> None:
    """Lines that come late or early around the turn get their own year, and turn nothing."""
    framer = framer_of("f", UTC, 2025)
    days = [
        "Dec 30",
        "Dec 28",
        "Dec 31",
        "Jan  1",
        "Dec 31",
        "Jan  2",
        "Feb  1",
        "Jan 30",
        "Feb  2",
        "Dec  1",
        "Nov 30",
        "Dec 31",
        "Jan  1",
    ]
    years = [when(framer, f"{day} 12:00:00").year for day in days]
    assert years == [2025, 2025, 2025, 2026, 2025, 2026, 2026, 2026, 2026, 2026, 2026, 2026, 2027]
    assert framer.year_now == 2027


@given(st.lists(st.integers(-6, 60), min_size=1, max_size=30), st.integers(0, 29))
def test_resuming_at_any_line_gives_the_same_times(steps: list[int], cut: int) -> None:
    """With the year and the time of the line at which a file is read on, the rest of it is framed as before."""
    moments = [datetime(2025, 11, 1, 12, tzinfo=UTC)]
    for half_days in steps:
        moments.append(moments[-1] + timedelta(hours=12 * half_days))
    texts = [f"{moment:%b %d %H:%M:%S} mx1 a[1]: x" for moment in moments]
    cut = min(cut, len(texts) - 1)
    framer = framer_of("f", UTC, 2025)
    lines, states = [], []
    for text in texts:
        lines.append(_framed(framer, text))
        states.append(framer.year_now)
    resumed = framer_of("f", UTC)
    resumed.resume(states[cut], lines[cut].time_us)
    assert [astuple(_framed(resumed, text)) for text in texts[cut:]] == [astuple(line) for line in lines[cut:]]


def _framed(framer: Framer, text: str) -> Line:
    line = framer.frame(text)
    assert line is not None, text
    return line


def test_the_hour_that_a_change_of_clocks_repeats_is_told_by_the_order_of_the_file() -> None:
    """The second pass begins where the stamps fall back, not where lines are a little out of order."""
    framer = framer_of("f", BERLIN, 2026)
    stamps = ["01:59:59", "02:00:01", "02:00:00", "02:59:59", "02:59:58", "02:00:00", "02:30:00", "02:29:59", "02:59:59", "03:00:00"]
    times = [when(framer, f"Oct 25 {stamp}") for stamp in stamps]
    assert [f"{time:%H:%M:%S}" for time in times] == [
        "23:59:59",
        "00:00:01",
        "00:00:00",
        "00:59:59",
        "00:59:58",
        "01:00:00",
        "01:30:00",
        "01:29:59",
        "01:59:59",
        "02:00:00",
    ]


def test_reading_on_in_the_repeated_hour_stays_in_its_pass() -> None:
    """The time of the line at the position tells in which pass the file is."""
    framer = framer_of("f", BERLIN, 2026)
    when(framer, "Oct 25 02:50:00")
    second = when(framer, "Oct 25 02:10:00")
    resumed = framer_of("f", BERLIN)
    resumed.resume(2026, int(second.timestamp()) * 1_000_000)
    assert when(resumed, "Oct 25 02:10:00") == second


def test_a_time_that_a_change_of_clocks_skips_is_no_error() -> None:
    """A clock that was not set yet still has its place."""
    assert when(framer_of("f", BERLIN, 2026), "Mar 29 02:30:00") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_offsets_may_change_within_a_file() -> None:
    """Each stamp counts with its own offset."""
    framer = framer_of("f", UTC)
    assert when(framer, "2026-10-25T02:59:59.000000+02:00") == datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)
    assert when(framer, "2026-10-25T02:59:59.000000+01:00") == datetime(2026, 10, 25, 1, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month_day", "name", "mtime", "known", "year"),
    [
        ((12, 30), "mail.log", (2027, 1, 2), None, 2026),
        ((1, 2), "mail.log", (2027, 1, 2), None, 2027),
        ((1, 3), "mail.log", (2027, 1, 2), None, 2027),
        ((1, 4), "mail.log", (2027, 1, 2), None, 2026),
        ((2, 29), "mail.log", (2027, 1, 2), None, 2024),
        ((12, 30), "/var/log/mail.log-20251231", (2027, 1, 2), None, 2025),
        ((1, 1), "mail-2025-12-31.log", (2027, 1, 2), None, 2025 + 1),
        ((2, 1), "mail-2025-12-31.log.gz", (2027, 1, 2), None, 2025),
        ((6, 1), "maillog.202507.gz", (2027, 1, 2), None, 2025),
        ((6, 1), "mail.log-1764547200", (2027, 1, 2), None, 2025),
        ((6, 1), "mail.log-2025123123", (2027, 1, 2), None, 2025),
        ((6, 1), "mail.99999999", (2026, 7, 2), None, 2026),
        ((1, 2), "mail.log-20251231", (2027, 1, 2), (2026, 12, 30), 2027),
        ((12, 30), "mail.log", (2027, 1, 2), (2025, 1, 2), 2024),
        ((2, 29), "mail.log", (2027, 1, 2), (2026, 12, 30), 2024),
    ],
)
def test_the_year_is_found_in_the_order_of_what_is_surest(
    month_day: tuple[int, int], name: str, mtime: tuple[int, int, int], known: tuple[int, int, int] | None, year: int
) -> None:
    """Another file's time goes before the name, and that before the time of change, which is the latest possible."""
    assert guess_year(month_day, name, us(*mtime), us(*known) if known else None) == year


def test_a_framer_without_year_finds_it_from_its_file() -> None:
    """The time of change is the latest that the first line can be, and the year turns after it."""
    framer = framer_of("mail.log", UTC, None, us(2027, 1, 2))
    assert framer.year_now is None
    assert [when(framer, f"{day} 12:00:00").year for day in ("Dec 30", "Jan  1")] == [2026, 2027]


def test_peeking_names_what_a_stamp_names() -> None:
    """The stamp of a first line tells whether the file names years and zones."""
    stamp = peek_time("Nov 24 04:03:39 mx1 a[1]: x")
    assert stamp is not None
    assert (stamp.year, stamp.month, stamp.day, stamp.offset, stamp.fine) == (None, 11, 24, None, False)
    stamp = peek_time("<22>1 2026-11-24T03:53:14.5-01:00 mx1 a 1 - - x")
    assert stamp is not None
    assert (stamp.year, stamp.microsecond, stamp.offset) == (2026, 500_000, timedelta(hours=-1))
    stamp = peek_time("Tue Nov 24 04:06:21 2026 -> x")
    assert stamp is not None
    assert (stamp.year, stamp.month, stamp.second) == (2026, 11, 21)
    assert peek_time("nothing") is None


KNOWN = [
    "Nov 24 04:03:39 mx1 postfix/smtpd[255]: connect",
    "2026-11-24T03:53:14.311264+00:00 mx1 postfix/smtpd[255]: connect",
    '<22>1 2026-11-24T03:53:14.3Z mx1 postfix/smtpd 255 ID [a x="y"] text',
    '{"__REALTIME_TIMESTAMP":"1795493181019342","_HOSTNAME":"mx1","MESSAGE":[1,2]}',
    "Tue Nov 24 04:06:21 2026 -> text",
    "2026-11-24 04:11:34.812 +0530 [213] 1vx04G-000001-0A Completed",
    "2026-11-24 04:04:02.72868 [info] #99(main) <338c6f>; proxy; x",
    "Tue Nov 24 04:11:29 2026 [85] info: spamd: x",
    "Nov 24 04:11:34 mx1 exim[90]: [1\\2] 2026-11-24 04:11:34 1vx04G-000001-0A Completed",
]


@given(st.sampled_from(KNOWN), st.lists(st.tuples(st.integers(0, 80), st.text(max_size=3), st.booleans()), max_size=6))
def test_mutated_lines_never_raise(text: str, changes: list[tuple[int, str, bool]]) -> None:
    """Whatever stands in a line, it is framed or it is not."""
    framer = framer_of("f", BERLIN, 2026)
    for at, insert, replace in changes:
        text = text[:at] + insert + text[at + len(insert) * replace :]
        line = framer.frame(text)
        assert line is None or line.raw in text
        peek_time(text)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60), max_size=5))
def test_random_lines_never_raise(texts: list[str]) -> None:
    """Text that is no log, surrogates among it, is no error."""
    framer = framer_of("f", UTC, None, 0)
    for text in texts:
        framer.frame(text)
        peek_time(text)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
)
def test_stamps_with_a_zone_mean_what_they_say(moment: datetime, minutes: int, digits: int) -> None:
    """Every RFC 3339 stamp is read to the microsecond."""
    zone = timezone(timedelta(minutes=minutes))
    sign = "-" if minutes < 0 else "+"
    fraction = f".{moment.microsecond:06}000"[: digits + 1] if digits else ""
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    cut = moment.replace(microsecond=int((fraction[1:7] or "0").ljust(6, "0")), tzinfo=zone)
    line = framed(f"{text} mx1 a[1]: x")
    assert line.time_us == (cut - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert line.fine == bool(digits)


MOMENT = us(2026, 11, 24, 3, 53, 14) + 311_264


@pytest.mark.parametrize(
    ("text", "host", "tag", "pid", "said"),
    [
        # rsyslog with `global(parser.permitSlashInProgramName="on")`, and a program that is no daemon of a suite.
        ("<22>1 2026-11-24T03:53:14.311264+00:00 mx1 postfix/smtpd 255 - - connect", "mx1", "postfix/smtpd", 255, "connect"),
        ("<21>1 2026-11-24T04:53:14.311264+01:00 mx1 amavis 235 - - (1-01) x", "mx1", "amavis", 235, "(1-01) x"),
        # syslog-ng with `flags(syslog-protocol)`, and what its network source knows of the sender.
        (
            '<22>1 2026-11-24T03:53:14.311264+00:00 mx1 postfix/qmgr 77 - [meta sequenceId="1"] A: removed',
            "mx1",
            "postfix/qmgr",
            77,
            "A: removed",
        ),
        (
            '<22>1 2026-11-24T03:53:14.311264Z mx1 exim 9 - [origin ip="192.0.2.1"][meta sequenceId="2" x="a \\] b"] \ufeffGrüße',
            "mx1",
            "exim",
            9,
            "Grüße",
        ),
        # util-linux' logger.
        ('<13>1 2026-11-24T03:53:14.311264+00:00 mx1 root - - [timeQuality tzKnown="1" isSynced="0"] a - b', "mx1", "root", 0, "a - b"),
        # Nothing is known but the time; the text may be missing, or begin with what looks like the header's parts.
        ("<22>1 2026-11-24T03:53:14.311264Z - - - - - text", "", "", 0, "text"),
        ("<22>1 2026-11-24T03:53:14.311264Z mx1 opendkim - - -", "mx1", "opendkim", 0, ""),
        ("<22>1 2026-11-24T03:53:14.311264Z mx1 opendkim - ID47 - - [x] text", "mx1", "opendkim", 0, "- [x] text"),
        # A process' id that is no number, and one in the name.
        ("<22>1 2026-11-24T03:53:14.311264Z mx1 amavis main - - text", "mx1", "amavis", 0, "text"),
        ("<22>1 2026-11-24T03:53:14.311264Z mx1 amavis[235] - - - text", "mx1", "amavis", 235, "text"),
    ],
)
def test_rfc_5424_as_it_is_written(text: str, host: str, tag: str, pid: int, said: str) -> None:
    """rsyslog, syslog-ng and others write the same standard in their own ways."""
    line = framed(text, None)
    assert (line.time_us, line.fine) == (MOMENT, True)
    assert (line.host, line.tag, line.program, line.pid, line.text) == (host, tag, tag.rpartition("/")[2], pid, said)
    assert line.raw == text


@pytest.mark.parametrize(
    "text",
    [
        "<22>1 - mx1 postfix/smtpd 255 - - no stamp",
        '<22>1 2026-11-24T03:53:14Z mx1 postfix/smtpd 255 - [a x="1" text',
        '<22>1 2026-11-24T03:53:14Z mx1 postfix/smtpd 255 - [a x="1\\"] text',
        "<22>2 2026-11-24T03:53:14Z mx1 postfix/smtpd 255 - - text",
    ],
)
def test_rfc_5424_without_what_it_needs_is_not_known(text: str) -> None:
    """No stamp, structured data that does not end, another version: for the caller to count."""
    assert framer_of("f", UTC, 2026).frame(text) is None


def test_structured_data_that_a_stranger_filled_is_read_in_time() -> None:
    """Brackets, quotes and backslashes over and over cost no more than their length."""
    for piece in ("[a]", '[a x="', "\\", '"', '\\"', "[", '[a x="\\]"]'):
        framer_of("f", UTC, 2026).frame("<22>1 2026-11-24T03:53:14Z mx1 a 1 - " + piece * (200_000 // len(piece)))

"""The zone of stamps that name none, as message ids say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.formats import framer_of
from ingest.framing.syslog import Framer

BERLIN = ZoneInfo("Europe/Berlin")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def exim_id(moment: datetime) -> str:
    """An id that was made then."""
    seconds, text = int(moment.timestamp()), ""
    for _ in range(6):
        seconds, digit = divmod(seconds, 62)
        text = _BASE62[digit] + text
    return f"{text}-000001-0A"


def arrived(moment: datetime, zone: tzinfo, seconds: float = 1) -> str:
    """A message whose id was made at a moment, and which was there so much later, by a clock in this zone."""
    return f"{(moment + timedelta(seconds=seconds)).astimezone(zone):%Y-%m-%d %H:%M:%S} {exim_id(moment)} <= a@example.com P=local S=1"


def done(moment: datetime, at: datetime, zone: tzinfo) -> str:
    """The end of a message whose id was made at a moment."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} {exim_id(moment)} Completed"


def off(framer: Framer, text: str, at: datetime) -> timedelta:
    """How far the time of a line is from when it was written."""
    line = framer.frame(text)
    assert line is not None
    return datetime.fromtimestamp(line.time_us / 1e6, UTC) - at


def free(zone: tzinfo = UTC) -> Framer:
    """A framer whose zone is only guessed."""
    return framer_of("mainlog", zone, zone_set=False)


NONE = timedelta()
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@given(st.integers(-12 * 4, 14 * 4), st.integers(0, 55), st.sampled_from([UTC, BERLIN]))
def test_a_message_that_has_come_in_tells_the_zone(quarters: int, late: int, guessed: tzinfo) -> None:
    """From this line on all are of it; also where the guess was right. By a quarter of an hour a message may have been slow."""
    zone, framer = timezone(timedelta(minutes=15 * quarters)), free(guessed)
    assume(zone.utcoffset(None) - (guessed.utcoffset(NOON) or NONE) != timedelta(minutes=15))
    assert off(framer, arrived(NOON, zone, late), NOON + late * SECOND) == NONE
    assert off(framer, done(NOON - 100 * HOUR, NOON + HOUR, zone), NOON + HOUR) == NONE


def test_a_message_that_was_refused_when_it_had_come_in_tells_it_as_well() -> None:
    """`rejectlog` has no others with an id."""
    text = f"2026-07-01 17:30:01 {exim_id(NOON)} H=mail.example.com [192.0.2.7] F=<a@example.com> rejected after DATA: no"
    assert off(free(), text, NOON + SECOND) == NONE


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_summer_time_is_followed(day: datetime) -> None:
    """The first message behind the change tells it, both ways; the zone of this machine is another one."""
    framer = free(ZoneInfo("America/New_York"))
    for minutes in range(0, 300, 10):
        moment = day + timedelta(minutes=minutes)
        assert off(framer, arrived(moment, BERLIN), moment + SECOND) == NONE, moment


@pytest.mark.parametrize("seconds", [59, 300, 20 * 60, 45 * 60, 2 * 3600, 2 * 3600 + 400])
def test_what_comes_in_slowly_tells_nothing(seconds: int) -> None:
    """A command whose output becomes mail may run for hours; once it is known, the zone is not moved by that."""
    framer = free()
    assert off(framer, arrived(NOON, BERLIN), NOON + SECOND) == NONE
    assert off(framer, arrived(NOON + HOUR, BERLIN, seconds), NOON + HOUR + seconds * SECOND) == NONE
    assert off(framer, arrived(NOON + 9 * HOUR, BERLIN), NOON + 9 * HOUR + SECOND) == NONE


def test_what_was_too_slow_by_exactly_an_hour_is_made_good_by_the_next() -> None:
    """It looks like summer time; but no message is logged before it begins."""
    framer = free()
    off(framer, arrived(NOON, UTC), NOON)
    assert off(framer, arrived(NOON, UTC, 3601), NOON + 3601 * SECOND) == -HOUR
    assert off(framer, arrived(NOON + 2 * HOUR, UTC), NOON + 2 * HOUR + SECOND) == NONE
    assert framer.file_zone.of_ids is None


@pytest.mark.parametrize(
    "text",
    [
        f"2026-07-01 15:00:01 +0300 {exim_id(NOON)} <= a@example.com P=local S=1",
        f"2026-07-01T15:00:01.000000+03:00 mx1 exim[7]: {exim_id(NOON)} <= a@example.com P=local S=1",
        f"2026-07-01T12:00:01.000000+00:00 mx1 exim[7]: 2026-07-01 15:00:01 {exim_id(NOON)} <= a@example.com P=local S=1",
    ],
)
def test_a_stamp_that_names_its_zone_is_right(text: str) -> None:
    """Then nothing is learned of stamps that name none."""
    framer = free()
    assert off(framer, text, NOON + SECOND) == NONE
    assert framer.file_zone.of_ids is None


def test_traditional_syslog() -> None:
    """The stamp of the transport names no zone, and that within may be of another one."""
    framer = framer_of("mail.log", UTC, 2026, zone_set=False)
    assert off(framer, f"Jul  1 15:00:01 mx1 exim[7]: {exim_id(NOON)} <= a@example.com P=local S=1", NOON + SECOND) == NONE
    assert off(framer, f"Jul  1 15:00:02 mx1 exim[7]: 2026-07-01 17:00:02 {exim_id(NOON)} Completed", NOON + 2 * SECOND) == NONE
    assert off(framer, "Jul  1 15:00:02 mx1 spamd[8]: spamd: connection from localhost", NOON + 2 * SECOND) == NONE


def test_one_host_tells_the_zone_of_a_file() -> None:
    """A file that collects the lines of several has one zone; hosts that do not agree do not move it to and fro."""
    framer = framer_of("mail.log", UTC, 2026, zone_set=False)
    for host, written in (("mx1", "15"), ("mx2", "12"), ("mx1", "15"), ("mx2", "12")):
        framer.frame(f"Jul  1 {written}:00:01 {host} exim[7]: {exim_id(NOON)} <= a@example.com P=local S=1")
        assert framer.file_zone.of_ids == "UTC+03:00"


@pytest.mark.parametrize("moment", [NOON - timedelta(days=4000), NOON + timedelta(days=2)])
def test_an_id_that_is_days_away_tells_nothing(moment: datetime) -> None:
    """No zone is so far from another."""
    framer = free()
    assert off(framer, f"2026-07-01 12:00:01 {exim_id(moment)} <= a@example.com P=local S=1", NOON + SECOND) == NONE
    assert framer.file_zone.of_ids is None


def test_a_zone_that_is_set_stands() -> None:
    """What ids say instead is known, until one says that it is right."""
    framer = framer_of("mainlog", UTC)
    assert off(framer, arrived(NOON, BERLIN), NOON + SECOND) == 2 * HOUR
    assert framer.file_zone.of_ids == "UTC+02:00"
    assert off(framer, arrived(NOON, UTC), NOON + SECOND) == NONE
    assert framer.file_zone.of_ids is None


@given(st.lists(st.tuples(st.integers(0, 9000), st.booleans()), min_size=1, max_size=20), st.integers(0, 19))
def test_reading_on_at_any_line_gives_the_same_times(steps: list[tuple[int, bool]], cut: int) -> None:
    """With what ids had said at that line, across the change of clocks as well."""
    moment, texts = datetime(2026, 10, 24, 20, tzinfo=UTC), []
    for seconds, comes in steps:
        moment += timedelta(seconds=seconds)
        texts.append(arrived(moment, BERLIN) if comes else done(NOON, moment, BERLIN))
    framer, known, times = free(), [], []
    for text in texts:
        line = framer.frame(text)
        assert line is not None
        known.append((framer.file_zone.of_ids, line.time_us))
        times.append(line.time_us)
    cut = min(cut, len(texts) - 1)
    resumed = free()
    of_ids, time_us = known[cut]
    resumed.take_zone(of_ids)
    resumed.resume(None, time_us)
    lines = [resumed.frame(text) for text in texts[cut:]]
    assert [line.time_us for line in lines if line is not None] == times[cut:]

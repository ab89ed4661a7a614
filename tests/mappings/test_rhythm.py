"""The rhythm of a source: what quiet is usual, by hour and kind of day, and how that fades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mappings.rhythm import Rhythm

#: A Monday.
BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE = 60_000


def ms(day: int, hour: float) -> int:
    """A time, so many days and hours after the begin."""
    return int((BEGIN + timedelta(days=day, hours=hour)).timestamp() * 1000)


def office(weeks: int) -> Rhythm:
    """Lines from 7 to 20 every ten minutes on working days, none at other times."""
    rhythm, last = Rhythm(), None
    for day in range(7 * weeks):
        if day % 7 >= 5:
            continue
        gaps = [(last, ms(day, 7))] if last is not None else []
        gaps += [(ms(day, 7 + number / 6), ms(day, 7 + (number + 1) / 6)) for number in range(13 * 6)]
        last = ms(day, 20)
        rhythm = rhythm.went_on(ms(day, 7), last, gaps)
    return rhythm


def test_night_and_weekend_are_known_and_the_day_is_not_blunted() -> None:
    """Eleven hours by night and a weekend are usual; by day it is ten minutes, also after a weekend."""
    rhythm = office(3)
    assert (rhythm.usual_ms(ms(21, 12)) or 0) <= 10 * MINUTE
    assert (rhythm.usual_ms(ms(22, 3)) or 0) >= 8 * 60 * MINUTE
    assert (rhythm.usual_ms(ms(26, 12)) or 0) >= 50 * 60 * MINUTE


def test_too_little_is_known() -> None:
    """Of a source that was seen for two days nobody can say what is usual; nor of one without a line."""
    assert Rhythm().usual_ms(ms(0, 12)) is None
    assert Rhythm().went_on(ms(0, 0), ms(2, 0), []).usual_ms(ms(2, 1)) is None
    assert Rhythm().went_on(ms(0, 0), ms(3, 0), []).usual_ms(ms(3, 1)) == 0


def test_a_holiday_is_forgotten() -> None:
    """One long quiet by day is less usual with each day, and after some weeks no more."""
    rhythm = Rhythm().went_on(ms(0, 0), ms(1, 23), [(ms(1, 0), ms(1, 23))])
    usual = []
    for day in range(3, 60):
        rhythm = rhythm.went_on(ms(day, 0), ms(day, 23), [])
        usual.append(rhythm.usual_ms(ms(1, 12)) or 0)
    assert usual == sorted(usual, reverse=True)
    assert usual[0] > 16 * 60 * MINUTE > 60 * MINUTE > usual[-1]


def test_lines_that_come_late_change_nothing() -> None:
    """Time goes on; it does not go back, and what was known for long is not forgotten in one step of years."""
    rhythm = office(2)
    again = rhythm.went_on(ms(0, 7), ms(1, 20), [])
    assert (again.since_ms, again.until_ms, again.longest) == (rhythm.since_ms, rhythm.until_ms, rhythm.longest)
    assert len(rhythm.went_on(ms(0, 7), ms(20_000, 0), []).longest) in (0, 48)

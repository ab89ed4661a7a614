"""The beginning of a line that is unwrapped: its stamp, its tag; and the stamp of its wrapper, where it has none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ingest.framing.stamps import BSD, DATED, ISO, Stamp, bsd_stamp, dated, iso_stamp
from ingest.framing.tag import TAGGED
from ingest.framing.year import guess_year
from ingest.unwrapping.months import in_english

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
#: Zones lie so far apart, and no further from UTC than so many of it.
_QUARTER_S, _FURTHEST = 900, 14 * 4
#: What takes a line at once stamps it so much later at most, or so much sooner, as clocks are read one after the other.
_LATER_S, _SOONER_S = 3, 1

#: The forms of stamps that stand at the beginning of a line.
STAMP = (
    r"(?:<\d{1,3}>(?:1 )?)?"
    r"(?:(?:\d{4}-\d\d-\d\d[Tt ]|(?:[^\W\d_]{3,12}\.?|\d{1,2}[月월]) {1,2}\d{1,2}\.? |\d{1,2}\.? [^\W\d_]{3,12}\.? )\d\d:\d\d:\d\d"
    r"|\w{1,8}\.? \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?:[A-Z]{1,5}|[+-]\d\d\S{0,3}) "
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4})"
)
#: A stamp with its date and its zone, as containers are given: `2026-01-25T21:25:22.123456789Z`.
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,12})?(?:Z|[+-]\d\d:?\d\d)"
#: The same without a zone: of that of the file.
DAY_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,12})?"

_STAMPED = re.compile(STAMP)


def stamped(text: str) -> bool:
    """Whether a text begins with a stamp."""
    return _STAMPED.match(text) is not None


def tagged(text: str) -> bool:
    """Whether a text begins with a tag of syslog that has a process."""
    return TAGGED.match(text) is not None


def within(moment: str, text: str, *, at_once: bool = False) -> str:
    """A text that stood behind a wrapper's stamp: its own stamp counts, with the year of the wrapper's where it names none.

    The wrapper's is of the time at which the line was taken, or collected later: so it is the latest that the line can be of. Where it was
    taken `at_once`, it tells the zone of a stamp that names none and is of the same moment. What has neither stamp nor tag goes on with the
    line before, as in a plain file.
    """
    text = in_english(text) or text
    if not stamped(text):
        return f"{moment} {text}" if tagged(text) else text
    outer = iso_stamp(moment)
    if outer is None:
        return text
    found = DATED.match(text)
    if found is not None:
        zone = _zone_of(dated(found), outer) if at_once and found[8] is None else ""
        return f"{found[0]} {zone}{text[found.end() :]}" if zone else text
    own = BSD.match(text)
    if own is None or (when := bsd_stamp(own)) is None:
        return text
    latest = datetime(outer.year or 1970, outer.month, outer.day, tzinfo=UTC)
    year = guess_year((when.month, when.day), "", (latest - _EPOCH) // _MICROSECOND)
    fraction = f".{own[6]}" if own[6] else ""
    zone = _zone_of(when._replace(year=year), outer) if at_once else ""
    return f"{year:04}-{when.month:02}-{when.day:02}T{own[3]}:{own[4]}:{own[5]}{fraction}{zone} {text[own.end() :]}"


def _zone_of(own: Stamp | None, outer: Stamp) -> str:
    """The zone of a stamp that names none, beside another of the same moment that does: `+0100`; empty where they are of two moments."""
    if own is None or outer.offset is None:
        return ""
    apart_s = (_wall(own) - _wall(outer) + outer.offset) // _SECOND
    quarters = (apart_s + _LATER_S) // _QUARTER_S
    if apart_s - quarters * _QUARTER_S > _SOONER_S or abs(quarters) > _FURTHEST:
        return ""
    return f"{'-' if quarters < 0 else '+'}{abs(quarters) // 4:02}{abs(quarters) % 4 * 15:02}"


def _wall(stamp: Stamp) -> datetime:
    """What a clock on the wall showed."""
    return datetime(stamp.year or 1970, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second, tzinfo=UTC)


def moment_of(value: object) -> str | None:
    """A time as a record has it, as a stamp: text, or a number of seconds, milliseconds or microseconds since 1970."""
    if isinstance(value, str):
        if ISO.match(value) is not None:
            return value
        if BSD.match(f"{value} ") is not None or not _NUMBER.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    whole, fraction = divmod(value, 1)
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if whole / unit < _LATEST:
            micros = int(whole) * 1_000_000 // unit + (round(fraction * 1_000_000) if unit == 1 else 0)
            fine = unit > 1 or isinstance(value, float)
            return (_EPOCH + micros * _MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fine else "%Y-%m-%dT%H:%M:%SZ")
    return None


#: No number of seconds beyond it is a time.
_LATEST = 253_402_300_800 // 50
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,9})?", re.ASCII)

"""How the reading of sources stands: decided here alone, from what their readers wrote down and from now, for everybody who tells it.

A source is *up to date* (and perhaps quiet), *behind*, or *not read any more*. Quiet is strange only against its own rhythm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from mappings.readings import FORGOTTEN_MS, LATE_MS, Ended, ReaderReadings, SourceReading, Trouble
from search.times import utc_words

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A reader that has written nothing for so long does not run any more.
SILENT_MS = 2 * _MINUTE_MS
#: A rotation takes moments, and so long nothing is said to be gone.
_ROTATION_MS = _MINUTE_MS
#: So long nobody calls a source quiet; and so long at least it is never strange.
_QUIET_MS, _STRANGE_MS = 5 * _MINUTE_MS, 30 * _MINUTE_MS
#: Quiet is strange when it lasts so many times as long as is usual.
_TIMES_USUAL = 2
#: Who was silent for so long has been given up by those who ran it: nothing warns any more.
_GIVEN_UP_MS = 30 * _DAY_MS
#: Clocks differ by so much, and lines are written so late.
_CLOCKS_MS, _WRITTEN_LATE_MS = 2 * _MINUTE_MS, 20 * _MINUTE_MS
#: Times that are wrong by so much are told above results.
_DOUBTFUL_MS = 10 * _MINUTE_MS
_QUARTER_MS = 15 * _MINUTE_MS
_FURTHEST_MS = 14 * _HOUR_MS
#: Zones lie half hours apart, but for these, in quarters of an hour.
_QUARTERS = frozenset({23, 35, 51})
#: From this share of unknown lines on it is said.
UNKNOWN_SAID = 0.01
_OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)", re.ASCII).fullmatch


class ReadingState(StrEnum):
    """How the reading of a source stands."""

    UP_TO_DATE = "up_to_date"
    BEHIND = "behind"
    NOT_READ = "not_read"


class NotRead(StrEnum):
    """Why a source is not read any more."""

    FINISHED = "finished"
    STOPPED = "stopped"
    DROPPED = "dropped"
    VANISHED = "vanished"
    GONE = "gone"
    NO_RIGHTS = "no_rights"
    FAULT = "fault"
    #: What wrote the store kept no record of it: an earlier release.
    NOT_RECORDED = "not_recorded"


class SourceStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How the reading of one source stands now."""

    source: str
    state: ReadingState
    why: NotRead | None = None
    #: Whether mail may be missing, or somebody should look.
    warning: bool = False
    #: The times of its lines may be wrong.
    doubtful: bool = False
    #: What follows `SOURCE is`, with times in UTC.
    words: str
    #: Since when it is quiet or not read, and when everything that was written had been read, in milliseconds since 1970 UTC.
    since_ms: int | None = None
    at_end_ms: int | None = None
    #: What else is to be known, in sentences: stamps that cannot be, lines that are not understood.
    remarks: tuple[str, ...] = ()
    #: What this was decided from; None where there is no record, and for callers who see a part of the mail.
    reading: SourceReading | None = None

    @property
    def strange(self) -> bool:
        """Whether it is read to its end, and quiet for longer than is usual."""
        return self.warning and self.state is ReadingState.UP_TO_DATE and not self.doubtful


def standings(readings: Sequence[ReaderReadings], now_ms: int) -> list[SourceStanding]:
    """How all sources stand, those that are to be looked at first."""
    told = [(reader.machine, one) for reader in readings for one in reader.sources if one.noted_ms > now_ms - FORGOTTEN_MS]
    told.sort(key=lambda pair: pair[1].noted_ms, reverse=True)
    latest: list[tuple[str, SourceReading]] = []
    for machine, one in told:
        if not any(_same(machine, one, other, known) for other, known in latest):
            latest.append((machine, one))
    several = len({machine for machine, _ in latest}) > 1
    found = [standing(one, now_ms, f"{machine}: {shown_source(one.source)}" if several else None) for machine, one in latest]
    return sorted(found, key=lambda one: (-_weight(one), one.source))


def _same(machine: str, one: SourceReading, other: str, known: SourceReading) -> bool:
    """Whether two readers tell of one source: on one machine, or with lines of one log domain, which nobody else may write."""
    return one.source == known.source and (machine == other or not set(one.domains).isdisjoint(known.domains))


def standing(one: SourceReading, now_ms: int, name: str | None = None) -> SourceStanding:
    """How one source stands."""
    decided = _not_read(one, now_ms) or _behind(one, now_ms) or _up_to_date(one, now_ms)
    stamps = _stamps(one, now_ms)
    remarks = (*stamps, *_unknown(one))
    if stamps and decided.state is not ReadingState.NOT_READ and max(abs(_skew_ms(one) or 0), one.noted_ms - now_ms) >= _DOUBTFUL_MS:
        words = f"{decided.words}; the times of its lines may be wrong"
        decided = msgspec.structs.replace(decided, doubtful=True, warning=True, words=words)
    return msgspec.structs.replace(decided, source=name or shown_source(one.source), at_end_ms=one.at_end_ms, remarks=remarks, reading=one)


def shown_source(source: str) -> str:
    """A source's name for people."""
    return "standard input" if source == "-" else source


def of_domains(read_up_to_ms: Mapping[str, int], found: Sequence[SourceStanding], now_ms: int) -> dict[str, SourceStanding]:
    """How each log domain stands, by the worst of the sources that have lines of it; nothing of files, for anybody may read it."""
    return {name: _of_domain(name, read_ms, found, now_ms) for name, read_ms in read_up_to_ms.items()}


def notice(found: Iterable[SourceStanding]) -> str:
    """One line on what a reader of answers must know: `3 sources are behind`; empty where that is nothing."""
    warned = [one for one in found if one.warning]
    if len(warned) == 1:
        return f"{warned[0].source} is {warned[0].words}"
    kinds = (
        ("not read any more", [one for one in warned if one.state is ReadingState.NOT_READ]),
        ("behind", [one for one in warned if one.state is ReadingState.BEHIND]),
        ("quiet for longer than usual", [one for one in warned if one.strange]),
        ("of times that may be wrong", [one for one in warned if one.doubtful and one.state is ReadingState.UP_TO_DATE]),
    )
    return ", ".join(
        f"{_counted(len(listed), 'source')} {'is' if len(listed) == 1 else 'are'} {words}" for words, listed in kinds if listed
    )


def length(time_ms: int) -> str:
    """How long that is, in words, rounded down: `14 minutes`."""
    for unit_ms, name in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute"), (1_000, "second")):
        if time_ms >= unit_ms * (1 if unit_ms < _HOUR_MS else 2) or unit_ms == 1_000:
            return _counted(max(time_ms, 0) // unit_ms, name)
    return ""


# -- the three states


def _not_read(one: SourceReading, now_ms: int) -> SourceStanding | None:
    """Where it is not read any more: why."""
    why, since_ms, warning, words = _why(one, now_ms)
    if why is None:
        return None
    behind = f"; {_amount(one)} of it were not read" if one.behind_bytes and why is not NotRead.GONE else ""
    said = words if why is NotRead.FINISHED else f"not read any more: {words}{behind}"
    return SourceStanding(source=one.source, state=ReadingState.NOT_READ, why=why, warning=warning, words=said, since_ms=since_ms)


def _why(one: SourceReading, now_ms: int) -> tuple[NotRead | None, int, bool, str]:
    """Why a source is not read, since when, whether that is to be looked at, and in words; nothing where it is read."""
    noted = utc_words(one.noted_ms)
    # Whoever ran it knows by now; what is said of it stays.
    looked_at = now_ms - one.noted_ms <= _GIVEN_UP_MS
    if one.ended is Ended.DROPPED:
        return NotRead.DROPPED, one.noted_ms, False, f"since {noted} it is not among what is to be read"
    if one.ended is None and now_ms - one.noted_ms > SILENT_MS:
        return NotRead.VANISHED, one.noted_ms, looked_at, f"the reader has given no sign of life since {noted}"
    since_ms = one.trouble_since_ms or one.noted_ms
    since = utc_words(since_ms)
    if one.trouble is Trouble.NO_RIGHTS:
        return NotRead.NO_RIGHTS, since_ms, looked_at, f"since {since} the reader may not read it (permission denied)"
    if one.trouble is Trouble.FAULT:
        return NotRead.FAULT, since_ms, looked_at, f"since {since} it cannot be read ({one.trouble_words})"
    if one.trouble is Trouble.GONE and max(now_ms, one.noted_ms) - since_ms > _ROTATION_MS:
        return NotRead.GONE, since_ms, looked_at, f"it is gone since {since}"
    if one.ended is Ended.FINISHED:
        return NotRead.FINISHED, one.noted_ms, False, f"read to its end on {noted}"
    if one.ended is Ended.STOPPED:
        return NotRead.STOPPED, one.noted_ms, looked_at, f"reading was stopped on {noted}"
    return None, 0, False, ""


def _behind(one: SourceReading, now_ms: int) -> SourceStanding | None:
    """Where it is behind: by how much."""
    late = one.at_end_ms is None or one.noted_ms - one.at_end_ms > LATE_MS
    if not late or one.behind_bytes == 0:
        return None
    until_ms = now_ms if one.behind_bytes is None or one.written_ms is None else min(one.written_ms, now_ms)
    minutes = (until_ms - one.last_ms) // _MINUTE_MS if one.last_ms is not None and one.last_ms <= until_ms else None
    amount = "" if one.behind_bytes is None else f" by {_amount(one)}"
    about = "" if minutes is None else f", about {length(max(minutes, 1) * _MINUTE_MS)}"
    return SourceStanding(
        source=one.source, state=ReadingState.BEHIND, warning=True, words=f"behind{amount}{about}", since_ms=one.at_end_ms or one.last_ms
    )


def _up_to_date(one: SourceReading, now_ms: int) -> SourceStanding:
    """It is read to its end; whether it is quiet, and whether that is strange."""
    since_ms = quiet_since_ms(one)
    moved = one.trouble is Trouble.MOVED and now_ms - (one.trouble_since_ms or now_ms) > _ROTATION_MS
    words, warning = _quiet(since_ms, now_ms), False
    usual_ms = one.rhythm.usual_ms(now_ms) if one.growing else None
    if longer := _longer(since_ms, usual_ms, now_ms):
        words, warning = f"{words}{longer}", True
    elif one.growing and since_ms == one.last_ms and (silent := [name for name in one.rhythms if _longer_in(one, name, now_ms)]):
        name, more = min(silent), f" and of {_counted(len(silent) - 1, 'log domain')} more" if len(silent) > 1 else ""
        quiet = _quiet(one.rhythms[name].until_ms, now_ms).removeprefix("up to date, ")
        words, warning = f"{words}; in it {name}{more} is {quiet}{_longer_in(one, name, now_ms)}", True
    if moved:
        words = f"{words}; it was renamed on {utc_words(one.trouble_since_ms or now_ms)}, and no new file is there yet"
        warning = warning or (usual_ms is None and now_ms - (one.trouble_since_ms or now_ms) > _DAY_MS)
    return SourceStanding(source=one.source, state=ReadingState.UP_TO_DATE, warning=warning, words=words, since_ms=since_ms)


def _longer(since_ms: int | None, usual_ms: int | None, now_ms: int) -> str:
    """That it is quiet for longer than is usual, and what is; nothing where it is not."""
    if since_ms is None or usual_ms is None or now_ms - since_ms <= max(_STRANGE_MS, _TIMES_USUAL * usual_ms):
        return ""
    usual = f"at most {length(usual_ms)}" if usual_ms >= _MINUTE_MS else "less than a minute"
    return f": longer than is usual at this time, which is {usual}"


def _longer_in(one: SourceReading, name: str, now_ms: int) -> str:
    """The same of one of its log domains, which has a rhythm of its own."""
    return _longer(one.rhythms[name].until_ms, one.rhythms[name].usual_ms(now_ms), now_ms)


def _quiet(since_ms: int | None, now_ms: int) -> str:
    """That everything was read, and since when nothing was written."""
    if since_ms is None:
        return "up to date, and has no line yet"
    return f"up to date, quiet since {utc_words(since_ms)}" if now_ms - since_ms > _QUIET_MS else "up to date"


def quiet_since_ms(one: SourceReading) -> int | None:
    """When the last line was written: by its stamp, or by the clock where that cannot be."""
    skew_ms = _skew_ms(one)
    if one.last_ms is None or (skew_ms is not None and (skew_ms > _CLOCKS_MS or (one.live and -skew_ms > _WRITTEN_LATE_MS))):
        return one.written_ms
    return one.last_ms


def _amount(one: SourceReading) -> str:
    """How much is there and was not read."""
    if one.behind_lines:
        return f"about {_counted(_rounded(one.behind_lines), 'line')}"
    return _counted(one.behind_bytes or 0, "byte")


def _rounded(number: int) -> int:
    """Two digits of an estimate."""
    return round(number, 2 - len(str(number)))


# -- log domains


def _of_domain(name: str, read_ms: int, found: Sequence[SourceStanding], now_ms: int) -> SourceStanding:
    """How one log domain stands."""
    ours = [one for one in found if one.reading is not None and (name in one.reading.domains or one.reading.more_domains)]
    if not ours:
        words = f"read up to {utc_words(read_ms)}; whether it is read on is not known"
        return SourceStanding(source=name, state=ReadingState.NOT_READ, why=NotRead.NOT_RECORDED, words=words, since_ms=read_ms)
    worst = max(ours, key=lambda one: _weight(_for_domain(one, name, now_ms)))
    worst = _for_domain(worst, name, now_ms)
    plain = msgspec.structs.replace(worst, source=name, remarks=(), reading=None)
    if worst.state is ReadingState.NOT_READ and worst.why is not NotRead.FINISHED:
        return msgspec.structs.replace(plain, words=f"not read any more since {utc_words(worst.since_ms or read_ms)}")
    if worst.state is ReadingState.UP_TO_DATE and not worst.warning:
        # By its own last line, for others may write into the same file; by the clock where stamps say what cannot be.
        believed = worst.reading is not None and worst.since_ms == worst.reading.last_ms
        since_ms = min(read_ms, worst.since_ms or read_ms) if believed else worst.since_ms
        return msgspec.structs.replace(plain, words=_quiet(since_ms, now_ms), since_ms=since_ms)
    return plain


def _for_domain(one: SourceStanding, name: str, now_ms: int) -> SourceStanding:
    """How a source stands for one of its log domains: where it is read, others that are quiet are nothing to this one."""
    reading = one.reading
    if reading is None or name not in reading.rhythms or one.state is not ReadingState.UP_TO_DATE or one.doubtful:
        return one
    since_ms = reading.rhythms[name].until_ms
    longer = _longer_in(reading, name, now_ms) if reading.growing and one.since_ms == reading.last_ms else ""
    if longer:
        return msgspec.structs.replace(one, warning=True, words=f"{_quiet(since_ms, now_ms)}{longer}", since_ms=since_ms)
    return one if _longer(one.since_ms, reading.rhythm.usual_ms(now_ms), now_ms) else msgspec.structs.replace(one, warning=False)


def _weight(one: SourceStanding) -> int:
    """What is to be looked at first."""
    if one.state is ReadingState.NOT_READ:
        return 4 if one.warning else 0
    return 3 if one.state is ReadingState.BEHIND else 2 if one.warning else 1


# -- remarks


def _skew_ms(one: SourceReading) -> int | None:
    """By how much the newest line is stamped later than it was written; None where that cannot be told."""
    if one.last_ms is None or one.written_ms is None or one.behind_bytes != 0:
        return None
    return one.last_ms - one.written_ms


def _stamps(one: SourceReading, now_ms: int) -> list[str]:
    """What is to be said of stamps that cannot be: a clock, a zone or a year is wrong."""
    told: list[str] = []
    if one.noted_ms - now_ms > _CLOCKS_MS:
        told.append(f"The reader's clock is {length(one.noted_ms - now_ms)} ahead of this machine's, or this one was set back.")
    skew_ms = _skew_ms(one)
    if skew_ms is not None and skew_ms > _CLOCKS_MS:
        what = "the file's time" if one.source != "-" and not one.source.startswith("journald:") else "the time at which it came"
        told.append(f"The newest line is stamped {_about(skew_ms)} ahead of {what}: {_cause(one, skew_ms)}")
    elif one.year is not None and skew_ms is not None and -skew_ms > 30 * _DAY_MS:
        told.append(
            f"The newest line is {_about(-skew_ms)} older than the file: its stamps name no year, and were taken as of {one.year}. Is that"
            " right? --year or the setting year says another one."
        )
    elif skew_ms is not None and -skew_ms > _WRITTEN_LATE_MS and (one.live or _is_zone(one, skew_ms)):
        told.append(f"The newest line is stamped {_about(-skew_ms)} before it was written: {_cause(one, skew_ms)}")
    elif one.last_ms is not None and one.last_ms - max(now_ms, one.noted_ms) > _CLOCKS_MS:
        told.append(f"The newest line is stamped {length(one.last_ms - now_ms)} ahead of this machine's clock.")
    return told


def _about(time_ms: int) -> str:
    """How long that is, to the minute."""
    return length(round(time_ms / _MINUTE_MS) * _MINUTE_MS)


def _cause(one: SourceReading, skew_ms: int) -> str:
    """What makes stamps wrong by so much: the zone, where it is by quarters of an hour and lines name none, else a clock."""
    likely = _likely_zone(one, skew_ms)
    if likely is None:
        return "the clock of the machine that wrote it is wrong, or that of the one that reads it."
    by = {"set": "as is set", "ids": "as its message ids say", "system": "which is the system's zone"}.get(
        one.zone_by or "", "as it seemed"
    )
    return f"is the zone right? It was read as of {one.zone}, {by}; it is probably {likely}."


def _is_zone(one: SourceReading, skew_ms: int) -> bool:
    """Whether stamps are behind by half hours to the half minute, which a copy of a file hardly is."""
    return _likely_zone(one, skew_ms) is not None and abs((-skew_ms + 30_000) % (2 * _QUARTER_MS) - 30_000) <= 30_000


def _likely_zone(one: SourceReading, skew_ms: int) -> str | None:
    """The zone in which stamps would be right."""
    rounded_ms = round(skew_ms / _QUARTER_MS) * _QUARTER_MS
    assumed_ms = None if one.zone is None or one.last_ms is None else _offset_ms(one.zone, one.last_ms)
    if assumed_ms is None or not rounded_ms or abs(skew_ms - rounded_ms) > 3 * _MINUTE_MS:
        return None
    offset_ms = assumed_ms + rounded_ms
    quarters = offset_ms // _QUARTER_MS
    if abs(offset_ms) > _FURTHEST_MS or (quarters % 2 and quarters not in _QUARTERS):
        return None
    minutes = abs(offset_ms) // _MINUTE_MS
    return f"UTC{'-' if offset_ms < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}" if offset_ms else "UTC"


def _offset_ms(zone: str, at_ms: int) -> int | None:
    """How far a zone is from UTC at a time; None where there is none of this name."""
    if found := _OFFSET(zone):
        return (-1 if found[1] == "-" else 1) * (int(found[2]) * _HOUR_MS + int(found[3]) * _MINUTE_MS)
    try:
        offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    return None if offset is None else offset // timedelta(milliseconds=1)


def _unknown(one: SourceReading) -> list[str]:
    """What is to be said of lines that are not understood."""
    share = unknown_share(one)
    if share < UNKNOWN_SAID:
        return []
    named = ", ".join(f"{kind.program} {kind.lines:,}" for kind in one.unknown[:5])
    return [f"{share:.1%} of its lines are not understood: {named}.".replace("%", " %", 1)]


def unknown_share(one: SourceReading) -> float:
    """Which share of the lines of programs that are read is not understood."""
    return one.unknown_lines / one.lines if one.lines else 0.0


def _counted(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"

"""Queue ids as mail servers write them, and the time that some of them hold.

An id that holds its time names one message for ever; the others come back.
"""

from __future__ import annotations

import re

from ingest.clock import SECOND

#: Postfix: a short id is the microseconds (five digits) and the inode (up to sixteen) in hexadecimal; a long id
#: (enable_long_queue_ids) is base 52 without vowels.
POSTFIX_ID = r"(?:[0-9A-F]{6,21}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,28})"
#: Exim: seconds, process id and fraction of a second in base 62; of 6, 6 and 2 characters up to release 4.96, then of 6, 11 and 4.
EXIM_ID = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
#: Sendmail from 8.12 on: year, month, day, hour, minute and second in one character each, two of a sequence, and the process id. It comes
#: back after sixty years only, but says no year.
SENDMAIL_ID = r"[0-9A-Za-x][0-9AB][1-9A-V][0-9A-N][0-9A-Za-z]{4}[0-9]{6,7}"
#: Of a mail server that has milters.
MILTERED_ID = rf"(?:{SENDMAIL_ID}(?![0-9A-Za-z])|{POSTFIX_ID})"

_BASE52 = {c: i for i, c in enumerate("0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz")}
_BASE62 = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")}
_LONG_ID = re.compile(
    r"([0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{6,})([0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{4})z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]+"
)
_EXIM_ID = re.compile(EXIM_ID)
#: Exim's, Postfix' short ones, Sendmail's, Postfix' long ones; the first that fits counts.
_FORMS = re.compile(rf"(?P<exim>{EXIM_ID})|(?P<short>[0-9A-F]{{6,21}})|(?P<sendmail>{SENDMAIL_ID})|(?P<long>{POSTFIX_ID})")
#: Mail servers, and filters that name their queue files, begin a line with the id.
_AT_START = re.compile(rf"({MILTERED_ID}): |({EXIM_ID}) ")
#: Seconds are plausible from 2010 to 2100; anything else is an id that merely looks like one.
_PLAUSIBLE = range(1_262_304_000, 4_102_444_800)
#: An id is made before the lines that bear it, but for clocks that differ a little; and no queue keeps mail longer than this.
_AFTER_US, _BEFORE_US = 60 * SECOND, 30 * 86_400 * SECOND


def id_at_start(text: str) -> str | None:
    """The queue id with which a line begins, where it does."""
    match = _AT_START.match(text)
    return None if match is None else match[1] or match[2]


def time_in_id(queue_id: str) -> int | None:
    """The microseconds since 1970 that a queue id holds.

    Postfix' long ids hold them whole (base 52: seconds, four digits of microseconds, `z`, inode), Exim's the second (base 62).
    """
    if "-" in queue_id:
        return _seconds(queue_id) if _EXIM_ID.fullmatch(queue_id) else None
    match = _LONG_ID.fullmatch(queue_id)
    if match is None:
        return None
    seconds = micros = 0
    for c in match[1]:
        seconds = seconds * 52 + _BASE52[c]
    for c in match[2]:
        micros = micros * 52 + _BASE52[c]
    if seconds not in _PLAUSIBLE or micros >= SECOND:
        return None
    return seconds * SECOND + micros


def believed_time(queue_id: str, stamp_us: int) -> int | None:
    """The time that a queue id holds, where it is near the stamp of a line: a clock was wrong, or it only looks like one, else."""
    held = time_in_id(queue_id)
    return held if held is not None and stamp_us - _BEFORE_US <= held <= stamp_us + _AFTER_US else None


def alike(queue_id: str, other: str) -> bool:
    """Whether two ids may be of one mail server: one that writes long ids writes no short ones, and no ids of another program's form."""
    return _form_of(queue_id) == _form_of(other)


def _form_of(queue_id: str) -> str | None:
    """Which of the forms an id has; None for any other."""
    found = _FORMS.fullmatch(queue_id)
    return None if found is None else found.lastgroup


def _seconds(exim_id: str) -> int | None:
    """The time in an id of Exim, in microseconds."""
    seconds = 0
    for c in exim_id[:6]:
        seconds = seconds * 62 + _BASE62[c]
    return seconds * SECOND if seconds in _PLAUSIBLE else None

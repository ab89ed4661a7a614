"""Exim's own stamp: at the beginning of its own files' lines, and within its lines in syslog."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ingest.clock import SECOND
from ingest.framing.line import Line
from ingest.framing.own import OwnFrame
from ingest.framing.stamps import DATED, dated
from ingest.queue_ids import EXIM_ID, time_in_id

#: Exim begins the pieces of a long entry in syslog so, and writes its own stamp into it unless it is told not to.
_PIECE = re.compile(r"\[\d{1,6}[/\\]\d{1,6}\] ", re.ASCII)
_BEGUN = re.compile(rf"(?:\[\d{{1,6}}[/\\]\d{{1,6}}\] )?(?:\[\d{{1,10}}\] )?({EXIM_ID}) (?:<= |[HU]=[^\n]* rejected after DATA)", re.ASCII)
_OWN_ID = re.compile(rf"(?:\[\d{{1,10}}\] )?{EXIM_ID} ", re.ASCII)
#: `H=mail.example.com (helo) [192.0.2.5]:41224 F=<...> rejected RCPT <...>: `, of a client that came to no message.
_OWN_REFUSAL = re.compile(
    r"(?:\[\d{1,10}\] )?(?:H=[^\[\n]{0,600}\[[0-9A-Fa-f.:]{2,45}\]|U=\S{1,100} )[^\n]{0,2000} rejected [A-Za-z]", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Zones lie apart by this, and no zone is further than that from another.
_ZONES_US = 900 * SECOND
_FURTHEST_US = 27 * 3600 * SECOND
_DAY_US = 86_400 * SECOND


def unwrap(line: Line) -> None:
    """Take the stamp that Exim writes itself out of its line in syslog: with it the line is the same as in Exim's own file.

    It names no zone in most cases; the transport's stamp tells which it is, for the two were made within a moment.
    """
    line.tag = line.program = "exim"
    piece = _PIECE.match(line.text)
    start = 0 if piece is None else piece.end()
    found = DATED.match(line.text, start)
    when = dated(found)
    if found is None or when is None or when.year is None:
        return
    wall = datetime(when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, tzinfo=UTC)
    own_us = (wall - _EPOCH) // _MICROSECOND
    apart = own_us - line.time_us
    if abs(apart) > _FURTHEST_US:
        # The transport's stamp has no year, and this one has: only the time of the day tells the zone.
        apart -= round(apart / _DAY_US) * _DAY_US
    line.time_us = own_us - round(apart / _ZONES_US) * _ZONES_US
    line.fine = when.fine
    line.text = line.text[:start] + line.text[found.end() + 1 :]


def begun(text: str) -> int | None:
    """The time in an id that was made a moment ago: of a message that has come in (`<=`), or was refused when it had.

    Exim makes the id when a message begins to come in (`receive_msg`), so all other lines may be of any age.
    """
    found = _BEGUN.match(text)
    return None if found is None else time_in_id(found[1])


def _is_own(text: str) -> bool:
    """Whether a text begins with the id of a message, or as a refusal does, which nobody else writes so; behind a process id as well."""
    return _OWN_ID.match(text) is not None or _OWN_REFUSAL.match(text) is not None


#: Exim's own files hold nothing but the stamp before the text.
FRAME = OwnFrame(unmarked="exim", sure=_is_own, unwrap=unwrap, begun=begun)

"""ClamAV: a hit names no message, only a file: in amavis' temporary folder, or in Exim's, which is named after the message.

Its milter names the queue file where it is told to log all (`LogInfected Full`).
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, Outcome
from ingest.framing.line import Line
from ingest.framing.own import Own, OwnFrame
from ingest.queue_ids import EXIM_ID, MILTERED_ID
from mappings.facts import Infected

_FOUND = re.compile(rf"\S*/(?:(amavis-[0-9A-Za-z_-]+)/parts/\S*|scan/({EXIM_ID})/\S*): (\S+?)(?:\([0-9a-f]+:\d+\))? FOUND$")
#: The subject between is a stranger's, and the last words are the scanner's.
_MILTER = re.compile(rf"Message ({MILTERED_ID}) from <.* infected by (\S+)$", re.DOTALL)

#: Behind the stamp in a file of its own.
_ARROW = "-> "


def _in_own_file(text: str) -> Own | None:
    """`Tue Nov 24 04:06:21 2026 -> text`."""
    return Own("clamd", 0, text[len(_ARROW) :]) if text.startswith(_ARROW) else None


FRAME = OwnFrame(ctime=_in_own_file)


def parse(line: Line) -> Outcome:
    """The hit, where its folder or its message is named; every other line is known and says nothing of a message."""
    match = _MILTER.match(line.text)
    if match is not None:
        return Infected(None, match[2], match[1])
    match = _FOUND.match(line.text)
    return IGNORED if match is None else Infected(match[1], match[3], match[2])

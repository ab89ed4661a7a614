"""ClamAV: a hit names no message, only a file; amavis' temporary folder in its path ties it to a scan."""

from __future__ import annotations

import re

from ingest.events import Infected
from ingest.formats.outcome import IGNORED, Outcome
from ingest.lines import Line

_FOUND = re.compile(r"\S*/(amavis-[0-9A-Za-z_-]+)/parts/\S*: (\S+?)(?:\([0-9a-f]+:\d+\))? FOUND$")


def parse(line: Line) -> Outcome:
    """The hit, where amavis' folder is named; every other line is known and says nothing of a message."""
    match = _FOUND.match(line.text)
    return IGNORED if match is None else Infected(match[1], match[2])

"""OpenDKIM: signatures made and checked; the queue id is the first queue file's."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import MILTERED_ID
from mappings.facts import Signed

_LINE = re.compile(
    rf"({MILTERED_ID}): (DKIM-Signature field added.*|DKIM verification successful.*|bad signature data.*|signature verification failed.*|"
    r"s=\S+ d=\S+ .*|key retrieval failed.*|ARC-Seal field added.*)",
    re.DOTALL,
)


def parse(line: Line) -> Outcome:
    """What was signed or checked; `not internal`, `no signature data` and the like are the usual case and say nothing."""
    match = _LINE.match(line.text)
    return IGNORED if match is None else Signed(match[1], match[2])

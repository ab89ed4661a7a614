"""OpenARC: a chain of seals that it judges otherwise than the chain says, or cannot seal; the queue id is the first queue file's.

Source: `mlfi_eom` in `openarc.c` of 1.0 and later. A chain that is as it says, and a seal that was added, are not logged.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import MILTERED_ID
from mappings.facts import Signed

_LINE = re.compile(
    rf"({MILTERED_ID}): (chain state forced to .*|failed to compute seal|RFC5322 header requirement error|"
    r"error processing (?:header field .*|at end of header|at end-of-message|body chunk))",
    re.DOTALL,
)
_SILENT = re.compile(
    rf"(?:{MILTERED_ID}|\(unknown-jobid\)): |OpenARC Filter v|assuming \S+ mode for host |"
    r"ignoring (?:connection from|header field|reload) ?|"
    r"peer connection from |configuration reloaded from |WARNING: symbol 'i' not available|message requeueing|too much header data|"
    r"(?:terminated with signal|exited with status|maximum restart|\[(?:parent|child)\]|smfi_|malloc|mlfi_|socket cleanup|pthread_)"
)


def parse(line: Line) -> Outcome:
    """What was found about the chain; a queue id with other words is about the filter's own work."""
    match = _LINE.fullmatch(line.text)
    if match is not None:
        return Signed(match[1], f"ARC: {match[2]}")
    return UNKNOWN if _SILENT.match(line.text) is None else IGNORED

"""amavisd-new: the summary of a scan as text or as JSON, what it passes on, notices, quarantine and release.

A line is `(LOG_ID) text`; long ones are split over several records and are joined before they come here (`pieces`).
"""

from __future__ import annotations

import re

from ingest.formats.amavis import report, steps, summary
from ingest.formats.amavis.parties import once
from ingest.formats.amavis.pieces import AmavisPieces
from ingest.formats.amavis.words import in_our_words
from ingest.formats.outcome import IGNORED, Outcome
from ingest.framing.line import Line

__all__ = ["AmavisPieces", "in_our_words", "parse"]

_LOG_ID = re.compile(r"\((rel-)?([0-9A-Za-z_+-]+)\) ")
#: Marks of importance before the text: `(!)`, `(!!)`.
_ALARM = re.compile(r"^\(!+\)")


def parse(line: Line) -> Outcome:
    """The fact that an amavis line states."""
    text = line.text
    match = _LOG_ID.match(text)
    if match is None:
        # Start-up, and what child processes say without a message.
        return IGNORED
    rest = _ALARM.sub("", text[match.end() :], count=1)
    if rest.startswith(report.MARKS) and not match[1]:
        return report.report(match[2], rest)
    rest = once(rest)
    if match[1]:
        return steps.released(match[2], rest)
    if rest.startswith(("Passed ", "Blocked ")):
        return summary.summary(match[2], rest)
    return steps.step(match[2], rest)

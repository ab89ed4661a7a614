"""Postgrey: greylisting as a policy service of Postfix. All that it says of a message, Postfix says too.

Its lines name one recipient, and a queue id only where the dialogue has one already: a refusal stands in smtpd's own `reject:`,
and one that is let pass has no lines before it that could be joined without an id.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID

_KNOWN = re.compile(
    rf"(?:{POSTFIX_ID}: )?action=(?:pass|greylist), reason=|delayed \d{{1,9}} seconds: client=|whitelisted: |"
    r"cleaning (?:up old (?:logs|entries)|(?:main|clients) database finished)|rm /|correcting date for first seen|"
    r"\d{4}/\d\d/\d\d-\d\d:\d\d:\d\d |Process Backgrounded|Binding (?:to|open) |Setting [gu]id to |(?:Group|User) Not Defined|"
    r"Couldn't unlink |Resolved \[|HUP received|Server closing|Exiting!|unrecognized request type: |ignoring garbage: |(?:WARNING|FATAL): "
)


def parse(line: Line) -> Outcome:
    """Known, or not."""
    return UNKNOWN if _KNOWN.match(line.text) is None else IGNORED

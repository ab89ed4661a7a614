"""SpamAssassin's spamd: the result line of a check. It names the message by its Message-ID alone.

Source: `spamd` of SpamAssassin 3.1 to 4.0, `spamd: result: FLAG SCORE - TESTS name=value,...`; in a file of its own behind `info: `.
"""

from __future__ import annotations

import re

from ingest.events import Judged, Symbol
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.lines import Line
from mappings.address import message_id

_RESULT = re.compile(r"(?:info: )?(?:spamd: )?result: ([Y.]) +(-?\d{1,6}) - ([A-Za-z0-9_,]*) (?=[a-z]+=)")
_VALUE = re.compile(r"(?:^|,)(size|required_score)=([\d.]{1,18})(?=,|$)")
#: The Message-ID is a stranger's, and no other field behind it can hold what ends it here.
_MESSAGE_ID = re.compile(r",mid=(.*?)(?:,rmid=|,bayes=|,autolearn=|,shortcircuit=|$)")
#: The mail has none, or spamd could not read it.
_NO_ID = ("(unknown)", "")


def parse(line: Line) -> Outcome:
    """The result, where it names the message; that spamd got a connection or began a check says nothing of a message."""
    if "result: " not in line.text:
        return IGNORED
    match = _RESULT.match(line.text)
    if match is None:
        return UNKNOWN
    rest = line.text[match.end() :]
    named = _MESSAGE_ID.search(rest)
    message = message_id(named[1]) if named else ""
    if message in _NO_ID:
        return IGNORED
    values = dict(_VALUE.findall(rest[: named.start()] if named else rest))
    return Judged(
        filter="spamassassin",
        message_id=message,
        spam=match[1] == "Y",
        score=float(match[2]),
        required=float(values["required_score"]) if "required_score" in values else None,
        symbols=[Symbol(name) for name in match[3].split(",") if name],
        size=int(values["size"]) if values.get("size", "").isdecimal() else None,
    )

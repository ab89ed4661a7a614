"""SpamAssassin's spamd, and the proxy spampd: the result line of a check. It names the message by its Message-ID alone.

Source: `spamd` of SpamAssassin 3.1 to 4.0, `spamd: result: FLAG SCORE - TESTS name=value,...`; in a file of its own behind `info: `.
`process_message` of spampd 2.20 to 2.61, `clean message <ID> (SCORE/REQUIRED) from <SENDER> for <RECIPIENTS> in 0.51s, 900 bytes.`
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.framing.own import Own, OwnFrame
from mappings.address import message_id
from mappings.facts import FilterSymbol, Judged
from mappings.vocabulary import Reason, Verdict

_RESULT = re.compile(r"(?:info: )?(?:spamd: )?result: ([Y.]) +(-?\d{1,6}) - ([A-Za-z0-9_,]*) (?=[a-z]+=)")
#: In spamd's own order. The user is whoever the client names, the host whatever its address resolves to.
_VALUES = re.compile(
    r"scantime=[\d.]+,size=(\d{1,18}),user=[^,]*,uid=\d+,required_score=(?:(\d{1,9}(?:\.\d{1,9})?)|[^,]*),"
    r"rhost=[^,]*,(?:raddr=[^,]*,rport=[^,]*,)?mid=([^,]*)"
)
#: Other releases leave some of them out. spamd writes a comma in a Message-ID as `_`, so that it ends at the first one.
_MESSAGE_ID = re.compile(r"(?:^|,)mid=([^,]*)")
#: The mail has none.
_NO_ID = "(unknown)"

#: What a proxy says; it writes no blank in a Message-ID. Behind it stand strangers' addresses.
_PROXIED = re.compile(
    r"(?:info: )?(identified spam|clean message) (<[^<>\s]{0,998}>|\(unknown\)) \((-?[\d.]{1,12})/(-?[\d.]{1,12})\) from "
)
_PROXIED_SIZE = re.compile(r" in [\d.]{1,12}s, (\d{1,18}) bytes(?:, rules v\S{1,40})?\.$")
#: Behind the stamp in a file of its own.
_PID = re.compile(r"\[(\d{1,10})\] ", re.ASCII)


def _in_own_file(text: str) -> Own | None:
    """`Tue Nov 24 04:06:21 2026 [85] info: spamd: text`."""
    pid = _PID.match(text)
    return None if pid is None else Own("spamd", int(pid[1]), text[pid.end() :])


FRAME = OwnFrame(ctime=_in_own_file)


def parse(line: Line) -> Outcome:
    """The result, where it names the message or says that it has no name; what spamd says before it says nothing of a message."""
    if line.program == "spampd":
        return _proxied(line.text)
    if "result: " not in line.text:
        return IGNORED
    match = _RESULT.match(line.text)
    if match is None:
        return UNKNOWN
    values = _VALUES.match(line.text, match.end())
    size, required, named = values.groups() if values is not None else (None, None, None)
    if values is None and (other := _MESSAGE_ID.search(line.text, match.end())) is not None:
        named = other[1]
    if not named:
        return IGNORED
    said = Judged(
        filter="spamassassin",
        message_id="" if named == _NO_ID else message_id(named),
        spam=match[1] == "Y",
        score=float(match[2]),
        required=float(required) if required else None,
        symbols=[FilterSymbol(name) for name in match[3].split(",") if name],
        size=int(size) if size else None,
    )
    return in_our_words(said)


def _proxied(text: str) -> Outcome:
    """What the proxy thinks of a message."""
    match = _PROXIED.match(text)
    if match is None:
        return UNKNOWN if text.startswith(("identified spam ", "clean message ")) else IGNORED
    said, named, score, required = match.groups()
    size = _PROXIED_SIZE.search(text, match.end())
    return in_our_words(
        Judged(
            filter="spamassassin",
            message_id="" if named == _NO_ID else message_id(named),
            spam=said == "identified spam",
            score=_number(score),
            required=_number(required),
            size=int(size[1]) if size is not None else None,
        )
    )


def _number(text: str) -> float | None:
    """A score; None where it is no number."""
    return float(text) if text.count(".") < 2 and text.strip("-.") else None


def in_our_words(said: Judged) -> Judged:
    """A result with what it means."""
    return replace(said, verdict=Verdict.SPAM if said.spam else Verdict.CLEAN, reason=Reason.SPAM if said.spam else None)

"""Rspamd: the result of a task, and the module that forced it.

A line is `<TAG>; MODULE; FUNCTION: text`, in the file behind `#PID(WORKER)`, or JSON with the same parts (`log_json`). Source:
`rspamd_task_write_log` and `rspamd_add_passthrough_result` of Rspamd 1.6 to 3.11 with the default `log_format`.
"""

from __future__ import annotations

import math
import re

import msgspec

from ingest.events import Judged, Symbol
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.lines import Line
from mappings.address import message_id, normalise, parse_path

_TASK = re.compile(r"(?:<([^\s<>;]{1,64})>; )?(?:[a-z_]{1,32}; )?(rspamd_task_write_log|rspamd_add_passthrough_result): ")
#: Rspamd writes blanks in a Message-ID as `?`, so that this stands in none.
_IDS = re.compile(r"id: <([^\s]*?)>(?:, qid: <([^\s<>,]{1,64})>)?(?=, )")
_CLIENT = re.compile(r", ip: (?:([0-9A-Fa-f.:]{2,45})|[^\s,]{1,64})(?=,)")
_USER = re.compile(r", user: ([^\n]{1,320}?)(?=, from: <|, subject: '|, \()")
_FROM = ", from: <"
_SUBJECT = re.compile(r", subject: '((?:[^'\\]|\\.)*+)'")
_RESULT = re.compile(r"(?:, )?\((?:[A-Za-z_]{1,32}: ([FTS]) \()?([a-z ]{1,64})\): \[([-+.\da-z]{1,24})/([-+.\da-z]{1,24})\](?= \[|\)?$)")
#: Behind the symbols Rspamd's own words begin again. Their options are strangers' words, so the last such place counts.
_BEHIND = re.compile(r"\]\)?, len: (\d{1,18}), time: ")
_RECIPIENTS = re.compile(r", rcpts: <")
_FORCED = re.compile(r', forced: ([a-z ]{1,64}) "(.*)"; score=[-+.\da-z]{1,24} \(set by ([^()\s]{1,128})\)$', re.DOTALL)
_SYMBOL = re.compile(r"([^\s,(){}\[\];]{1,128})\(([-+.\da-z]{1,24})\)([{\[])")
_PASSTHROUGH = re.compile(
    r"<([^\s]*)>: set pre-result to '?([a-z ]{1,64}?)'? \([^()]{1,32}\): '(.*)' from ([^()\s]{1,128})\(-?\d{1,9}\)", re.DOTALL
)
#: What Rspamd says where a module gives no reason.
_NO_WORDS = "unknown reason"
_MOST_SYMBOLS = 512


class _Entry(msgspec.Struct):
    """What is of use in a line as JSON."""

    message: str
    id: str = ""
    function: str = ""


_ENTRY = msgspec.json.Decoder(_Entry)


def parse(line: Line) -> Outcome:
    """The result that a task line states; the other lines of a task tell how it came to it."""
    text = line.text if line.text[:1] != "{" else _words(line.text)
    match = _TASK.match(text)
    if match is None:
        return IGNORED
    if match[2] == "rspamd_task_write_log":
        return _judged(match[1], text, match.end())
    return _forced(match[1], text, match.end())


def _words(text: str) -> str:
    """A line of JSON as it is without: `<TAG>; FUNCTION: text`."""
    try:
        entry = _ENTRY.decode(text.encode("utf-8", "surrogateescape"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text
    return f"<{entry.id}>; {entry.function}: {entry.message}"


def _judged(tag: str | None, text: str, at: int) -> Outcome:
    """`id: <>, qid: <>, ip: A, user: U, from: <S>, (default: F (no action): [score/required] [symbols]), len: n, ... rcpts: <a,b> ...`."""
    ids = _IDS.match(text, at)
    if ids is None:
        return UNKNOWN
    # One behind the other: the sender is a stranger's, and may imitate what follows it.
    client = _CLIENT.match(text, ids.end())
    at = client.end() if client else ids.end()
    user = _USER.match(text, at)
    at = user.end() if user else at
    sender = None
    if text.startswith(_FROM, at):
        sender, at = parse_path(text, at + len(_FROM) - 1)
    result = _RESULT.search(text, at)
    if result is None:
        return UNKNOWN
    subject = _SUBJECT.search(text, at, result.start())
    ends = list(_BEHIND.finditer(text, result.end()))
    tail = text[ends[-1].end() :] if ends else ""
    forced = _FORCED.search(tail)
    recipients, more = _recipients(tail[: forced.start()] if forced else tail)
    return Judged(
        filter="rspamd",
        queue_id=ids[2] if ids[2] != "undef" else None,
        log_id=tag,
        message_id=message_id(ids[1]) if ids[1] != "undef" else None,
        action=result[2],
        spam={"T": True, "F": False}.get(result[1]),
        score=_number(result[3]),
        required=_number(result[4]),
        symbols=_symbols(text[result.end() + 2 : ends[-1].start() if ends else len(text)], cut=not ends),
        forced_by=forced[3] if forced else None,
        text=forced[2] if forced and forced[2] != _NO_WORDS else None,
        sender=normalise(sender) if sender is not None else None,
        recipients=recipients,
        # Cut off within the symbols, it may have named anybody.
        more=more or not ends,
        client_ip=client[1] if client else None,
        user=user[1] if user else None,
        size=int(ends[-1][1]) if ends else None,
        subject=subject[1] if subject else None,
    )


def _forced(tag: str | None, text: str, at: int) -> Outcome:
    """`<MESSAGE-ID>: set pre-result to 'reject' (no score): 'why' from MODULE(1)`: it names no queue file, only the task."""
    match = _PASSTHROUGH.match(text, at)
    if match is None:
        return UNKNOWN
    if tag is None:
        return IGNORED
    return Judged(
        filter="rspamd",
        log_id=tag,
        message_id=message_id(match[1]) if match[1] != "undef" else None,
        action=match[2],
        forced_by=match[4],
        text=match[3] if match[3] != _NO_WORDS else None,
    )


def _number(text: str) -> float | None:
    """A score; `nan` is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _recipients(tail: str) -> tuple[list[str], bool]:
    """The envelope recipients `rcpts: <a,b,...>`, and whether Rspamd left some out."""
    found = _RECIPIENTS.search(tail)
    if found is None:
        return [], False
    addresses: list[str] = []
    at = found.end()
    while at < len(tail) and tail[at] != ">":
        if tail.startswith("...", at):
            return addresses, True
        end = at
        if tail[at] == '"':
            # A quoted name of a mailbox may hold commas.
            end = tail.find('"@', at + 1)
            if end < 0:
                return addresses, True
        while end < len(tail) and tail[end] not in ",>":
            end += 1
        if end == len(tail):
            # Cut off: a piece of an address is nobody's.
            return addresses, True
        if tail[at:end]:
            addresses.append(normalise(tail[at:end]))
        at = end + 1 if tail[end : end + 1] == "," else end
    return addresses, False


def _symbols(text: str, *, cut: bool = False) -> list[Symbol]:
    """`NAME(score){option;option;},...`: an option may hold every sign, so a symbol ends where the next one begins."""
    heads = [found for found in _SYMBOL.finditer(text) if found.start() == 0 or text[found.start() - 1] == ","]
    if cut and heads and not text.endswith("])"):
        del heads[-1]
    symbols: list[Symbol] = []
    for number, head in enumerate(heads[:_MOST_SYMBOLS]):
        end = heads[number + 1].start() - 1 if number + 1 < len(heads) else len(text)
        options = text[head.end() : end].removesuffix("}" if head[3] == "{" else "]")
        parts = options.split(";") if head[3] == "{" else options.split(", ")
        symbols.append(Symbol(head[1], _number(head[2]), [part for part in parts if part]))
    return symbols

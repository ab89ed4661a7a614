"""Rspamd: the result of a task, and the module that forced it.

A line is `<TAG>; MODULE; FUNCTION: text`, in the file behind `#PID(WORKER)`. Source: `rspamd_task_write_log` and
`rspamd_add_passthrough_result` of Rspamd 1.6 to 3.11 with the default `log_format`.
"""

from __future__ import annotations

import math
import re

from ingest.events import Judged, Symbol
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.lines import Line
from mappings.address import message_id, normalise, parse_path

_TASK = re.compile(r"(?:<([^\s<>;]{1,64})>; )?(?:[a-z_]{1,32}; )?(rspamd_task_write_log|rspamd_add_passthrough_result): ")
#: Rspamd writes blanks in a Message-ID as `?`, so that this stands in none.
_IDS = re.compile(r"id: <([^\s]*?)>(?:, qid: <([^\s<>,]{1,64})>)?(?=, )")
_CLIENT = re.compile(r", ip: ([0-9A-Fa-f.:]{2,45})")
_USER = re.compile(r", user: ([^\s,]{1,320})")
_FROM = re.compile(r", from: (?=<)")
_SUBJECT = re.compile(r", subject: '((?:[^'\\]|\\.)*+)'")
_RESULT = re.compile(r"(?:, )?\([A-Za-z_]{1,32}: ([FTS]) \(([a-z ]{1,64})\): \[([-+.\da-z]{1,24})/([-+.\da-z]{1,24})\] \[")
#: Behind the symbols Rspamd's own words begin again. Their options are strangers' words, so the last such place counts.
_BEHIND = re.compile(r"\]\), len: (\d{1,18}), time: ")
_RECIPIENTS = re.compile(r", rcpts: <")
_FORCED = re.compile(r', forced: ([a-z ]{1,64}) "(.*)"; score=[-+.\da-z]{1,24} \(set by ([^()\s]{1,128})\)$', re.DOTALL)
_SYMBOL = re.compile(r"([^\s,(){}\[\];]{1,128})\(([-+.\da-z]{1,24})\)([{\[])")
_PASSTHROUGH = re.compile(
    r"<([^\s]*)>: set pre-result to '?([a-z ]{1,64}?)'? \([^()]{1,32}\): '(.*)' from ([^()\s]{1,128})\(-?\d{1,9}\)", re.DOTALL
)
#: What Rspamd says where a module gives no reason.
_NO_WORDS = "unknown reason"
_MOST_SYMBOLS = 512


def parse(line: Line) -> Outcome:
    """The result that a task line states; the other lines of a task tell how it came to it."""
    match = _TASK.match(line.text)
    if match is None:
        return IGNORED
    if match[2] == "rspamd_task_write_log":
        return _judged(match[1], line.text, match.end())
    return _forced(match[1], line.text, match.end())


def _judged(tag: str | None, text: str, at: int) -> Outcome:
    """`id: <>, qid: <>, ip: A, user: U, from: <S>, (default: F (no action): [score/required] [symbols]), len: n, ... rcpts: <a,b> ...`."""
    ids = _IDS.match(text, at)
    result = _RESULT.search(text, ids.end() if ids else at)
    if ids is None or result is None:
        return UNKNOWN
    ends = list(_BEHIND.finditer(text, result.end()))
    if not ends:
        return UNKNOWN
    head, tail = text[ids.end() : result.start()], text[ends[-1].end() :]
    client, user, sender, subject = _CLIENT.search(head), _USER.search(head), _FROM.search(head), _SUBJECT.search(head)
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
        symbols=_symbols(text[result.end() : ends[-1].start()]),
        forced_by=forced[3] if forced else None,
        text=forced[2] if forced and forced[2] != _NO_WORDS else None,
        sender=normalise(parse_path(head, sender.end())[0]) if sender else None,
        recipients=recipients,
        more=more,
        client_ip=client[1] if client else None,
        user=user[1] if user else None,
        size=int(ends[-1][1]),
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


def _symbols(text: str) -> list[Symbol]:
    """`NAME(score){option;option;},...`: an option may hold every sign, so a symbol ends where the next one begins."""
    heads = [found for found in _SYMBOL.finditer(text) if found.start() == 0 or text[found.start() - 1] == ","]
    symbols: list[Symbol] = []
    for number, head in enumerate(heads[:_MOST_SYMBOLS]):
        end = heads[number + 1].start() - 1 if number + 1 < len(heads) else len(text)
        options = text[head.end() : end].removesuffix("}" if head[3] == "{" else "]")
        parts = options.split(";") if head[3] == "{" else options.split(", ")
        symbols.append(Symbol(head[1], _number(head[2]), [part for part in parts if part]))
    return symbols

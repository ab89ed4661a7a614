"""Rspamd: the result of a task, and the module that forced it.

A line is `<TAG>; MODULE; FUNCTION: text`, in the file behind `#PID(WORKER)`, or JSON with the same parts (`log_json`). Source:
`rspamd_task_write_log` and `rspamd_add_passthrough_result` of Rspamd 1.6 to 3.11 with the default `log_format`.
"""

from __future__ import annotations

import math
import re
from itertools import islice

import msgspec
from msgspec.structs import replace

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.rspamd.frame import FRAME
from ingest.formats.rspamd.words import in_our_words
from ingest.framing.line import Line
from mappings.address import message_id, normalise, parse_path
from mappings.facts import FilterSymbol, Judged

__all__ = ["FRAME", "in_our_words", "parse"]

#: Where a supervisor stamps its lines (`systemd` in logging.inc), the worker stands before the tag.
_TASK = re.compile(
    r"(?:(?:#\d{1,10})?\([a-z_]{1,32}\) )?(?:<([^\s<>;]{1,64})>; )?(?:[a-z_]{1,32}; )?"
    r"(rspamd_task_write_log|rspamd_add_passthrough_result): "
)
#: Rspamd writes blanks in a Message-ID as `?`, so that this stands in none.
_IDS = re.compile(r"id: <([^\s]*?)>(?:, qid: <([^\s<>,]{1,64})>)?(?=, )")
_CLIENT = re.compile(r", ip: (?:([0-9A-Fa-f.:]{2,45})|[^\s,]{1,64})(?=,)")
_USER = re.compile(r", user: ([^\n]{1,320}?)(?=, from: <|, subject: '|, \()")
_FROM = ", from: <"
#: An administrator's own format has the subject here, in quotes that nothing escapes.
_SUBJECT = ", subject: '"
_RESULT = re.compile(r"(?:, )?\((?:[A-Za-z_]{1,32}: ([FTS]) \()?([a-z ]{1,64})\): \[([-+.\da-z]{1,24})/([-+.\da-z]{1,24})\](?= \[|\)?$)")
#: Behind the symbols Rspamd's own words begin again.
_BEHIND = re.compile(r"\]\)?, len: (\d{1,18}), time: ")
#: All of them, to the end of the line, in Rspamd's own format. Of the lists the first is the envelope, the second is out of the header.
_WHOLE = re.compile(
    r"[\d.]{1,16}ms(?: real, [\d.]{1,16}ms virtual)?, dns req: \d{1,9}, digest: <(?:[0-9a-f]{4,64}|undef)>"
    r"(?:, rcpts: <(?:\"(?:[^\"\\]|\\.)*+\"@[^\s,<>\"]+|[^\s,<>\"]+|,)*+>)?(?:, mime_rcpts: <.*>)?(?:, file: \S+)?"
    r"(?:, forced: .*\(set by [^()]{1,128}\))?(?:, settings_id: \S+)?$",
    re.DOTALL,
)
_MOST_PLACES = 64
_RECIPIENTS = re.compile(r", rcpts: <")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"(?=@)')
_MIME_RECIPIENTS = ", mime_rcpts: <"
_FORCED = ", forced: "
_FORCED_BY = re.compile(r'[a-z ]{1,64} "(.*)"; score=[-+.\da-z]{1,24} \(set by ([^()]{1,128})\)(?:, settings_id: \S+)?$', re.DOTALL)
_SYMBOL = re.compile(r"(?<![^,])([^\s,(){}\[\];]{1,128})\(([-+.\da-z]{1,24})\)([{\[])")
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
    said = Judged(
        filter="rspamd",
        queue_id=ids[2] if ids[2] != "undef" else None,
        log_id=tag,
        message_id=message_id(ids[1]) if ids[1] != "undef" else None,
        sender=normalise(sender) if sender is not None else None,
        # Cut off or imitated, it may have named anybody.
        more=True,
        client_ip=client[1] if client else None,
        user=user[1] if user else None,
    )
    results = _results(text, at)
    if len(results) != 1:
        # None is no line of a result; of several it is not told which is Rspamd's.
        return in_our_words(said) if results else UNKNOWN
    return in_our_words(_with_result(said, text, at, results[0]))


def _with_result(said: Judged, text: str, at: int, result: re.Match[str]) -> Judged:
    """The same with what stands in the result and behind it."""
    own = _behind(text, result.end())
    first = own or _BEHIND.search(text, result.end())
    tail = text[own.end() :] if own else ""
    forced = _FORCED_BY.match(tail, behind) if (behind := tail.rfind(_FORCED) + len(_FORCED)) >= len(_FORCED) else None
    recipients, more = _recipients(tail)
    quoted = text.startswith(_SUBJECT, at)
    return replace(
        said,
        action=result[2],
        spam={"T": True, "F": False}.get(result[1]),
        score=_number(result[3]),
        required=_number(result[4]),
        symbols=_symbols(text[result.end() + 2 : first.start() if first else len(text)], cut=own is None),
        forced_by=forced[2] if forced else None,
        text=forced[1] if forced and forced[1] != _NO_WORDS else None,
        recipients=recipients,
        more=more or own is None,
        size=int(own[1]) if own else None,
        subject=text[at + len(_SUBJECT) : result.start()].removesuffix("'") if quoted else None,
    )


def _results(text: str, at: int) -> list[re.Match[str]]:
    """The places where the result may stand behind the client and the sender.

    In Rspamd's own format it is the very next. An administrator may put more before it, a subject for one: strangers' words, which may
    imitate a result. Behind a subject, which nothing escapes, the result follows a quote.
    """
    next_one = _RESULT.match(text, at)
    if next_one is not None:
        return [next_one]
    found = list(islice(_RESULT.finditer(text, at), _MOST_PLACES))
    return [one for one in found if text.startswith("', ", one.start() - 1)] if text.startswith(_SUBJECT, at) else found


def _behind(text: str, at: int) -> re.Match[str] | None:
    """Where Rspamd's own words begin again behind the symbols.

    The options of the symbols before, and the addresses behind (`mime_rcpts` is out of the header), are strangers' words, which may imitate
    these. From the true place the rest of the line can be read to its end; where it can from two places, none is believed.
    """
    places = list(islice(_BEHIND.finditer(text, at), _MOST_PLACES))
    if len(places) > 1:
        places = [place for place in places if _WHOLE.match(text, place.end()) is not None]
    return places[0] if len(places) == 1 else None


def _forced(tag: str | None, text: str, at: int) -> Outcome:
    """`<MESSAGE-ID>: set pre-result to 'reject' (no score): 'why' from MODULE(1)`: it names no queue file, only the task."""
    match = _PASSTHROUGH.match(text, at)
    if match is None:
        return UNKNOWN
    if tag is None:
        return IGNORED
    said = Judged(
        filter="rspamd",
        log_id=tag,
        message_id=message_id(match[1]) if match[1] != "undef" else None,
        action=match[2],
        forced_by=match[4],
        text=match[3] if match[3] != _NO_WORDS else None,
    )
    return in_our_words(said)


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
    header = tail.find(_MIME_RECIPIENTS)
    if found is None or 0 <= header < found.start():
        return [], False
    addresses: list[str] = []
    at = found.end()
    while at < len(tail) and tail[at] != ">":
        if tail.startswith("...", at):
            return _each(addresses), True
        end = at
        if tail[at] == '"':
            # A quoted name of a mailbox may hold commas.
            quoted = _QUOTED.match(tail, at)
            if quoted is None:
                return _each(addresses), True
            end = quoted.end()
        while end < len(tail) and tail[end] not in ",>":
            end += 1
        if end == len(tail):
            # Cut off: a piece of an address is nobody's.
            return _each(addresses), True
        if tail[at:end]:
            addresses.append(tail[at:end])
        at = end + 1 if tail[end : end + 1] == "," else end
    return _each(addresses), False


def _each(addresses: list[str]) -> list[str]:
    """The addresses in their one form, each once."""
    return list(dict.fromkeys(normalise(address) for address in dict.fromkeys(addresses)))


def _symbols(text: str, *, cut: bool = False) -> list[FilterSymbol]:
    """`NAME(score){option;option;},...`: an option may hold every sign, so a symbol ends where the next one begins."""
    heads = list(_SYMBOL.finditer(text))
    if cut and heads and not text.endswith("])"):
        del heads[-1]
    symbols: list[FilterSymbol] = []
    for number, head in enumerate(heads[:_MOST_SYMBOLS]):
        end = heads[number + 1].start() - 1 if number + 1 < len(heads) else len(text)
        options = text[head.end() : end].removesuffix("}" if head[3] == "{" else "]")
        parts = options.split(";") if head[3] == "{" else options.split(", ")
        symbols.append(FilterSymbol(head[1], _number(head[2]), [part for part in parts if part]))
    return symbols

"""What people paste: an address as a mail program copies it, an id, a line of a log, the headers of a message, a whole bounce.

`read` says what a text is and gives the questions that it may mean, the surest first; whoever asks takes the first that finds mail. A text
that is nothing of this kind gives None, and is a question in the query language.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from mappings import address, identity
from search.query import Query
from search.query_error import QueryError

#: What is pasted is read to this length: a bounce begins with what it is about.
LONGEST = 200_000
#: So many addresses or ids of one text are asked for.
_MOST = 20

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'=|]+@[^\s<>()\[\],;:\"'@|]+")
_ONE_ID = re.compile(r"(?=[^\s]*[0-9])[A-Za-z0-9/][A-Za-z0-9+_/.-]{5,200}").fullmatch
_TRACE_ID = re.compile(r"(?<![0-9a-z])[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])")
_HEADER = re.compile(
    r"(?m)^(?:Received|Return-Path|Message-ID|From|To|Subject|Date|Delivered-To|DKIM-Signature|X-[A-Za-z-]+):", re.IGNORECASE
)
_LABELLED_ID = re.compile(r"(?:message-?id|msgid|\bm?id)\*?[=:]\s*<?([^\s<>,;\"]+@[^\s<>,;\"]+)>?", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(orig_to|to|from|rcpts?|recipient|sender|F|RCPT)(?:=<?|: <|(?<=RCPT) <)(\"[^\"<>]*\"@[^\s<>,;]+|[^\s<>,;]*@[^\s<>,;]+|(?=>))>?"
)
_KEPT = re.compile(r"(?:quarantine:?[ =]+|quar(?:antine)?[-_]?id[ =:]+)<?([^\s,;<>]+)", re.IGNORECASE)
_MAIL_ID = re.compile(r"\bmail_id: ([\w-]{8,})")
#: A queue id behind the process of a line of syslog, behind the stamp of a line of Exim's, or where a reply or field names one.
_QUEUE_ID = re.compile(
    r"(?:\]: |^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})? (?:\[\d+\] )?)?)"
    r"([0-9A-Za-z]{6,15}|[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})(?=:? )"
    r"|^([0-9A-Za-z]{6,20})[*!]?\s+\d+ [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d"
    r"|(?:[Qq]ueued as |Queue-?I[Dd]:? ?|\bqid[=:]\s?<?|\b[Ii][Dd]=)([0-9A-Za-z-]{6,28})",
    re.MULTILINE,
)
#: A queue id as people say it, or as a reply has it.
_QUEUED_AS = re.compile(r".*\b(?:queued as|queue[ -]?id):?\s+<?([0-9A-Za-z-]{6,28})>?\.?", re.IGNORECASE).fullmatch
_RECEIVED_ID = re.compile(r"\bid\s+([0-9A-Za-z-]{6,28})\b")
_LOG_LINE = re.compile(
    r"^[0-9A-Za-z]{6,20}[*!]?\s+\d+ [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d"
    r"|^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\S+\s+\| )|\b[\w/.-]+\[\d+\]: "
    r"|^NOQUEUE: |^(?=[A-Za-z-]*[0-9])[0-9A-Za-z-]{6,28}: \w|\b(?:from|to)=<[^>]*>|\bqid: <",
    re.MULTILINE,
)
#: What a notice in words says before the address that it is about.
_FAILED = re.compile(
    r"(?:^\s*<([^\s<>@]+@[^\s<>]+)>(?::|\s*$)|^\s*([^\s<>@:]+@[^\s<>:]+)\s*$"
    r"|(?:(?:could not be )?delivered to:?|undeliverable to|delivery to|message to|recipient(?: address)?:?)"
    r"\s*<?([^\s<>@]+@[^\s<>,;]+?)>?(?:[\s:,]|\.(?:\s|$)))",
    re.IGNORECASE | re.MULTILINE,
)
_NOTICE = re.compile(
    r"undeliver|delivery status notification|mail delivery (?:failed|system|subsystem)|returned mail|failure notice"
    r"|could(?:n't| not) be delivered|wasn't delivered|delivery has failed|permanent error|not able to deliver",
    re.IGNORECASE,
)
#: Headers of one line, and what logs, SMTP and search fields write so.
_ID_HEADER = re.compile(
    r"(?:(?:Resent-)?Message-ID|In-Reply-To|References|msgid|rfc822msgid|mid)\s*[:=]\s*(\S*@.+)", re.IGNORECASE | re.DOTALL
).match
_KEPT_HEADER = re.compile(r"X-Quarantine-ID:\s*<?([^\s<>]+)>?", re.IGNORECASE).fullmatch
_PEOPLE_HEADER = re.compile(r"(?:From|To|Cc|Bcc|Return-Path|Sender|Reply-To|Delivered-To|X-Original-To|RCPT TO|MAIL FROM):").match
#: What mail programs put around or behind an address that they copy.
_MAILTO = re.compile(r"[\[<]mailto:([^\]>?]+)[^\]>]*[\]>]", re.IGNORECASE).sub
_QUOTED_LOCAL = re.compile(r'<?"[^"<>]+"@[^\s<>,;"]+>?').fullmatch
#: A server with its address in brackets, as logs and `Received` headers name it.
_NAMED_SERVER = re.compile(r"(?:\S+|from \S+ \(.*)\[(?:IPv6:)?([0-9a-fA-F:.]+)\](?::\d{1,5})?\)?").fullmatch
_WITH_PORT = re.compile(r"\[?([0-9a-fA-F:.]+?)\]?(?:[:#](\d{1,5}))?").fullmatch


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a text was read as."""

    #: In words, behind "read as": `the address ann@example.org`.
    words: str
    #: The questions that it may mean, the surest first.
    queries: tuple[Query, ...]


def read(text: str) -> Pasted | None:
    """What a pasted text is; None where it is a question."""
    found = _read(text)
    return found if found is not None and found.queries else None


def _read(text: str) -> Pasted | None:
    """What a pasted text is; there may be nothing in it that can be asked."""
    whole = _unquoted(text[:LONGEST]).strip()
    if not whole:
        return None
    if "\n" in whole and (_HEADER.search(whole) is not None or _NOTICE.search(whole) is not None):
        return _message(whole)
    if _LOG_LINE.search(whole) is not None:
        return _lines(whole)
    return _single(whole)


def _unquoted(text: str) -> str:
    """A text without the marks of a reply that quotes all of it."""
    lines = text.strip().splitlines()
    return "\n".join(line[1:].removeprefix(" ") for line in lines) if len(lines) > 1 and all(line[:1] == ">" for line in lines) else text


def _single(text: str) -> Pasted | None:
    """One thing in one line."""
    text = _MAILTO(r"<\1>", text)
    if (link := urlsplit(text) if re.match(r"(?:https?|mailto):", text, re.IGNORECASE) else None) is not None:
        return _linked(text, link.scheme.lower(), unquote(link.path), link.query)
    if (header := _ID_HEADER(text)) is not None:
        return _ids(header[1].split(), "the Message-ID")
    if (kept := _KEPT_HEADER(text)) is not None:
        return Pasted(f"the id {kept[1]} of a kept message", _asked({"quarantine_id": [kept[1]]}))
    if (people := _PEOPLE_HEADER(text)) is not None:
        text = text[people.end() :].strip()
    if text.startswith("<@") and (routed := _addresses([text])):
        return _of_addresses(routed, f" {text}")
    bare = text.strip("<>[](){}.,;:'\"`“”‘’ ")
    if _TRACE_ID.fullmatch(bare) and _is_trace(bare):
        return _trace(bare)
    if (server := _server(text.strip("<>(){},; "))) is not None:
        return Pasted(f"the address {server} of a server", _asked({"client": [server]}, {"relay": [server]}))
    text = text.strip("“”‘’ ").replace("\t", " ")
    named = [one for one in getaddresses([text]) if "@" in one[1]]
    if named and (" " not in text or text.endswith((">", ")")) or "," in text or ";" in text or _QUOTED_LOCAL(text)):
        found = _addresses(one for _, one in getaddresses(re.split(r";", text)) if "@" in one)
        if found and _nothing_else(text, found):
            return _of_addresses(found, text)
    alone = list(dict.fromkeys(_ADDRESS.findall(text)))
    if len(alone) == 1 and text.rstrip(">").endswith(alone[0]) and "(" not in text and _nothing_else(text, alone):
        # A name without brackets around the address, as a table has it.
        return _of_addresses(_addresses(alone), text)
    if (queued := _QUEUED_AS(text)) is not None and _may_be_id(queued[1]):
        return Pasted(f"the queue id {queued[1]}", _asked({"queue_id": [queued[1]]}))
    if " " not in text and _may_be_id(bare):
        return Pasted(f"the id {bare}", _asked({"queue_id": [bare]}, {"quarantine_id": [bare]}, {"message_id": [bare]}))
    return None


def _may_be_id(text: str) -> bool:
    """Whether a word can be the id of a queue file or of a kept message; a name with a dot is a domain."""
    return "@" not in text and _ONE_ID(text) is not None and "." not in text.rpartition("/")[2].removesuffix(".gz")


def _linked(text: str, scheme: str, path: str, asked: str) -> Pasted | None:
    """A link: to an address, or to a report of ours."""
    if scheme == "mailto":
        more = [one for key, values in parse_qs(asked).items() if key.lower() in ("to", "cc") for one in values]
        found = _addresses([*path.split(","), *more])
        return _of_addresses(found, path) if found else None
    ids = [one for one in _TRACE_ID.findall(path) if _is_trace(one)]
    return _trace(ids[-1]) if ids else None


def _trace(found: str) -> Pasted:
    """A trace of ours by its id."""
    return Pasted(f"the trace {found}", (Query(query=f"id: {found}"),))


def _of_addresses(found: list[str], text: str) -> Pasted:
    """Addresses; one in brackets without a name may be a Message-ID."""
    asked = _asked({"address": found}, {"message_id": found[:1]})
    may_be_id = len(found) == 1 and not re.search(r"[^<]<", text)
    kind = "the address" if len(found) == 1 else "the addresses"
    words = f"{kind} {' or '.join(found[:3])}{' ...' if len(found) > 3 else ''}"
    if may_be_id and text.startswith("<"):
        return Pasted(f"{words}, or a Message-ID", tuple(reversed(asked)))
    return Pasted(words, asked if may_be_id else asked[:1])


def _ids(texts: Iterable[str], kind: str) -> Pasted | None:
    """Message-IDs."""
    found = list(dict.fromkeys(one.strip("<>,;") for one in texts if "@" in one))[:_MOST]
    return Pasted(f"{kind} {found[0]}", _asked({"message_id": found})) if found else None


def _lines(text: str) -> Pasted | None:
    """Lines of a log: by their queue ids, else their Message-IDs, ids of kept mail, and whom they name."""
    queue_ids = _several("".join(one) for one in _QUEUE_ID.findall(text))
    queue_ids = [one for one in queue_ids if any(map(str.isdigit, one)) and one != "NOQUEUE"]
    message_ids = _several(_LABELLED_ID.findall(text))
    kept = _several([*_KEPT.findall(text), *_MAIL_ID.findall(text)])
    named = _NAMED.findall(text)
    recipients = _addresses(one for name, one in named if name in ("to", "orig_to", "rcpt", "rcpts", "recipient", "RCPT"))
    senders = _addresses(one for name, one in named if name in ("from", "sender", "F") and one)
    if not senders and any(name in ("from", "F") for name, _ in named):
        # The null sender, which is said as well.
        senders = [""]
    people = {name: found for name, found in (("recipient", recipients), ("sender", senders)) if found}
    to_him = {"recipient": recipients} if recipients else {}
    queries = _asked(
        *([{"queue_id": queue_ids, **to_him}, {"queue_id": queue_ids}] if queue_ids else []),
        *([{"message_id": message_ids, **to_him}, {"message_id": message_ids}] if message_ids else []),
        *([{"quarantine_id": kept}] if kept else []),
        # Whom it names may have had other mail: asked only where there is no id.
        *([people] if people and not (queue_ids or message_ids or kept) else []),
    )
    if not queries:
        return None
    what = [*queue_ids[:2], *message_ids[:1], *kept[:1]] or [one or "<>" for one in (*recipients[:1], *senders[:1])]
    return Pasted(f"a line of a log about {', '.join(what)}", queries)


def _message(text: str) -> Pasted | None:
    """The headers of a message, or a notice about one: what it is about comes first."""
    parsed = email.message_from_string(text.lstrip(), policy=email.policy.compat32)
    if not parsed.keys() and (first := _HEADER.search(text)) is not None and _NOTICE.search(text) is None:
        # What a mail program writes above the headers of what is sent on.
        parsed = email.message_from_string(text[first.start() :], policy=email.policy.compat32)
    parts = list(parsed.walk())
    subject = str(parsed.get("Subject", ""))
    notice = parsed.get_content_type() == "multipart/report" or _NOTICE.search(f"{subject}\n{text[:4000]}") is not None
    about = _original(parts, text) if notice else parsed
    failed = _failed(parts, text) if notice else []
    queue_ids = _several(one for part in parts for one in _queue_ids_of(part)) + _queue_ids_in(text)
    message_ids = _several(_header_ids(about) if about is not None else [])
    if notice and not message_ids:
        message_ids = _several(one for name in ("References", "In-Reply-To") for one in _all_ids(str(parsed.get(name, ""))))
    people = _people(about, failed)
    to_him = {"recipient": people["recipient"]} if people.get("recipient") else {}
    queries = _asked(
        *([{"message_id": message_ids, **to_him}, {"message_id": message_ids}] if message_ids else []),
        *([{"queue_id": queue_ids, **to_him}] if queue_ids and to_him else []),
        *([{"queue_id": queue_ids}] if queue_ids else []),
        # Whom it names may have had other mail: asked only where there is no id.
        *([people] if people and not (message_ids or queue_ids) else []),
    )
    if not queries:
        return None
    what = message_ids[0] if message_ids else (queue_ids[0] if queue_ids else next(iter(people.values()))[0])
    if notice:
        whom = f" to {failed[0]}" if failed else ""
        return Pasted(f"a bounce of the message {what}{whom}", queries)
    return Pasted(f"the headers of the message {what}", queries)


def _original(parts: list[Message], text: str) -> Message | None:
    """The headers of the message that a notice is about: a part of its own, or behind the words of the notice."""
    for part in parts:
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else email.message_from_string(str(payload))
            if isinstance(inner, Message) and inner.keys():
                return inner
    behind = [found.start() for found in re.finditer(r"(?mi)^(?:Return-Path|Received|Message-ID|From|Date):", text)]
    for start in behind:
        # The notice's own headers end at the first empty line.
        if text.rfind("\n\n", 0, start) > 0:
            return email.message_from_string(text[start:])
    return None


def _failed(parts: list[Message], text: str) -> list[str]:
    """Whom a notice is about."""
    found = []
    for part in parts:
        for name in ("Original-Recipient", "Final-Recipient", "X-Failed-Recipients"):
            for value in part.get_all(name, []):
                found += [one.partition(";")[2].strip() or one for one in str(value).split(",")]
    if not found:
        found = [next(filter(None, one)) for one in _FAILED.findall(text)]
    return _addresses(found)


def _people(about: Message | None, failed: list[str]) -> dict[str, list[str]]:
    """Sender and recipients of a message, by its headers."""
    if about is None:
        return {"recipient": failed} if failed else {}
    to = failed or _addresses(
        one for name in ("Delivered-To", "X-Original-To", "To", "Cc") for _, one in getaddresses(map(str, about.get_all(name, [])))
    )
    sender = _addresses(one for name in ("Return-Path", "From") for _, one in getaddresses(map(str, about.get_all(name, []))))
    return {name: found for name, found in (("recipient", to), ("sender", sender)) if found}


def _queue_ids_of(part: Message) -> Iterator[str]:
    """Queue ids in the headers of a message, or of the report on one; the last server that had it is named first."""
    for name in ("X-Postfix-Queue-ID", "X-Exim-Message-Id", "Original-Envelope-Id"):
        yield from (str(value).strip() for value in part.get_all(name, []))
    for value in part.get_all("Received", []):
        yield from _RECEIVED_ID.findall(str(value))


def _queue_ids_in(text: str) -> list[str]:
    """Queue ids in the words of a notice."""
    return _several(re.findall(r"(?:queued as|Queue-?ID:?|X-Postfix-Queue-ID:)\s+([0-9A-Za-z-]{6,28})", text, re.IGNORECASE))


def _header_ids(message: Message) -> list[str]:
    """The Message-ID of a message."""
    return _all_ids(str(message.get("Message-ID", "")))


def _all_ids(text: str) -> list[str]:
    """The Message-IDs in a header."""
    return [one.strip("<>") for one in text.split() if "@" in one]


def _server(text: str) -> str | None:
    """An IP address, with or without brackets and port."""
    if (named := _NAMED_SERVER(text)) is not None:
        text = named[1]
    found = _WITH_PORT(text)
    for one in [text.strip("[]"), found[1]] if found is not None else [text.strip("[]")]:
        try:
            return str(ip_address(one.removeprefix("IPv6:")))
        except ValueError:
            continue
    return None


def _is_trace(text: str) -> bool:
    """Whether a text is the id of a trace."""
    try:
        identity.to_bytes(text)
    except ValueError:
        return False
    return True


def _nothing_else(text: str, found: list[str]) -> bool:
    """Whether a text is addresses with their names, and no question that holds one."""
    if "*" in text or re.search(r":|\b(?:and|or|not)\b", re.sub(r'"[^"]*"|\([^)]*\)', "", _ADDRESS.sub("", text)), re.IGNORECASE):
        return False
    return bool(found)


def _addresses(texts: Iterable[str]) -> list[str]:
    """Addresses in their one form, each once."""
    # A quoted local part keeps its quotes; the others are those of whoever copied it.
    found = (address.normalise(one.strip(" <>.,;:") if '"@' in one else one.strip(" <>\"'.,;:")) for one in texts if one)
    return _several(one for one in found if "@" in one)


def _several(texts: Iterable[str]) -> list[str]:
    """Each once, and not too many."""
    return list(dict.fromkeys(one for one in texts if one))[:_MOST]


def _asked(*criteria: dict[str, list[str]]) -> tuple[Query, ...]:
    """The questions, each once; what cannot be asked is left out."""
    found: dict[Query, None] = {}
    for one in criteria:
        try:
            found[Query(**{name: tuple(values) for name, values in one.items()})] = None  # type: ignore[arg-type]
        except QueryError:
            continue
    return tuple(found)

"""The summary of a scan in its text form: `$log_templ` of amavisd-new 2.6 to 2.13.

A message whose recipients come off differently has two lines, `Passed` and `Blocked`, each with its own recipients.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from ingest.events import Scanned
from ingest.formats.amavis.parties import MAIL_ID, parties
from ingest.formats.outcome import UNKNOWN, Outcome
from ingest.formats.replies import next_id_in
from mappings.address import message_id, normalise

_CATEGORY = re.compile(r"(Passed|Blocked) ([A-Z][A-Z0-9-]*)")
_ACTIONS = re.compile(r" \{([A-Za-z0-9,]*)\},? ")
#: Policy banks (`MYNETS`, `ORIGINATING/MYNETS`, `AM.PDP-SOCK`), `LOCAL`, the client, the first client of the message's header, and in
#: the long template the protocols in and out (`ESMTP/LMTP`).
_ORIGIN = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9_./-]* )*(?:\[(?:IPv6:)?([0-9A-Fa-f.:]*)\](?::(\d{1,5}))? )?(?:\[(?:IPv6:)?([0-9A-Fa-f.:]*)\] )?"
    r"(?:[A-Z0-9.]{0,16}/[A-Z0-9.]{1,16} )?(?=<)"
)
#: The policy bank of the protocol that milters speak.
_MILTER = "AM.PDP"
#: A score, and what a list of senders adds to it.
_SCORE = r"(-|[-+]?\d{1,9}(?:\.\d{1,9})?(?:[-+]\d{1,9}(?:\.\d{1,9})?)?)"
_PART = re.compile(r"[-+]?\d[\d.]*")
#: Where amavis' own words begin again behind the Message-ID, which a stranger wrote.
_ANCHOR = re.compile(rf", mail_id: ({MAIL_ID})(?:, b: [A-Za-z0-9_+-]{{1,64}})?(?:, Hits: {_SCORE})?(?=, |$)|, Hits: {_SCORE}(?=, |$)")
#: What stands between there and the subject.
_OWN = re.compile(r"(?:, (?:[Ss]ize|pt|queued_as): [^, ]*)*")
_SIZE = re.compile(r", [Ss]ize: (\d{1,18})(?=, |$)")
#: What ends a whole record: the time that it took.
_DONE = re.compile(r", \d+ ms(?=$|, )")
#: Where the next server's reply does not end in `queued as ID` (Exim, LMTP), amavis writes the whole of it here.
_QUEUED_AS = re.compile(r", queued_as: ([0-9A-Za-z]+(?:/[0-9A-Za-z]+)*(?=, |$)|[2-5]\d\d [^\n]{0,2000}?(?=, \d+ ms(?:, |$)))")
_QUEUE_ID = re.compile(r", Queue-ID: ([0-9A-Za-z]+)(?=, |$)")
_MESSAGE_ID = re.compile(r", Message-ID: ")
_QUARANTINE = re.compile(r", quarantine: (.*?)(?=, Queue-ID: |, Message-ID: |, Resent-Message-ID: |, mail_id: |, Hits: |$)")
_SUBJECT = re.compile(r', Subject: "((?:[^"\\]|\\.)*+)"(?=, |$)')
_FROM = re.compile(r", From: ((?:\"[^\"]*\"|[^,])*)")
_BETWEEN = re.compile(r",\s*|\s+")
#: Ends of the detail that are tried, and how far they are looked for.
_DETAIL_END = re.compile(r"\)(?= \{[A-Za-z0-9,]*\},? |, [A-Za-z\[<])")
_MOST_ENDS = 1024
_LONGEST_DETAIL = 4096


def summary(log_id: str, rest: str) -> Outcome:
    """`Passed|Blocked CATEGORY (detail) {actions}, origin <sender> -> <recipients>, quarantine: ..., mail_id: ..., ...`."""
    match = _CATEGORY.match(rest)
    if match is None:
        return UNKNOWN
    for detail, end in _details(rest, match.end()):
        at = end
        actions: list[str] = []
        braces = _ACTIONS.match(rest, at)
        if braces is not None:
            actions = [a for a in braces[1].split(",") if a]
            at = braces.end()
        elif rest.startswith(", ", at):
            at += 2
        origin = _ORIGIN.match(rest, at)
        people = parties(rest, origin.end()) if origin else None
        if origin is not None and people is not None:
            return _scanned(log_id, (match, detail, actions, origin), people[:2], rest[people[2] :])
    return UNKNOWN


def _details(rest: str, at: int) -> Iterator[tuple[str | None, int]]:
    """What may be the ` (detail)` after the category: a virus' name, or the banned part whose name a stranger chose.

    Our own words follow it: ` {actions}, ` and the origin. A name that imitates these ends it too early, so that the caller tries
    the next end; a name would have to hold an arrow between addresses as well to be believed.
    """
    if rest.startswith(" (", at):
        for match in islice(_DETAIL_END.finditer(rest, at, at + _LONGEST_DETAIL), _MOST_ENDS):
            yield rest[at + 2 : match.start()], match.end()
    yield None, at


def _scanned(
    log_id: str, head: tuple[re.Match[str], str | None, list[str], re.Match[str]], people: tuple[str, list[str]], fields: str
) -> Scanned:
    """The named fields: before `mail_id` up to the Message-ID, behind it all that is amavis' own."""
    match, detail, actions, origin = head
    right, subject = _anchor(fields)
    left, at = (fields[: right.start()], right.end()) if right else (fields, 0)
    own, theirs = (fields[at : subject.start()], fields[subject.end() :]) if subject else (fields[at:], fields[at:])
    message = _MESSAGE_ID.search(left)
    before = left[: message.start()] if message else left
    queue, kept = _QUEUE_ID.search(before), _QUARANTINE.search(before)
    parts = _PART.findall(right[2] or right[3] or "") if right else []
    size, queued = _SIZE.search(own), _QUEUED_AS.search(own)
    author = _FROM.search(theirs) if right else None
    return Scanned(
        mail_id=right[1] if right else None,
        log_id=log_id,
        passed=match[1] == "Passed",
        category=match[2],
        detail=detail,
        actions=actions,
        client_ip=origin[3] or origin[1] or None,
        client_port=int(origin[2]) if origin[2] else None,
        sender=people[0],
        recipients=people[1],
        quarantine_ids=[q for q in _BETWEEN.split(kept[1]) if q] if kept else [],
        origin_queue_id=queue[1] if queue else None,
        message_id=message_id(left[message.end() :].split(", Resent-Message-ID: ")[0]) if message else None,
        score=sum(float(part) for part in parts) if parts else None,
        size=int(size[1]) if size else None,
        next_ids=_next_ids(queued[1]) if queued else [],
        subject=subject[1].replace('\\"', '"') if subject else None,
        header_from=_author(author[1]) if author else None,
        cut=_DONE.search(theirs) is None,
        milter=origin[0].startswith(_MILTER) or f" {_MILTER}" in origin[0],
    )


def _next_ids(text: str) -> list[str]:
    """The next queue ids: one for each reply, which stands whole where it does not end in `queued as ID`."""
    found = (part if part.isalnum() else next_id_in(part) for part in text.split("/"))
    return list(dict.fromkeys(one for one in found if one))


def _anchor(fields: str) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    """Where amavis' own words begin again behind the Message-ID, and the subject that it logs there.

    The Message-ID before and the subject behind may imitate these words: the last place counts that stands in no subject.
    """
    right = subject = None
    behind = 0
    for found in _ANCHOR.finditer(fields):
        if found.start() < behind:
            continue
        own = _OWN.match(fields, found.end())
        right, subject = found, _SUBJECT.match(fields, own.end() if own else found.end())
        behind = subject.end() if subject else found.end()
    return right, subject


def _author(text: str) -> str | None:
    """The address of a logged From header."""
    at = text.rfind("<")
    address = normalise(text[at:] if at >= 0 else text)
    return address or None

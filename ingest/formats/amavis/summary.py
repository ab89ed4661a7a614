"""The summary of a scan in its text form: `$log_templ` of amavisd-new 2.6 to 2.13.

A message whose recipients come off differently has two lines, `Passed` and `Blocked`, each with its own recipients.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import NamedTuple

from ingest.formats.amavis.parties import MAIL_ID, id_of_kept, parties
from ingest.formats.amavis.words import in_our_words
from ingest.formats.outcome import UNKNOWN, Outcome
from ingest.formats.replies import next_id_in
from ingest.queue_ids import EXIM_ID
from mappings.address import message_id, normalise
from mappings.facts import FilterSymbol, Scanned

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
_PART = re.compile(r"[-+]?\d{1,9}(?:\.\d{0,9})?")
#: Templates of older releases have no comma before the size.
_NEXT = r"(?=, | size: |$)"
#: Where amavis' own words begin again behind the Message-ID.
_ANCHOR = re.compile(rf", mail_id: ({MAIL_ID})(?:, b: [A-Za-z0-9_+-]{{1,64}})?(?:, Hits: {_SCORE})?{_NEXT}|, Hits: {_SCORE}{_NEXT}")
#: What a stranger wrote, in the longer templates and those of administrators: behind amavis' own words.
_THEIRS = re.compile(r", (?:Subject: |From: |helo=)")
_SIZE = re.compile(r",? [Ss]ize: (\d{1,18})(?=, |$)")
#: What ends a whole record: the time that it took.
_DONE = re.compile(r", \d+ ms(?=$|, )")
#: Shorter templates, and those of older releases, end with other words of amavis' own.
_ENDED = re.compile(
    rf", (?:Hits: {_SCORE}|[Ss]ize: \d{{1,18}}|queued_as: [0-9A-Za-z/]+|mail_id: {MAIL_ID}|kill=[\d.]{{1,9}}|L(?:/[0-9A-Za-z-]){{3}})$"
)
#: So much amavis writes in one piece (`$logline_maxlen`), and every transport takes it.
_ONE_PIECE = 700
#: Where the next server's reply does not end in `queued as ID` (Exim, LMTP), amavis writes the whole of it here.
_QUEUED_AS = re.compile(
    rf", queued_as: ((?:{EXIM_ID}|[0-9A-Za-z]+(?:/[0-9A-Za-z]+)*)(?=, |$)|[2-5]\d\d [^\n]{{0,2000}}?(?=, \d+ ms(?:, |$)))"
)
_QUEUE_ID = re.compile(r", Queue-ID: ([0-9A-Za-z]+)(?=, |$)")
#: amavis sees to it that no bracket stands in it but at its ends (`parse_message_id`), and behind a backslash: then it cannot be told where
#: it ends.
_ID = r"<[^>]*(?<!\\)>"
_MESSAGE_ID = re.compile(rf", Message-ID: ({_ID}|[^<,][^,]*|<[^>]*$)(?:, Resent-Message-ID: {_ID})?(?=, |$)")
_NAMES_ID = ", Message-ID: "
_QUARANTINE = re.compile(r", quarantine: (.*?)(?=, Queue-ID: |, Message-ID: |, Resent-Message-ID: |, mail_id: |, Hits: |$)")
_SUBJECT = re.compile(r', Subject: "((?:[^"\\]|\\.)*+)"(?=, |$)')
_FROM = re.compile(r", From: ((?:\"[^\"]*\"|[^,])*)")
_NAMES_TESTS = ", Tests: ["
_TESTS = re.compile(r", Tests: \[([^\[\]\s]{0,8000})\](?:, (?:[A-Za-z_-]{1,32}=[^,\s]{0,128}|\d{1,12} ms))*$")
_BETWEEN = re.compile(r",\s*|\s+")
#: Ends of the detail that are tried, and how far they are looked for.
_DETAIL_END = re.compile(r"\)(?= \{[A-Za-z0-9,]*\},? |, [A-Za-z\[<])")
_MOST_ENDS = 256
_LONGEST_DETAIL = 4096


class _Reading(NamedTuple):
    """One way to read a line up to its fields."""

    detail: str | None
    actions: list[str]
    origin: re.Match[str]
    sender: str
    recipients: list[str]
    fields: _Named
    #: Where the detail ends, and where the addresses and the Message-ID do.
    begin: int
    end: int


class _Named(NamedTuple):
    """The named fields: those before the Message-ID, the Message-ID, where amavis' own go on, and these."""

    before: str
    message: str | None
    right: re.Match[str] | None
    own: str
    theirs: str
    #: How far the Message-ID goes.
    length: int = 0
    #: Whether amavis would write such a Message-ID.
    ours: bool = True


def summary(log_id: str, rest: str) -> Outcome:
    """`Passed|Blocked CATEGORY (detail) {actions}, origin <sender> -> <recipients>, quarantine: ..., mail_id: ..., ...`."""
    match = _CATEGORY.match(rest)
    found = _read(rest, match.end()) if match is not None else None
    if match is None or found is None:
        return UNKNOWN
    scanned = _scanned(log_id, match, found, rest)
    # Cut off, it may have been cut within the name of a banned part: then all that was read is a stranger's.
    return UNKNOWN if scanned.cut and scanned.detail is not None and scanned.category == "BANNED" else scanned


def _read(rest: str, at: int) -> _Reading | None:
    """The line behind its category, None where strangers made it so that it can be read in two ways.

    In parentheses stands a virus' name, or that of the banned part, which a stranger chose; our own words follow it: ` {actions}, `,
    the origin and the addresses. A name may imitate them, so the last such place counts, unless it may itself be a stranger's: part of
    an address in quotes, of a subject, of a greeting.
    """
    if not rest.startswith(" (", at):
        return _reading(rest, None, at)
    ends = islice(_DETAIL_END.finditer(rest, at, at + _LONGEST_DETAIL), _MOST_ENDS)
    found = [one for end in ends if (one := _reading(rest, rest[at + 2 : end.start()], end.end())) is not None]
    if not found or not found[-1].fields.ours:
        return None
    for one, later in pairwise(found):
        if later.begin < one.end or _THEIRS.search(rest, one.end, later.begin) is not None:
            return None
    return found[-1]


def _reading(rest: str, detail: str | None, begin: int) -> _Reading | None:
    """The line, if its detail ends at `begin`."""
    at, actions = begin, []
    braces = _ACTIONS.match(rest, at)
    if braces is not None:
        actions = [a for a in braces[1].split(",") if a]
        at = braces.end()
    elif rest.startswith(", ", at):
        at += 2
    origin = _ORIGIN.match(rest, at)
    people = parties(rest, origin.end()) if origin else None
    if origin is None or people is None:
        return None
    fields = _named(rest[people[2] :])
    return _Reading(detail, actions, origin, people[0], people[1], fields, begin, people[2] + fields.length)


def _named(fields: str) -> _Named:
    """The fields behind the addresses; of a Message-ID that amavis would not write, and of what is behind it, none is believed."""
    right = _ANCHOR.search(fields)
    at = fields.find(_NAMES_ID, 0, right.start() if right else len(fields))
    message = None
    if at >= 0:
        message = _MESSAGE_ID.match(fields, at)
        if message is None:
            return _Named(fields[:at], None, None, "", "", ours=False)
        right = _ANCHOR.search(fields, message.end())
    before = fields[:at] if at >= 0 else fields[: right.start()] if right else fields
    behind = fields[right.end() :] if right else fields[message.end() :] if message else fields
    theirs = _THEIRS.search(behind)
    cut = theirs.start() if theirs else len(behind)
    length = message.end() if message else 0
    return _Named(before, message[1] if message else None, right, behind[:cut], behind[cut:], length)


def _scanned(log_id: str, match: re.Match[str], found: _Reading, rest: str) -> Scanned:
    """The fact."""
    origin, fields, right = found.origin, found.fields, found.fields.right
    queue, kept = _QUEUE_ID.search(fields.before), _QUARANTINE.search(fields.before)
    parts = _PART.findall(right[2] or right[3] or "") if right else []
    size, queued = _SIZE.search(fields.own), _QUEUED_AS.search(fields.own)
    subject = _SUBJECT.match(fields.theirs)
    author = _FROM.search(fields.theirs, subject.end() if subject else 0) if right else None
    quarantine_ids = [q for q in _BETWEEN.split(kept[1]) if q] if kept else []
    milter = origin[0].startswith(_MILTER) or f" {_MILTER}" in origin[0]
    said = Scanned(
        mail_id=(right[1] if right else None) or id_of_kept(quarantine_ids),
        log_id=log_id,
        passed=match[1] == "Passed",
        category=match[2],
        detail=found.detail,
        actions=found.actions,
        # The second address is out of the header, which the sender wrote. An only one without a port may be that one.
        client_ip=(origin[1] or None) if origin[2] or origin[3] or milter else None,
        client_port=int(origin[2]) if origin[2] else None,
        sender=found.sender,
        recipients=found.recipients,
        quarantine_ids=quarantine_ids,
        origin_queue_id=queue[1] if queue else None,
        message_id=message_id(fields.message) if fields.message else None,
        score=sum(float(part) for part in parts) if parts else None,
        size=int(size[1]) if size else None,
        next_ids=_next_ids(queued[1]) if queued else [],
        subject=subject[1].replace('\\"', '"') if subject else None,
        header_from=_author(author[1]) if author else None,
        cut=_DONE.search(fields.theirs or fields.own) is None and not _is_whole(rest, found.begin),
        milter=milter,
        symbols=_symbols(fields.theirs or fields.own),
    )
    return in_our_words(said)


def _is_whole(rest: str, begin: int) -> bool:
    """Whether a record that does not tell how long it took is whole all the same."""
    return len(rest) < _ONE_PIECE and _ENDED.search(rest, begin) is not None


def _symbols(text: str) -> list[FilterSymbol]:
    """The tests of SpamAssassin that met, `Tests: [NAME=score,...]`: behind whatever strangers wrote, which may imitate it."""
    found = _TESTS.match(text, at) if (at := text.rfind(_NAMES_TESTS)) >= 0 else None
    pairs = [one.rpartition("=") for one in found[1].split(",")] if found is not None else []
    return [FilterSymbol(name, float(score)) for name, _, score in pairs if name and _PART.fullmatch(score) is not None]


def _next_ids(text: str) -> list[str]:
    """The next queue ids: one for each reply, which stands whole where it does not end in `queued as ID`."""
    found = (part if part.replace("-", "").isalnum() else next_id_in(part) for part in text.split("/"))
    return list(dict.fromkeys(one for one in found if one))


def _author(text: str) -> str | None:
    """The address of a logged From header."""
    at = text.rfind("<")
    address = normalise(text[at:] if at >= 0 else text)
    return address or None

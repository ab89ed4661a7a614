"""amavisd-new: the summary line at every log level, what it passes on, notices, quarantine and release.

A line is `(LOG_ID) text`; long ones are split over several records and are joined before they come here (`ingest.records`).
Source: `$log_templ` of amavisd-new 2.6 to 2.13, in text form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from ingest.events import Inspected, Passed, Release, Reply, Scanned
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.lines import Line
from mappings.address import message_id, normalise, parse_path
from mappings.codes import split_reply

_LOG_ID = re.compile(r"\((rel-)?([0-9A-Za-z_+-]+)\) ")
_MAIL_ID = r"[A-Za-z0-9_+-]{8,24}"
#: Marks of importance before the text: `(!)`, `(!!)`.
_ALARM = re.compile(r"^\(!+\)")
_CATEGORY = re.compile(r"(Passed|Blocked) ([A-Z][A-Z0-9-]*)")
_ACTIONS = re.compile(r" \{([A-Za-z0-9,]*)\},? ")
#: Policy banks (`MYNETS`, `ORIGINATING/MYNETS`, `AM.PDP-SOCK`), `LOCAL`, the client, and the first client of the message's header.
_ORIGIN = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9_./-]* )*(?:\[(?:IPv6:)?([0-9A-Fa-f.:]*)\](?::(\d{1,5}))? )?(?:\[(?:IPv6:)?([0-9A-Fa-f.:]*)\] )?(?=<)"
)
#: A score, and what a list of senders adds to it.
_SCORE = r"(-|[-+]?\d{1,9}(?:\.\d{1,9})?(?:[-+]\d{1,9}(?:\.\d{1,9})?)?)"
_PART = re.compile(r"[-+]?\d[\d.]*")
#: Where amavis' own words begin again behind the Message-ID, which a stranger wrote.
_ANCHOR = re.compile(rf", mail_id: ({_MAIL_ID})(?:, Hits: {_SCORE})?(?=, |$)|, Hits: {_SCORE}(?=, |$)")
#: What stands between there and the subject.
_OWN = re.compile(r"(?:, (?:[Ss]ize|pt|queued_as): [^, ]*)*")
_SIZE = re.compile(r", [Ss]ize: (\d{1,18})(?=, |$)")
#: What ends a whole record: the time that it took.
_DONE = re.compile(r", \d+ ms(?=$|, )")
_QUEUED_AS = re.compile(r", queued_as: ([0-9A-Za-z/]+)")
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
_CHECKING = re.compile(rf"Checking: (?:({_MAIL_ID}) )?(?:[A-Za-z][A-Za-z0-9_./-]* )*(?:\[(?:IPv6:)?([0-9A-Fa-f.:]+)\] )?(?=<)")
_FOLDER = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP|AM\.PDP)[^\s<]{0,80}(?: [^\s<]{1,80})?? /[^\s<]{0,400}/(amavis-[0-9A-Za-z_-]{1,80}): (?=<)")
_GIVEN = re.compile(rf"({_MAIL_ID})(?:\(({_MAIL_ID})\))? (FWD|SEND) from (?=<)")
_RELEASE = re.compile(rf"Quarantined message release(?: \([^)]*\))?: ({_MAIL_ID}) (?=<)")
#: The reply behind the ESMTP options; a sender chooses one of these (ENVID), but it holds no blank.
_REPLY_AT = re.compile(r"(?<=[ ,])[245]\d\d (?=\S)")
_QUEUED = re.compile(r"queued as ([0-9A-Za-z]+)")


def _paths(text: str, at: int) -> tuple[list[str], int]:
    """The comma-separated `<address>` list that begins at `at`, and where it ends."""
    found: list[str] = []
    while text.startswith("<", at):
        raw, at = parse_path(text, at)
        if text[at - 1] != ">" or (raw.count('"') % 2 and not text.startswith(",", at)):
            # Cut off, perhaps within quotes: no address of anybody.
            break
        found.append(normalise(raw))
        if not text.startswith(",<", at):
            break
        at += 1
    return found, at


def _parties(text: str, at: int) -> tuple[str, list[str], int] | None:
    """`<sender> -> <recipient>,<recipient>`: both sides, and where they end."""
    if not text.startswith("<", at):
        return None
    raw, at = parse_path(text, at)
    if not text.startswith(" -> ", at):
        return None
    recipients, at = _paths(text, at + 4)
    return normalise(raw), recipients, at


def parse(line: Line) -> Outcome:
    """The fact that an amavis line states."""
    text = line.text
    match = _LOG_ID.match(text)
    if match is None:
        # Start-up, and what child processes say without a message.
        return IGNORED
    rest = _ALARM.sub("", text[match.end() :], count=1)
    if match[1]:
        return _released(match[2], rest)
    log_id = match[2]
    if rest.startswith(("Passed ", "Blocked ")):
        return _summary(log_id, rest)
    if rest.startswith("Checking: "):
        return _checking(log_id, rest)
    given = _GIVEN.match(rest)
    if given is not None:
        return _given(log_id, given, rest)
    folder = _FOLDER.match(rest)
    if folder is not None:
        return _inspected(log_id, folder, rest)
    # The other lines of a scan (decoders, tests, timing) repeat what the summary says, or say nothing of one message.
    return IGNORED


def _summary(log_id: str, rest: str) -> Outcome:
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
        parties = _parties(rest, origin.end()) if origin else None
        if origin is not None and parties is not None:
            return _scanned(log_id, (match, detail, actions, origin), parties[:2], rest[parties[2] :])
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
    log_id: str, head: tuple[re.Match[str], str | None, list[str], re.Match[str]], parties: tuple[str, list[str]], fields: str
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
        sender=parties[0],
        recipients=parties[1],
        quarantine_ids=[q for q in _BETWEEN.split(kept[1]) if q] if kept else [],
        origin_queue_id=queue[1] if queue else None,
        message_id=message_id(left[message.end() :].split(", Resent-Message-ID: ")[0]) if message else None,
        score=sum(float(part) for part in parts) if parts else None,
        size=int(size[1]) if size else None,
        next_ids=queued[1].split("/") if queued else [],
        subject=subject[1].replace('\\"', '"') if subject else None,
        header_from=_author(author[1]) if author else None,
        cut=_DONE.search(theirs) is None,
    )


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


def _checking(log_id: str, rest: str) -> Outcome:
    """`Checking: MAIL_ID [ip] <sender> -> <recipients>`."""
    match = _CHECKING.match(rest)
    parties = _parties(rest, match.end()) if match else None
    if match is None or parties is None:
        return IGNORED
    return Inspected(log_id, match[1], parties[0], parties[1], client_ip=match[2])


def _inspected(log_id: str, match: re.Match[str], rest: str) -> Outcome:
    """`ESMTP [127.0.0.1]:10024 /var/lib/amavis/tmp/amavis-...: <sender> -> <recipients> SIZE=...`."""
    parties = _parties(rest, match.end())
    if parties is None:
        return IGNORED
    return Inspected(log_id, None, parties[0], parties[1], folder=match[1])


def _given(log_id: str | None, match: re.Match[str], rest: str) -> Outcome:
    """`M FWD from <s> -> <r>, BODY=7BIT 250 ... queued as Q`; with `NEW(M)` a notice (SEND) or a released message (FWD)."""
    parties = _parties(rest, match.end())
    if parties is None:
        return UNKNOWN
    sender, recipients, at = parties
    said = rest[at:]
    answer = _REPLY_AT.search(said)
    code, enhanced, words = split_reply(said[answer.start() :]) if answer else (None, None, "")
    queued = _QUEUED.findall(said)
    how = "forward" if match[2] is None else "notice" if match[3] == "SEND" else "release"
    return Passed(
        how=how,
        mail_id=match[2] or match[1],
        log_id=log_id,
        new_id=match[1] if match[2] else None,
        sender=sender,
        recipients=recipients,
        next_id=queued[-1] if queued else None,
        reply=Reply(code, enhanced, words),
    )


def _released(new_id: str, rest: str) -> Outcome:
    """Lines of a release: `(rel-NEW) Quarantined message release: KEPT <s> -> <r>`, then how it was given on."""
    match = _RELEASE.match(rest)
    if match is not None:
        parties = _parties(rest, match.end())
        return Release(match[1], new_id, parties[0] if parties else None, parties[1] if parties else [])
    given = _GIVEN.match(rest)
    return _given(None, given, rest) if given is not None else IGNORED

"""What amavis says on the way: a scan begins, a message is given on, a notice is sent, a kept message is released."""

from __future__ import annotations

import re

from ingest.formats.amavis.parties import MAIL_ID, parties
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from mappings.codes import split_reply
from mappings.facts import Inspected, Passed, Release, Reply
from mappings.log_words import Sending

_CHECKING = re.compile(rf"Checking: (?:({MAIL_ID}) )?(?:[A-Za-z][A-Za-z0-9_./-]* )*(?:\[(?:IPv6:)?([0-9A-Fa-f.:]+)\] )?(?=<)")
_FOLDER = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP|AM\.PDP)[^\s<]{0,80}(?: [^\s<]{1,80})?? /[^\s<]{0,400}/(amavis-[0-9A-Za-z_-]{1,80}): (?=<)")
_GIVEN = re.compile(rf"({MAIL_ID})(?:\(({MAIL_ID})\))? (FWD|SEND) from (?=<)")
_RELEASE = re.compile(rf"Quarantined message release(?: \([^)]*\))?: ({MAIL_ID}) (?=<)")
#: The reply behind the ESMTP options; a sender chooses one of these (ENVID), but it holds no blank.
_REPLY_AT = re.compile(r"(?<=[ ,])[245]\d\d (?=\S)")
_QUEUED = re.compile(r"queued as ([0-9A-Za-z]+)")


def step(log_id: str, rest: str) -> Outcome:
    """A line of a scan that is no summary."""
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


def _checking(log_id: str, rest: str) -> Outcome:
    """`Checking: MAIL_ID [ip] <sender> -> <recipients>`."""
    match = _CHECKING.match(rest)
    people = parties(rest, match.end()) if match else None
    if match is None or people is None:
        return IGNORED
    return Inspected(log_id, match[1], people[0], people[1], client_ip=match[2])


def _inspected(log_id: str, match: re.Match[str], rest: str) -> Outcome:
    """`ESMTP [127.0.0.1]:10024 /var/lib/amavis/tmp/amavis-...: <sender> -> <recipients> SIZE=...`."""
    people = parties(rest, match.end())
    if people is None:
        return IGNORED
    return Inspected(log_id, None, people[0], people[1], folder=match[1])


def _given(log_id: str | None, match: re.Match[str], rest: str) -> Outcome:
    """`M FWD from <s> -> <r>, BODY=7BIT 250 ... queued as Q`; with `NEW(M)` a notice (SEND) or a released message (FWD)."""
    people = parties(rest, match.end())
    if people is None:
        return UNKNOWN
    sender, recipients, at = people
    said = rest[at:]
    answer = _REPLY_AT.search(said)
    code, enhanced, words = split_reply(said[answer.start() :]) if answer else (None, None, "")
    queued = _QUEUED.findall(said)
    how = Sending.FORWARD if match[2] is None else Sending.NOTICE if match[3] == "SEND" else Sending.RELEASE
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


def released(new_id: str, rest: str) -> Outcome:
    """Lines of a release: `(rel-NEW) Quarantined message release: KEPT <s> -> <r>`, then how it was given on."""
    match = _RELEASE.match(rest)
    if match is not None:
        people = parties(rest, match.end())
        return Release(match[1], new_id, people[0] if people else None, people[1] if people else [])
    given = _GIVEN.match(rest)
    return _given(None, given, rest) if given is not None else IGNORED

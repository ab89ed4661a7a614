"""The summary of a scan as JSON: the macro `[:report_json]` in `$log_templ`, which amavisd-new has since 2.9.

Source: `structured_report` in `Amavis.pm`. It holds what the text form says under names of its own, and a result for each recipient;
an administrator may leave fields out (`[:report_json|!recipients]`). In the log each backslash is doubled, as in every line of amavis.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

import msgspec

from ingest.formats.amavis.parties import id_of_kept, once
from ingest.formats.amavis.words import in_our_words
from ingest.formats.outcome import UNKNOWN, Outcome
from mappings.address import message_id, normalise
from mappings.facts import Scanned

#: How a report begins; some write a cookie before it, by which rsyslog knows JSON.
MARKS = ("{", "@cee:")
_COOKIE = re.compile(r"@cee: ?(?=\{)")
#: `%ccat_display_names` of amavis and the words of the text form, where the one is not the other in capitals.
_CATEGORIES = {
    "CatchAll": "OTHER",
    "CleanTag": "CLEAN",
    "MtaFailed": "MTA-BLOCKED",
    "MtaTempFailed": "MTA-BLOCKED",
    "MtaRejected": "MTA-BLOCKED",
    "BadHdr": "BAD-HEADER-0",
    "BadHdrMime": "BAD-HEADER-1",
    "BadHdr8bit": "BAD-HEADER-2",
    "BadHdrChar": "BAD-HEADER-3",
    "BadHdrSpace": "BAD-HEADER-4",
    "BadHdrLong": "BAD-HEADER-5",
    "BadHdrSyntax": "BAD-HEADER-6",
    "BadHdrMissing": "BAD-HEADER-7",
    "BadHdrDupl": "BAD-HEADER-8",
    "Spammy3": "SPAMMY",
    "UncheckedEncrypted": "UNCHECKED-ENCRYPTED",
    "UncheckedOverLimits": "UNCHECKED",
    "UncheckedAmbiguousContent": "UNCHECKED",
    "Virus": "INFECTED",
}
_NAME = re.compile(r'[{,]"([a-z_@0-9]{1,32})":')
_DECODER = json.JSONDecoder()
_PASS = "PASS"  # noqa: S105 - a word of amavis


class _Recipient(msgspec.Struct):
    """What became of one recipient's copy."""

    rcpt_to: str
    action: str = ""
    ccat_blocking: str | None = None
    ccat_main: str | None = None
    banning_reason: str | None = None
    queued_as: str | None = None
    spam_score: float | None = None


class _Report(msgspec.Struct):
    """What is of use in a report."""

    action: list[str] = []
    actions_performed: str = ""
    author: list[str | None] = []
    client_ip: str | None = None
    client_port: int | None = None
    content_type: str | None = None
    mail_from: str | None = None
    mail_id: str | None = None
    message_id: str | None = None
    quarantine: str | None = None
    queue_id: str | None = None
    #: How the message came to amavis: ESMTP, LMTP, AM.PDP ...
    protocol: str | None = None
    queued_as: list[str] = []
    rcpt_to: list[str] = []
    recipients: list[_Recipient] = []
    size: int | None = None
    spam_score: float | None = None
    subject: str | None = None
    subject_rot13: str | None = None
    virusnames: list[str] = []


_REPORT = msgspec.json.Decoder(_Report)


def report(log_id: str, rest: str) -> Outcome:
    """`{"@timestamp":...,"action":[...],...}`."""
    text = _COOKIE.sub("", rest, count=1)
    # Pieces may be split within a character; joined, its bytes are one again.
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    single = once(text)
    for form in (single, text) if single != text else (text,):
        try:
            return _scanned(log_id, _REPORT.decode(form.encode("utf-8", "surrogateescape")), cut=False)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
    found = _begun(single)
    return UNKNOWN if found is None else _scanned(log_id, found, cut=True)


def _begun(text: str) -> _Report | None:
    """The fields that are whole in a report that was cut; None where there is nothing to go by."""
    found: dict[str, Any] = {}
    at = 0
    while (name := _NAME.match(text, at)) is not None:
        try:
            found[name[1]], at = _DECODER.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break
    try:
        return msgspec.convert(found, _Report) if "action" in found else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _scanned(log_id: str, said: _Report, *, cut: bool) -> Outcome:
    """The result. Where recipients come off differently, it is that of the blocked ones, as in the text form's `Blocked` line."""
    if not said.action and not said.recipients:
        return UNKNOWN
    blocked = [r for r in said.recipients if r.action != _PASS]
    mixed = 0 < len(blocked) < len(said.recipients)
    passed = not blocked if said.recipients else _PASS in said.action
    mine = blocked or said.recipients
    # Without a result for each recipient, a mixed one is nobody's.
    people = [r.rcpt_to for r in mine] if mine else said.rcpt_to if len(said.action) < 2 or not passed else []
    scores = [r.spam_score for r in mine if r.spam_score is not None]
    shown = next((r.ccat_main if passed else r.ccat_blocking for r in mine if (r.ccat_main if passed else r.ccat_blocking)), None)
    category = shown or said.content_type or "OTHER"
    subject = said.subject if said.subject is not None or said.subject_rot13 is None else codecs.decode(said.subject_rot13, "rot13")
    result = Scanned(
        mail_id=said.mail_id or id_of_kept([said.quarantine or ""]),
        log_id=log_id,
        passed=passed,
        category=_CATEGORIES.get(category, category.upper()),
        detail=_detail(category, said.virusnames, mine),
        actions=said.actions_performed.split(),
        client_ip=(said.client_ip or "").removeprefix("IPv6:") or None,
        client_port=said.client_port,
        sender=None if said.mail_from is None else normalise(said.mail_from),
        recipients=[normalise(address) for address in people],
        quarantine_ids=[said.quarantine] if said.quarantine else [],
        origin_queue_id=said.queue_id or None,
        message_id=message_id(said.message_id) if said.message_id else None,
        score=max(scores) if scores else said.spam_score,
        size=said.size,
        next_ids=said.queued_as,
        subject=subject,
        header_from=normalise(said.author[0]) or None if said.author and said.author[0] else None,
        cut=cut or (not mixed and len(people) < len(said.rcpt_to)),
        milter=said.protocol == "AM.PDP",
        others=[normalise(r.rcpt_to) for r in said.recipients if r.action == _PASS] if mixed else [],
    )
    return in_our_words(result)


def _detail(category: str, viruses: list[str], people: list[_Recipient]) -> str | None:
    """The names of viruses, or of the banned part."""
    if category == "Virus":
        return ", ".join(viruses) or None
    return next((r.banning_reason for r in people if r.banning_reason), None) if category == "Banned" else None

"""Proxmox Mail Gateway: the filter of its mail server, before the queue or behind it; what its rules did, by recipient.

Each line begins with the id of the scan, which holds a file's number and the time to the microsecond, so it never comes back; the answer to
the mail server ends with it. What a rule is called, an administrator decides: no name of one says what it was for. Source: `syslog` in
`pmg-smtp-filter`, `PMG::RuleDB::Accept`, `Block`, `Quarantine`, `Spam`, `PMG::Utils` and `PMG::SMTP` of releases 5 to 9.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID
from mappings.address import normalise
from mappings.facts import FilterSymbol, Infected, Judged, Scanned
from mappings.vocabulary import Disposition, Verdict

_ID = re.compile(r"([0-9A-F]{14,30}): ")
#: A recipient with a blank or a bracket in it, the filter does not take.
_RULE = r" \(rule: ([^\n]{1,400})\)$"
_ACCEPTED = re.compile(rf"accept mail to <([^\s>]{{1,320}})> \(({POSTFIX_ID})\){_RULE}")
_BLOCKED = re.compile(rf"block mail to <([^\s>]{{1,320}})>{_RULE}")
_KEPT = re.compile(rf"moved mail for <([^\s>]{{1,320}})> to (spam|virus) quarantine - ([0-9A-F]{{14,30}}){_RULE}")
_SCORE = re.compile(
    r"SA score=(\d{1,4})/(\d{1,4}) time=[\d.]{1,12} bayes=\S{1,12} autolearn=[^\n=]{1,60}(?: autolearn_force=\w{1,12})? hits=(\S*)$"
)
_HIT = re.compile(r"([A-Z][A-Z0-9_]{1,80})\((-?\d{1,4}(?:\.\d{1,6})?)\)", re.ASCII)
_VIRUS = re.compile(r"virus detected: (\S{1,200}) \([a-z ]{1,20}\)$")
#: Whatever else it says of a scan: that it begins, how long it took, what it added, and who was told; a mail that it could not give on is
#: refused for now, and the mail server says so.
_QUIET = (
    "new mail ",
    "processing time: ",
    "reinject mail to <",
    "found archive ",
    "unpack ",
    "bcc to <",
    "notify <",
    "removed attachment ",
    "moved mail for <",
    "sender in user (",
    "adding ",
    "virus detected: ",
    "SA score=",
    "message ",
    "custom check",
)


def parse(line: Line) -> Outcome:
    """The fact that a line states; lines without a scan are about the daemon."""
    found = _ID.match(line.text)
    if found is None:
        return IGNORED
    scan, said = found[1], line.text[found.end() :]
    kept = _KEPT.match(said)
    if kept is not None:
        verdict = Verdict.VIRUS if kept[2] == "virus" else Verdict.SPAM
        return _result(scan, kept[1], kept[4], passed=False, verdict=verdict, quarantine_ids=[kept[3]])
    passed = _ACCEPTED.match(said)
    if passed is not None:
        return _result(scan, passed[1], passed[3], passed=True, next_ids=[passed[2]])
    blocked = _BLOCKED.match(said)
    if blocked is not None:
        return _result(scan, blocked[1], blocked[2], passed=False, did=Disposition.DISCARDED)
    return _found(scan, said)


def _result(
    scan: str,
    recipient: str,
    rule: str,
    *,
    passed: bool,
    verdict: Verdict = Verdict.UNKNOWN,
    did: Disposition | None = None,
    quarantine_ids: list[str] | None = None,
    next_ids: list[str] | None = None,
) -> Scanned:
    return Scanned(
        scan,
        scan,
        passed,
        f"“{rule}”",
        recipients=[normalise(recipient)],
        quarantine_ids=quarantine_ids or [],
        next_ids=next_ids or [],
        verdict=verdict,
        did=did,
    )


def _found(scan: str, said: str) -> Outcome:
    """What it found out about the message, before the rules."""
    score = _SCORE.match(said)
    if score is not None:
        value, required = float(score[1]), float(score[2])
        return Judged(
            "spamassassin",
            log_id=scan,
            spam=value >= required,
            score=value,
            required=required,
            symbols=[FilterSymbol(name, float(points)) for name, points in _HIT.findall(score[3])],
            verdict=Verdict.SPAM if value >= required else Verdict.CLEAN,
        )
    virus = _VIRUS.match(said)
    if virus is not None:
        return Infected(None, virus[1], mail_id=scan)
    return IGNORED if said.startswith(_QUIET) else UNKNOWN

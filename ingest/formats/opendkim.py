"""OpenDKIM: signatures made and checked; the queue id is the first queue file's."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import MILTERED_ID
from mappings.authentication import AuthCheck, AuthMethod, AuthResult, domain_in
from mappings.facts import Signed

_LINE = re.compile(
    rf"({MILTERED_ID}): (DKIM-Signature field added.*|DKIM verification successful.*|bad signature data.*|signature verification failed.*|"
    r"s=\S+ d=\S+ .*|key retrieval failed.*|ARC-Seal field added.*)",
    re.DOTALL,
)
#: A signature that did not hold, of a domain where the line says so.
_BAD = re.compile(r"(?:s=\S+ d=(\S{1,253}) .*|bad signature data.*|signature verification failed.*)", re.DOTALL)
_GOOD = "DKIM verification successful"


def parse(line: Line) -> Outcome:
    """What was signed or checked; `not internal`, `no signature data` and the like are the usual case and say nothing."""
    match = _LINE.match(line.text)
    return IGNORED if match is None else Signed(match[1], match[2], _checks(match[2]))


def _checks(what: str) -> list[AuthCheck]:
    """What came of checking; of a key that could not be fetched nothing is known."""
    if what.startswith(_GOOD):
        return [AuthCheck(AuthMethod.DKIM, AuthResult.PASS)]
    bad = _BAD.match(what)
    return [] if bad is None else [AuthCheck(AuthMethod.DKIM, AuthResult.FAIL, domain_in(bad[1] or ""))]

"""OpenDMARC: what the domain of the author asks for, and whether the message meets it; the queue id is the first queue file's.

Source: `mlfi_eom` in `opendmarc.c` of 1.3 and 1.4. What the mail server does about it stands in the mail server's own line.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import MILTERED_ID
from mappings.address import domain_of
from mappings.authentication import AuthCheck, AuthMethod, AuthResult, domain_in
from mappings.facts import Signed

_RESULT = re.compile(rf"({MILTERED_ID}): (\S{{1,255}} (?:pass|fail|none|temperror|permerror))")
_SPF = re.compile(rf"({MILTERED_ID}): (SPF\((?:mailfrom|helo)\): .{{1,512}} (?:pass|fail|none|tempfail|permerror))")
#: Why a message was refused, put off or let pass whatever its result.
_REASON = re.compile(
    rf"({MILTERED_ID}): (RFC5322 requirement error: .*|multi-valued From field detected|unable to parse From header field|"
    r"opendmarc_policy_query_dmarc\(.{0,512}\) returned status \d{1,6}|ARC pass, policy (?:fail|pass) > .*)",
    re.DOTALL,
)
#: Of a message, and says nothing of it; without a queue id, of the daemon.
_SILENT = re.compile(
    rf"(?:{MILTERED_ID}|\(unknown-jobid\)):? (?:ignoring |can't extract |unable to |opendmarc_|\S+ header add failed|smfi_|popen|pclose|/)|"
    r"OpenDMARC Filter v|additional trusted authentication services: |implicit authentication service: |ignoring connection from |"
    r"ignoring reload signal|configuration reloaded from |WARNING: symbol 'i' not available|"
    r"(?:terminated with signal|exited with status|maximum restart|\[(?:parent|child)\]|smfi_|malloc|mlfi_|socket cleanup|pthread_)"
)


def parse(line: Line) -> Outcome:
    """The result for a message; the line itself does not say that it is about DMARC."""
    text = line.text
    match = _RESULT.fullmatch(text)
    if match is not None:
        domain, _, result = match[2].rpartition(" ")
        return Signed(match[1], f"DMARC: {match[2]}", [AuthCheck(AuthMethod.DMARC, AuthResult(result), domain_in(domain))])
    match = _REASON.fullmatch(text)
    if match is not None:
        return Signed(match[1], f"DMARC: {match[2]}")
    match = _SPF.fullmatch(text)
    if match is not None:
        return Signed(match[1], match[2], _spf(match[2]))
    return UNKNOWN if _SILENT.match(text) is None else IGNORED


def _spf(what: str) -> list[AuthCheck]:
    """`SPF(mailfrom): max@sender.example pass`; of the name in the greeting nothing is said here."""
    of, _, said = what.partition(": ")
    whom, _, result = said.rpartition(" ")
    if of != "SPF(mailfrom)":
        return []
    return [AuthCheck(AuthMethod.SPF, AuthResult("temperror" if result == "tempfail" else result), domain_in(domain_of(whom) or whom))]

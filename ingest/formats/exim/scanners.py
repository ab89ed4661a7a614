"""What scanners that Exim asks say in its log: SpamAssassin, as an administrator's ACL tells it, and by SA-Exim, a `local_scan` function.

Sources: the ACLs that cPanel writes (`SpamAssassin as USER detected message as spam (12.3)`), and `sa-exim.c` of SA-Exim 4.2: verdict and
figures stand before whatever a stranger wrote.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from mappings.address import normalise
from mappings.facts import Judged
from mappings.vocabulary import Disposition, Reason, Verdict

_FILTER = "spamassassin"
#: The whole text of a `warn`: an account's name is all in it that is not the administrator's.
_TOLD = re.compile(
    r'"?SpamAssassin (?:as \S{1,128} )?detected (?:[A-Za-z]+ ){0,4}?message as (NOT )?spam \((-?\d{1,6}(?:\.\d{1,6})?)\)"?$', re.ASCII
)
#: `SA: Action: WHAT: score=12.3 required=5.0 trigger=10.0 (scanned in 3/3 secs | Message-Id: ID). From <S> (host=NAME [IP]) for R`.
_ACTION = re.compile(
    r"SA: Action: ([^:\n]{1,120}): (?:score|hits)=(-?\d{1,6}(?:\.\d{1,6})?) required=(-?\d{1,6}(?:\.\d{1,6})?)(?= |$)", re.ASCII
)
#: Behind the figures. Addresses that hold blanks or quotes could imitate it: then nobody is named.
_ENVELOPE = re.compile(
    r"(?: trigger=-?[\d.]{1,20})? \(scanned in [\d/]{1,20} secs \| Message-Id: [^\s()]{0,998}\)\. From <([^<>\"\s]{0,320})> "
    r"\((?:local|host=\S{1,255} \[([0-9A-Fa-f.:]{2,45})\])\) for ((?:[^<>\"\s,]{1,320}(?:, |$)){1,1000})$",
    re.ASCII,
)
#: Without a result: it did not run, or failed.
_UNDECIDED = re.compile(r"SA: Action: (?:SA didn't |spamd took |check skipped |Not running )")
_LIST_CUT = 7_600
#: What SA-Exim calls what it had Exim do; what begins otherwise let it pass.
_DONE = (
    ("permanently rejected", Disposition.REJECTED),
    ("temporarily rejected", Disposition.TEMPFAILED),
    ("teergrubed", Disposition.TEMPFAILED),
    ("silently tossed", Disposition.DISCARDED),
)


def score_told(queue_id: str, said: str, client_ip: str | None) -> Judged | None:
    """SpamAssassin's result in the text of a `warn` of the administrator; None where it tells none."""
    told = _TOLD.match(said)
    return None if told is None else replace(_judged(queue_id, spam=not told[1], score=float(told[2])), client_ip=client_ip)


def by_local_scan(queue_id: str, text: str) -> Outcome:
    """A line of SA-Exim: its action has the result; whatever else it says is about its own way to work."""
    match = _ACTION.match(text)
    if match is None:
        return UNKNOWN if text.startswith("SA: Action: ") and not _UNDECIDED.match(text) else IGNORED
    named = _ENVELOPE.match(text, match.end())
    did, score, required = match[1], float(match[2]), float(match[3])
    # What it lets pass has no action.
    action, asked = next(((words, what) for words, what in _DONE if did.startswith(words)), (None, None))
    # It says what it takes for spam only where it lets it pass; else its own threshold, which is a part of the line, was met.
    spam = not did.startswith("scanned but") and score >= required
    said = _judged(queue_id, spam=spam, score=score, required=required, action=action, asked=asked)
    if named is None:
        return said
    recipients = [normalise(one) for one in named[3].split(", ")]
    # It lists no more than so many characters of them.
    return replace(said, sender=normalise(named[1]), client_ip=named[2], recipients=recipients, more=len(named[3]) > _LIST_CUT)


def _judged(
    queue_id: str,
    *,
    spam: bool,
    score: float,
    required: float | None = None,
    action: str | None = None,
    asked: Disposition | None = None,
) -> Judged:
    return Judged(
        _FILTER,
        queue_id,
        action=action,
        spam=spam,
        score=score,
        required=required,
        verdict=Verdict.SPAM if spam else Verdict.CLEAN,
        asked=asked,
        reason=Reason.SPAM if spam else None,
    )

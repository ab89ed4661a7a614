"""Judgement: what a filter that looks at mail beside the queue thought of a message, and why it asked for what it asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest.correlate.event import order
from ingest.correlate.life import Life
from ingest.correlate.links import Loose
from mappings.codes import reason_of
from mappings.facts import Infected, Judged
from mappings.vocabulary import Reason, Verdict

#: Rspamd's actions. What it keeps or throws away it need not take for spam: a rule of the administrator may have forced it.
_VERDICTS = {
    "no action": Verdict.CLEAN,
    "greylist": Verdict.SUSPECT,
    "soft reject": Verdict.SUSPECT,
    "add header": Verdict.SPAM,
    "rewrite subject": Verdict.SPAM,
    "reject": Verdict.SPAM,
}
_REASONS = {Verdict.SPAM: Reason.SPAM, Verdict.VIRUS: Reason.VIRUS}
#: Modules that force an action for a reason of their own.
_MODULES = {"greylist": Reason.GREYLIST, "ratelimit": Reason.RATE_LIMIT, "dmarc": Reason.AUTH_DMARC, "spf": Reason.AUTH_SPF}
#: Symbols of virus scanners; those that only say that a scanner failed or met an encrypted file are none.
_VIRUS = re.compile(r"VIRUS(?!.*(?:FAIL|ENCRYPTED|MACRO|OVERSIZE))")
#: A virus' name in what a scanner has the client told.
_NAME = re.compile(r'virus found: "([^"]{1,200})"')


@dataclass(slots=True)
class Judgement:
    """What a filter thought, from its result and what else the lines of its task say."""

    result: Judged
    verdict: Verdict
    #: Why it asked to refuse or keep the message; None where it did not.
    reason: Reason | None
    detail: str | None
    forced_by: str | None


def judgement_of(lives: list[Life], loose: list[Loose], fits: Callable[[str], bool]) -> Judgement | None:
    """The judgement of a message on its way.

    Where it was looked at several times (a mirror, a second scan by hand) it is the last one that asked for what the mail server
    did (`fits`), else the last one.
    """
    facts = [e.fact for life in lives for e in life.judged if isinstance(e.fact, Judged)]
    loosely = [e.fact for e in sorted((e for p in loose for e in p.events), key=order) if isinstance(e.fact, Judged)]
    results = [f for f in facts if f.queue_id is not None] or [f for f in loosely if f.score is not None or f.spam is not None]
    if not results:
        return None
    result = ([f for f in results if fits(f.action or "")] or results)[-1]
    # What forced it stands in the result itself, in older releases in a line of the same task only.
    forcing = result if result.forced_by else next((f for f in loosely if f.forced_by and f.log_id == result.log_id), result)
    verdict = _verdict(result, forcing.text)
    return Judgement(result, verdict, _reason(result, forcing, verdict), _detail(result, forcing), forcing.forced_by)


def virus_in(lives: list[Life]) -> str | None:
    """The virus that a scanner found in a file named after the message."""
    found = (e.fact.virus for life in lives for e in life.infected if isinstance(e.fact, Infected))
    return next(found, None)


def _verdict(result: Judged, text: str | None) -> Verdict:
    """What it thought."""
    if _infected(result, text):
        return Verdict.VIRUS
    if result.action is None:
        if result.spam is None:
            return Verdict.UNKNOWN
        return Verdict.SPAM if result.spam else Verdict.CLEAN
    known = _VERDICTS.get(result.action)
    if known is not None:
        return known
    return Verdict.SPAM if result.spam else Verdict.SUSPECT


def _infected(result: Judged, text: str | None) -> bool:
    """Whether a virus scanner had it refused."""
    if result.action in {None, "no action"}:
        return False
    if text and reason_of(None, None, text) is Reason.VIRUS:
        return True
    return any(s.options and _VIRUS.search(s.name) for s in result.symbols)


def _reason(result: Judged, forcing: Judged, verdict: Verdict) -> Reason | None:
    """Why it did not let the message pass."""
    if result.action in {None, "no action", "add header", "rewrite subject"}:
        return _REASONS.get(verdict)
    module = _MODULES.get(forcing.forced_by or "")
    if module is not None or result.action == "greylist":
        return module or Reason.GREYLIST
    if verdict is Verdict.VIRUS:
        return Reason.VIRUS
    said = reason_of(None, None, forcing.text) if forcing.text else Reason.UNKNOWN
    if said not in {Reason.UNKNOWN, Reason.GREYLIST}:
        # That a client is to come back is greylisting only where the module of that name says so.
        return said
    return _REASONS.get(verdict, Reason.POLICY)


def _detail(result: Judged, forcing: Judged) -> str | None:
    """The virus' name, or what the rule says."""
    name = _NAME.search(forcing.text or "")
    if name is not None:
        return name[1]
    return forcing.text or next((s.options[0] for s in result.symbols if s.options and _VIRUS.search(s.name)), None)

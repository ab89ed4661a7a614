"""What Rspamd's own words mean: its actions, the modules that force one, the symbols of virus scanners."""

from __future__ import annotations

import re

from msgspec.structs import replace

from mappings.codes import reason_of
from mappings.facts import Judged
from mappings.vocabulary import REASONS_OF_VERDICTS, Disposition, Reason, Verdict

#: What it keeps or throws away it need not take for spam: a rule of the administrator may have forced it.
_VERDICTS = {
    "no action": Verdict.CLEAN,
    "greylist": Verdict.SUSPECT,
    "soft reject": Verdict.SUSPECT,
    "add header": Verdict.SPAM,
    "rewrite subject": Verdict.SPAM,
    "reject": Verdict.SPAM,
}
_ASKED = {
    "reject": Disposition.REJECTED,
    "soft reject": Disposition.TEMPFAILED,
    "greylist": Disposition.TEMPFAILED,
    "discard": Disposition.DISCARDED,
    "quarantine": Disposition.QUARANTINED,
}
_GREYLIST = "greylist"
#: Whatever it finds, the message passes.
_PASSES = frozenset({"no action", "add header", "rewrite subject"})
#: Modules that force an action for a reason of their own.
_MODULES = {
    "greylist": Reason.GREYLIST,
    "ratelimit": Reason.RATE_LIMIT,
    "dmarc": Reason.AUTH_DMARC,
    "spf": Reason.AUTH_SPF,
    "task timeout": Reason.LOCAL_SYSTEM,
}
#: Symbols of virus scanners; those that only say that a scanner failed or met an encrypted file are none.
_VIRUS = re.compile(r"VIRUS(?!.*(?:FAIL|ENCRYPTED|MACRO|OVERSIZE))")
#: A virus' name in what a scanner has the client told.
_NAME = re.compile(r'virus found: "([^"]{1,200})"')


def in_our_words(said: Judged) -> Judged:
    """A result, or what forced one, with what its words mean."""
    virus = next((s.options[0] for s in said.symbols if s.options and _VIRUS.search(s.name)), None)
    told = reason_of(None, None, said.text) if said.text else Reason.UNKNOWN
    verdict = _verdict(said, told, virus)
    name = _NAME.search(said.text or "")
    return replace(
        said,
        verdict=verdict,
        asked=_ASKED.get(said.action or ""),
        reason=_reason(said, told, verdict),
        detail=name[1] if name is not None else said.text or virus,
    )


def _verdict(said: Judged, told: Reason, virus: str | None) -> Verdict:
    """What it thought."""
    if said.action is None:
        return Verdict.UNKNOWN if said.spam is None else Verdict.SPAM if said.spam else Verdict.CLEAN
    if _MODULES.get(said.forced_by or "") is Reason.LOCAL_SYSTEM:
        # It did not come to an end with it.
        return Verdict.UNCHECKED
    if said.action != "no action" and (told is Reason.VIRUS or virus is not None):
        return Verdict.VIRUS
    return _VERDICTS.get(said.action) or (Verdict.SPAM if said.spam else Verdict.SUSPECT)


def _reason(said: Judged, told: Reason, verdict: Verdict) -> Reason | None:
    """Why it does not let the message pass; None where it does, or where what only tells what forced it does not say."""
    of_verdict = REASONS_OF_VERDICTS.get(verdict) if verdict in {Verdict.SPAM, Verdict.VIRUS} else None
    if said.action is None or said.action in _PASSES:
        return of_verdict
    module = _MODULES.get(said.forced_by or "")
    if module is not None or said.action == _GREYLIST:
        return module or Reason.GREYLIST
    if verdict is Verdict.VIRUS:
        return Reason.VIRUS
    if told not in {Reason.UNKNOWN, Reason.GREYLIST}:
        # That a client is to come back is greylisting only where the module of that name says so.
        return told
    only_forced = said.score is None and said.spam is None
    return None if only_forced else of_verdict or Reason.POLICY

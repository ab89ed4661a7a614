"""Why a message is not delivered, from codes and text."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.codes.advice import Advice
from mappings.codes.basic import BASIC
from mappings.codes.enhanced import EnhancedStatus, status_of
from mappings.codes.languages import foreign_words_in
from mappings.codes.phrases import phrases_in, simplify
from mappings.codes.receivers import said_by_code, said_in
from mappings.codes.stage import by_stage
from mappings.vocabulary import Reason


@dataclass(frozen=True, slots=True)
class FoundReason:
    """The reason, and what it was taken from."""

    reason: Reason
    #: `text`, `enhanced`, `code` or `nothing`.
    source: str
    status: EnhancedStatus | None = None
    #: Its own sentence and advice, where it has them.
    meaning: str = ""
    advice: Advice | None = None


def reason_of(
    code: int | None,
    enhanced: str | None,
    text: str | None,
    *,
    expired: bool = False,
    by: str | None = None,
    stage: str | None = None,
) -> Reason:
    """The reason that a refusal gives; always answers, `UNKNOWN` last.

    `by` says whose reply it is (`remote`, `filter`, `local`), where that is known: a fault of the answering server is then
    told apart into ours and theirs. `stage` is what it answers (`CONNECT`, `HELO`, `AUTH`, `MAIL`, `RCPT`, `DATA`,
    `END-OF-MESSAGE`), and decides where neither text nor enhanced code says anything.
    """
    if expired:
        return Reason.EXPIRED
    return ours_or_theirs(find_reason(code, enhanced, text, stage=stage).reason, by)


def ours_or_theirs(reason: Reason, by: str | None) -> Reason:
    """The reason, with a fault of a system given to the side that answered."""
    if by == "remote" and reason is Reason.LOCAL_SYSTEM:
        return Reason.REMOTE_SYSTEM
    if by == "local" and reason is Reason.REMOTE_SYSTEM:
        return Reason.LOCAL_SYSTEM
    return reason


def find_reason(code: int | None, enhanced: str | None, text: str | None, *, stage: str | None = None) -> FoundReason:
    """What decides: a receiver's own words, a clear text, a specific code, a vague text, a vague code, in this order."""
    plain = simplify(text) if text else ""
    status = status_of(enhanced)
    found = _own(plain, enhanced, code, status) or _by_phrase(plain, enhanced, code, status, sure=True)
    if found is not None:
        return found
    if plain and (foreign := foreign_words_in(plain)) is not None:
        return FoundReason(foreign, "text", status)
    if status is not None and status.specific:
        return FoundReason(status.reason, "enhanced", status)
    found = _by_phrase(plain, enhanced, code, status, sure=False)
    if found is not None:
        return found
    if status is not None and status.reason is not Reason.UNKNOWN:
        return FoundReason(status.reason, "enhanced", status)
    return _by_code(code, stage, status)


def _own(plain: str, enhanced: str | None, code: int | None, status: EnhancedStatus | None) -> FoundReason | None:
    """What only one receiver says, in words or by a code of its own."""
    said = said_in(plain, enhanced, code) if plain else None
    if said is not None:
        return FoundReason(said.reason, "text", status, said.meaning, said.advice)
    said = said_by_code(enhanced) if status is None else None
    return None if said is None else FoundReason(said.reason, "enhanced", status, said.meaning, said.advice)


def _by_phrase(plain: str, enhanced: str | None, code: int | None, status: EnhancedStatus | None, *, sure: bool) -> FoundReason | None:
    """What many servers say, clearly or vaguely."""
    phrase = phrases_in(plain, enhanced, code, sure=sure) if plain else None
    return None if phrase is None else FoundReason(phrase.reason, "text", status, phrase.meaning, phrase.advice)


def _by_code(code: int | None, stage: str | None, status: EnhancedStatus | None) -> FoundReason:
    """What the basic code says, at its stage or alone."""
    at = by_stage(code, stage)
    if at is not None:
        return FoundReason(at[0], "code", status, at[1])
    basic = BASIC.get(code) if code is not None else None
    if basic is not None and basic[1] is not None and basic[1] is not Reason.UNKNOWN:
        return FoundReason(basic[1], "code", status)
    return FoundReason(Reason.UNKNOWN, "nothing", status)

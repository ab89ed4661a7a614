"""Why a message is not delivered, from codes and text."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.codes.basic import BASIC
from mappings.codes.enhanced import Status, status_of
from mappings.codes.phrases import Phrase, phrases_in, simplify
from mappings.vocabulary import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """The reason, and what it was taken from."""

    reason: Reason
    #: `text`, `enhanced`, `code` or `nothing`.
    source: str
    phrase: Phrase | None = None
    status: Status | None = None


def reason_of(code: int | None, enhanced: str | None, text: str | None, *, expired: bool = False, by: str | None = None) -> Reason:
    """The reason that a refusal gives; always answers, `UNKNOWN` last.

    `by` says whose reply it is (`remote`, `filter`, `local`), where that is known: a fault of the answering server is then
    told apart into ours and theirs.
    """
    if expired:
        return Reason.EXPIRED
    return ours_or_theirs(find_reason(code, enhanced, text).reason, by)


def ours_or_theirs(reason: Reason, by: str | None) -> Reason:
    """The reason, with a fault of a system given to the side that answered."""
    if by == "remote" and reason is Reason.LOCAL_SYSTEM:
        return Reason.REMOTE_SYSTEM
    if by == "local" and reason is Reason.REMOTE_SYSTEM:
        return Reason.LOCAL_SYSTEM
    return reason


def find_reason(code: int | None, enhanced: str | None, text: str | None) -> Finding:
    """What decides: a clear text, a specific code, a vague text, a vague code, in this order."""
    plain = simplify(text) if text else ""
    status = status_of(enhanced)
    if plain:
        phrase = phrases_in(plain, enhanced, code, sure=True)
        if phrase is not None:
            return Finding(phrase.reason, "text", phrase, status)
    if status is not None and status.specific:
        return Finding(status.reason, "enhanced", None, status)
    if plain:
        phrase = phrases_in(plain, enhanced, code, sure=False)
        if phrase is not None:
            return Finding(phrase.reason, "text", phrase, status)
    if status is not None and status.reason is not Reason.UNKNOWN:
        return Finding(status.reason, "enhanced", None, status)
    basic = BASIC.get(code) if code is not None else None
    if basic is not None and basic[1] is not None and basic[1] is not Reason.UNKNOWN:
        return Finding(basic[1], "code", None, status)
    return Finding(Reason.UNKNOWN, "nothing", None, status)

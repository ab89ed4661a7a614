"""Why a message is not delivered, from codes and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.codes.advice import Advice
from mappings.codes.at_side import GREETING, GREETING_AT
from mappings.codes.basic import BASIC
from mappings.codes.enhanced import EnhancedStatus, status_of
from mappings.codes.languages import foreign_words_in
from mappings.codes.own_words import own_words_in
from mappings.codes.phrases import phrases_in, simplify
from mappings.codes.receivers import said_by_code, said_in
from mappings.codes.side import Side, ours_or_theirs
from mappings.codes.stage import by_stage, is_greeting
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
    #: Advice of its own at some sides.
    at: Mapping[Side, Advice] = field(default_factory=dict, compare=False)


def reason_of(
    code: int | None,
    enhanced: str | None,
    text: str | None,
    *,
    expired: bool = False,
    side: Side | None = None,
    stage: str | None = None,
) -> Reason:
    """The reason that a refusal gives; always answers, `UNKNOWN` last.

    `side` says who answered whom, where that is known: words of our own program are read by their own list then, and a fault of the
    answering server is told apart into ours and theirs. `stage` is what it answers (`CONNECT`, `HELO`, `AUTH`, `MAIL`, `RCPT`, `DATA`,
    `END-OF-MESSAGE`), and decides where neither text nor enhanced code says anything.
    """
    if expired:
        return Reason.EXPIRED
    return ours_or_theirs(find_reason(code, enhanced, text, side=side, stage=stage).reason, side)


def find_reason(
    code: int | None, enhanced: str | None, text: str | None, *, side: Side | None = None, stage: str | None = None
) -> FoundReason:
    """What decides: our own program's words, a receiver's own, a clear text, a specific code, a vague text, a vague code, in this order."""
    plain = simplify(text) if text else ""
    status = status_of(enhanced)
    ours = own_words_in(plain, side) if plain else None
    if ours is not None:
        return FoundReason(ours.reason, "text", status, ours.meaning, at={side: ours.advice} if side and ours.advice else {})
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
        return FoundReason(said.reason, "text", status, said.meaning, said.advice, said.at)
    said = said_by_code(enhanced) if status is None else None
    return None if said is None else FoundReason(said.reason, "enhanced", status, said.meaning, said.advice)


def _by_phrase(plain: str, enhanced: str | None, code: int | None, status: EnhancedStatus | None, *, sure: bool) -> FoundReason | None:
    """What many servers say, clearly or vaguely."""
    phrase = phrases_in(plain, enhanced, code, sure=sure) if plain else None
    return None if phrase is None else FoundReason(phrase.reason, "text", status, phrase.meaning, phrase.advice, phrase.at)


def _by_code(code: int | None, stage: str | None, status: EnhancedStatus | None) -> FoundReason:
    """What the basic code says, at its stage or alone."""
    at = by_stage(code, stage)
    if at is not None:
        greeted = is_greeting(stage) and at[0] is Reason.PROTOCOL
        return FoundReason(at[0], "code", status, at[1], GREETING if greeted else None, GREETING_AT if greeted else {})
    basic = BASIC.get(code) if code is not None else None
    if basic is not None and basic[1] is not None and basic[1] is not Reason.UNKNOWN:
        return FoundReason(basic[1], "code", status)
    return FoundReason(Reason.UNKNOWN, "nothing", status)

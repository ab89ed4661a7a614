"""Finding what is known about a code: one, a class of them, or the list of the most common."""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.codes.advice import ADVICE, Advice
from mappings.codes.at_side import NO_LISTING, advice_at
from mappings.codes.basic import BASIC, CLASSES
from mappings.codes.enhanced import ENHANCED, SUBJECTS, EnhancedStatus, status_of
from mappings.codes.entry import KnownError, Move, UnknownCode
from mappings.codes.reason import FoundReason, find_reason
from mappings.codes.receivers import said_by_code
from mappings.codes.reply import split_reply
from mappings.codes.side import Side, ours_or_theirs
from mappings.codes.special import BY_STATUS, DONE
from mappings.codes.stage import stage_in
from mappings.locales import Saying
from mappings.vocabulary import Reason

_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}(?:\.[0-9]{1,3})?").fullmatch
_ONE_CODE = re.compile(r"(?:([2-5][0-9]{2})|#?([245])\.([0-9]{1,3})(?:\.([0-9]{1,3}))?)").fullmatch

#: What providers say most often, as pairs of basic and enhanced code: the list of most common errors.
COMMON: tuple[tuple[int, str], ...] = (
    (421, "4.3.2"),
    (421, "4.4.2"),
    (421, "4.7.0"),
    (450, "4.1.1"),
    (450, "4.1.8"),
    (450, "4.2.0"),
    (450, "4.2.1"),
    (450, "4.7.1"),
    (450, "4.7.25"),
    (451, "4.3.0"),
    (451, "4.3.5"),
    (451, "4.4.1"),
    (451, "4.4.3"),
    (451, "4.7.1"),
    (452, "4.2.2"),
    (452, "4.3.1"),
    (452, "4.5.3"),
    (454, "4.7.0"),
    (454, "4.7.5"),
    (500, "5.5.2"),
    (501, "5.1.3"),
    (501, "5.1.7"),
    (501, "5.5.4"),
    (503, "5.5.1"),
    (504, "5.5.2"),
    (530, "5.7.0"),
    (535, "5.7.8"),
    (538, "5.7.11"),
    (550, "5.1.0"),
    (550, "5.1.1"),
    (550, "5.1.2"),
    (550, "5.1.6"),
    (550, "5.1.8"),
    (550, "5.2.1"),
    (550, "5.3.2"),
    (550, "5.3.5"),
    (550, "5.4.1"),
    (550, "5.4.4"),
    (550, "5.6.7"),
    (550, "5.7.1"),
    (550, "5.7.23"),
    (550, "5.7.25"),
    (550, "5.7.26"),
    (550, "5.7.28"),
    (551, "5.1.6"),
    (552, "5.2.2"),
    (552, "5.2.3"),
    (552, "5.3.4"),
    (553, "5.1.3"),
    (553, "5.1.8"),
    (554, "5.4.0"),
    (554, "5.4.6"),
    (554, "5.4.7"),
    (554, "5.7.0"),
    (554, "5.7.1"),
    (556, "5.1.10"),
)

#: What a vague code means beside its basic code, where that is usual everywhere.
_USUAL: dict[tuple[int, str], tuple[Reason, str]] = {
    (421, "4.7.0"): (Reason.RATE_LIMIT, "Too many connections or too much mail from this server, or its reputation is in doubt."),
    (450, "4.1.1"): (Reason.RECIPIENT_UNKNOWN, "The mailbox is not known at present, or the address is still being checked."),
    (450, "4.2.0"): (Reason.GREYLIST, "Mostly greylisting: a first contact is asked to come again some minutes later."),
    (450, "4.2.1"): (Reason.MAILBOX_DISABLED, "The mailbox takes no mail at present, or gets too much at once."),
    (450, "4.7.1"): (Reason.GREYLIST, "Turned away for now by a rule, mostly greylisting."),
    (451, "4.7.1"): (Reason.GREYLIST, "Turned away for now by a rule, mostly greylisting."),
    (454, "4.7.0"): (Reason.TLS, "Encryption or logging in is not possible at the moment."),
    (530, "5.7.0"): (Reason.AUTH_REQUIRED, "Logging in, or an encrypted connection, is needed first."),
    (550, "5.1.0"): (Reason.RECIPIENT_UNKNOWN, "An address was refused: mostly there is no such mailbox, or the sender is not accepted."),
    (550, "5.3.2"): (Reason.REPUTATION, "The server takes nothing from this sending server, mostly because of a block list."),
    (550, "5.4.1"): (Reason.RECIPIENT_UNKNOWN, "The host does not answer; at large providers it means: there is no such mailbox."),
    (550, "5.7.1"): (Reason.POLICY, "Refused by a rule: block list, spam, relaying or rights. The text of the reply says which."),
    (554, "5.4.0"): (Reason.ROUTING_LOOP, "The message passed too many servers: it goes round in a circle."),
    (554, "5.7.0"): (Reason.POLICY, "Refused for security: mostly a forbidden attachment or content."),
    (554, "5.7.1"): (Reason.POLICY, "Refused by a rule: block list, spam, relaying or rights. The text of the reply says which."),
}


@lru_cache(maxsize=1)
def _common() -> tuple[KnownError, ...]:
    """The most common errors, made once."""
    return tuple(pair_entry(code, enhanced) for code, enhanced in COMMON)


def entries() -> list[KnownError]:
    """The list of most common errors, in the order of their codes."""
    return list(_common())


def lookup(word: str) -> list[KnownError]:
    """What is known about `550`, `5.1.1`, `550 5.1.1`, a subject (`5.1`) or a pasted reply; raises `UnknownCode` for what holds no code."""
    words = word.replace(",", " ").split()
    if len(words) == 1 and (one := _ONE_CODE(words[0])) is not None:
        if one[1]:
            code = int(one[1])
            return [basic_entry(code), *(entry for entry in _common() if entry.code == code)]
        if one[4] is None:
            return _subject(int(one[2]), int(one[3]))
        return [enhanced_entry(f"{one[2]}.{int(one[3])}.{int(one[4])}")]
    code_found, enhanced, text = split_reply(word)
    if code_found is None and enhanced is None:
        raise UnknownCode(f"{_shown(word)} is no reply code: it is three digits such as 550, or an enhanced code such as 5.1.1, or both")
    if code_found is not None and enhanced is not None and not text:
        return [pair_entry(code_found, enhanced)]
    return [best_entry(code_found, enhanced, text, stage=stage_in(word))]


def best_entry(
    code: int | None,
    enhanced: str | None,
    text: str | None,
    *,
    side: Side | None = None,
    reason: Reason | None = None,
    temporary: bool | None = None,
    stage: str | None = None,
) -> KnownError:
    """The most precise entry for a reply; always answers.

    `reason` is one that is known already and wins; `side` says who answered whom; `temporary` says whether it may still arrive,
    where the code alone does not; `stage` is what it answers, as in `reason_of`.
    """
    if _class_of(code, enhanced) in (2, 3) and reason is None:
        return enhanced_entry(enhanced, code) if enhanced and _ENHANCED(enhanced) else basic_entry(code or 250)
    if not text and reason is None and temporary is None and code is not None and enhanced is not None and _ENHANCED(enhanced):
        return pair_entry(code, enhanced)
    finding = find_reason(code, enhanced, text, side=side, stage=stage)
    found = ours_or_theirs(finding.reason, side)
    if reason is not None and reason is not found:
        no_listing = side is Side.CLIENT and reason is Reason.LOCAL_SYSTEM and found is Reason.REPUTATION
        advice = NO_LISTING if no_listing else advice_at(reason, side, {}, ADVICE[reason])
        return _entry(code, enhanced, reason, advice.sentence or reason.sentence, advice, temporary=temporary)
    advice = advice_at(found, side, finding.at, _advice(found, enhanced, finding))
    return _entry(code, enhanced, found, _meaning(finding, found, code, advice), advice, temporary=temporary)


def pair_entry(code: int, enhanced: str) -> KnownError:
    """The entry for a basic and an enhanced code together."""
    usual = _USUAL.get((code, enhanced))
    if usual is not None:
        return _entry(code, enhanced, usual[0], usual[1], ADVICE[usual[0]])
    return enhanced_entry(enhanced, code)


def basic_entry(code: int) -> KnownError:
    """The entry for a basic code alone; one that is not registered is read by its first digit."""
    meaning, reason = BASIC.get(code, (f"Not a registered code. Its first digit says: {CLASSES.get(code // 100, 'nothing')}", None))
    if code < 400:
        return _entry(code, None, Reason.UNKNOWN, meaning, DONE)
    reason = reason or Reason.UNKNOWN
    return _entry(code, None, reason, meaning, ADVICE[reason])


def enhanced_entry(enhanced: str, code: int | None = None) -> KnownError:
    """The entry for an enhanced code; one that is not registered is read by its class and subject."""
    status = status_of(enhanced)
    kind, subject = int(enhanced[0]), int(enhanced.split(".")[1])
    if status is None and (own := said_by_code(enhanced)) is not None:
        return _entry(code, enhanced, own.reason, own.meaning, own.advice)
    if status is None:
        about = SUBJECTS.get(subject, "")
        meaning = f"Not a registered code. Its class says: {CLASSES[kind]} {about}".strip()
        return _entry(code, enhanced, Reason.UNKNOWN, meaning, DONE if kind == 2 else ADVICE[Reason.UNKNOWN])
    if kind == 2:
        meaning = "Done." if not status.specific and status.reason in (Reason.UNKNOWN, *_VAGUE) and 4 in status.classes else status.meaning
        return _entry(code, enhanced, Reason.UNKNOWN, meaning, DONE)
    return _entry(
        code, enhanced, status.reason, status.meaning, _advice(status.reason, enhanced, FoundReason(status.reason, "enhanced", status))
    )


def registered() -> list[KnownError]:
    """Every registered enhanced code in each class in which it makes sense, in order."""
    return [
        enhanced_entry(f"{kind}.{subject}.{detail}")
        for kind in (2, 4, 5)
        for (subject, detail), status in ENHANCED.items()
        if kind in status.classes
    ]


_VAGUE = (Reason.POLICY, Reason.CONTENT, Reason.PROTOCOL, Reason.CONNECTION, Reason.REMOTE_SYSTEM)


def _subject(kind: int, subject: int) -> list[KnownError]:
    """All registered codes of a class and subject."""
    if subject not in SUBJECTS:
        raise UnknownCode(f"{kind}.{subject} is no class of codes: the second number is 0 to {max(SUBJECTS)}")
    return [entry for entry in registered() if entry.enhanced is not None and entry.enhanced.startswith(f"{kind}.{subject}.")]


def _advice(reason: Reason, enhanced: str | None, finding: FoundReason) -> Advice:
    """That of the words, or of the code where it decided (or agrees), else the reason's."""
    if finding.advice is not None:
        return finding.advice
    status: EnhancedStatus | None = finding.status
    if status is not None and enhanced is not None and status.reason is reason and (finding.source == "enhanced" or status.specific):
        _, subject, detail = enhanced.split(".")
        return BY_STATUS.get((int(subject), int(detail)), ADVICE[reason])
    return ADVICE[reason]


def _meaning(finding: FoundReason, reason: Reason, code: int | None, advice: Advice) -> str:
    """The most precise sentence: that of this side, the words' own, the code's if it agrees, else the reason's."""
    if advice.sentence:
        return advice.sentence
    if finding.meaning:
        return finding.meaning
    if finding.status is not None and finding.status.reason is reason and finding.status.specific:
        return finding.status.meaning
    if finding.source == "enhanced" and finding.status is not None:
        return finding.status.meaning
    if finding.source in ("code", "nothing") and code in BASIC:
        return BASIC[code][0]
    return reason.sentence


def _entry(
    code: int | None, enhanced: str | None, reason: Reason, meaning: str, advice: Advice, *, temporary: bool | None = None
) -> KnownError:
    """An entry, worded for a refusal or for a delay: by its class, where nothing else is said."""
    if temporary is None:
        temporary = _class_of(code, enhanced) == 4
    return KnownError(
        code=code,
        enhanced=enhanced,
        reason=reason,
        meaning=meaning,
        move=advice.move_delayed if temporary else advice.move,
        next_step=advice.next_step_for(temporary),
        saying=_saying(advice, temporary=temporary, refused=_class_of(code, enhanced) in (4, 5)),
        sentence=advice.sentence or reason.sentence,
    )


def _saying(advice: Advice, *, temporary: bool, refused: bool) -> Saying:
    """What the customer is told where nothing is known but the reply."""
    if not refused and not advice.cause:
        return Saying("delivered")
    return Saying("deferred", advice.cause, advice.step_delayed) if temporary else Saying("bounced", advice.cause, advice.step)


def _class_of(code: int | None, enhanced: str | None) -> int:
    """2, 3, 4 or 5; 5 where no code says. The basic code is what servers act on, so it wins."""
    if code is not None and 200 <= code < 600:
        return code // 100
    return int(enhanced[0]) if enhanced and enhanced[0] in "245" else 5


def _shown(word: str) -> str:
    """What was asked for, short enough for a sentence."""
    return repr(word if len(word) <= 40 else word[:40] + "…")


__all__ = ["COMMON", "Move", "basic_entry", "best_entry", "enhanced_entry", "entries", "lookup", "pair_entry", "registered"]

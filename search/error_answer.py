"""What an answer about an error looks like, as it stands in JSON; what it says is `mappings.codes`."""

from __future__ import annotations

import msgspec

from mappings.codes import KnownError, Move
from mappings.locales import Voice
from mappings.vocabulary import Reason
from search.speech import IN_ENGLISH, Speech


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list of most common errors; `seen` counts its traces, where that was asked for."""

    code: int | None
    enhanced: str | None
    reason: Reason
    meaning: str
    move: Move
    #: The same in a word or two, and in a sentence, for whoever reads it.
    move_word: str
    move_sentence: str
    next_step: str
    customer_text: str
    seen: int | None


def error_answer(entry: KnownError, speech: Speech = IN_ENGLISH, *, voice: Voice | None = None, seen: int | None = None) -> ErrorAnswer:
    """One entry of the list of errors for whoever reads it, with the number of its traces where it was counted.

    `voice` is how a trace is spoken of that has the error; else nobody's is.
    """
    voice = voice or speech.unasked()
    return ErrorAnswer(
        code=entry.code,
        enhanced=entry.enhanced,
        reason=entry.reason,
        meaning=entry.meaning if speech.plain else voice.cause(entry.saying),
        move=entry.move,
        move_word=voice.mover(entry.move),
        move_sentence=voice.who(entry.move),
        next_step=entry.next_step if speech.operates else voice.step(entry.saying),
        customer_text=voice.customer_text(entry.saying),
        seen=seen,
    )

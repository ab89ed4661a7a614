"""What an answer about an error looks like, as it stands in JSON; what it says is `mappings.codes`."""

from __future__ import annotations

import msgspec

from mappings.codes import KnownError, Move
from mappings.vocabulary import Reason


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list of most common errors; `seen` counts its traces, where that was asked for."""

    code: int | None
    enhanced: str | None
    reason: Reason
    meaning: str
    move: Move
    move_sentence: str
    next_step: str
    customer_text: str
    seen: int | None


def error_answer(entry: KnownError, *, seen: int | None = None) -> ErrorAnswer:
    """One entry of the list of errors, with the number of its traces where it was counted."""
    return ErrorAnswer(
        code=entry.code,
        enhanced=entry.enhanced,
        reason=entry.reason,
        meaning=entry.meaning,
        move=entry.move,
        move_sentence=entry.move.sentence,
        next_step=entry.next_step,
        customer_text=entry.customer_text,
        seen=seen,
    )

"""What the logs lost before it was read, as far as a question is concerned by it."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.losses import Loss
from search.scope import Scope
from search.times import utc_words

#: So many are told one by one, the latest.
_NAMED = 3


def concerning(losses: Sequence[Loss], since_ms: int | None, until_ms: int | None) -> list[Loss]:
    """Those that can concern mail of a range of time (its end excluded), the latest last."""
    return [loss for loss in losses if loss.concerns(since_ms, until_ms)]


def in_words(losses: Sequence[Loss], scope: Scope) -> list[str]:
    """Sentences for a caller: who sees a part of the mail is told the times alone, nothing of files and their sizes."""
    if not losses:
        return []
    said = [_times(loss) if scope.domains is not None else f"{_times(loss)} {loss.in_words()}" for loss in losses[-_NAMED:]]
    more = len(losses) - _NAMED
    return [*dict.fromkeys(said), *([f"There are {more:,} more such losses in the logs of this time."] if more > 0 else [])]


def _times(loss: Loss) -> str:
    """Which mail may be missing."""
    until = utc_words(loss.until_ms)
    since = None if loss.since_ms is None else utc_words(loss.since_ms)
    when = f"to {until}" if since is None else f"of {until}" if since == until else f"from {since} to {until}"
    sure = "were" if loss.end is not None else "may have been"
    return f"Log lines {when} {sure} gone before they were read; mail of that time may be missing or incomplete."

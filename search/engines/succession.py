"""Which trace answers for a superseded one."""

from __future__ import annotations

from collections.abc import Callable

from mappings.address import fold
from mappings.trace import Trace


def current(trace_id: str, load: Callable[[str], Trace | None]) -> Trace | None:
    """The trace that answers for this id: itself, or the end of its chain of successors; None where there is none.

    Of several successors it is the one for the same recipients as the trace that was asked for, else the one for its final
    recipient, else for its original one, else the first. A circle, which only a mistake could write, has no end and gives None.
    """
    asked = trace = load(trace_id)
    seen = {trace_id}
    while trace is not None and trace.superseded_by:
        fresh = [successor for successor in trace.superseded_by if successor not in seen]
        seen.update(fresh)
        found = [candidate for successor in fresh if (candidate := load(successor)) is not None]
        trace = max(found, key=lambda candidate: _likeness(asked, candidate)) if asked is not None and found else None
    return trace


def _likeness(asked: Trace, candidate: Trace) -> tuple[bool, bool, bool]:
    """How well the recipients agree; `max` takes the first of equals."""
    final = _same(asked.recipient, candidate.recipient)
    original = _same(asked.original_recipient, candidate.original_recipient)
    return (final and original, final, original)


def _same(one: str | None, other: str | None) -> bool:
    """Whether two addresses are equal without their case."""
    return fold(one or "") == fold(other or "")

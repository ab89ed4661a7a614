"""The errors that a store has seen, counted by what they mean: two texts with one code may ask for two people's move.

Mail is counted in the store by code, reason, outcome and the shape of the reply; one trace that stands for each group is explained as a
report would explain it, and groups that are explained alike are one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from msgspec import convert
from msgspec.structs import replace

from mappings.codes import KnownError
from mappings.trace import Trace
from mappings.vocabulary import Reason
from search.answers import REFUSED
from search.engines import Engine, Value
from search.error_answer import ErrorAnswer, error_answer
from search.explain import FoundMeaning, found_in
from search.query import Query
from search.scope import Scope
from search.speech import Speech

_FIELDS = ("reply_code", "enhanced_code", "reply_shape", "disposition", "reply_by", "reason")
_REFUSED = tuple(sorted(REFUSED))
#: Of some mail more than the reply tells who can act, as reports look at it: nobody wrote it, or the server that refused is our own.
_NULL_SENDER, _LOOPBACK = ("<>",), ("127.0.0.0/8", "::1")
#: What the values are in a trace that stands for many.
_NAMES = ("reply_code", "enhanced_code", "reply_text", "disposition", "reply_by", "reason")
_STANDS_FOR = {"id": "0" * 26, "version": 0, "log_domain": "", "host": "", "time_ms": 0, "last_event_ms": 0, "sender": "a@example.com"}


def seen_errors(engine: Engine, scope: Scope, speech: Speech) -> list[ErrorAnswer]:
    """What refusing replies meant in the mail of a scope, and how often, most first."""
    counts: defaultdict[ErrorAnswer, int] = defaultdict(int)
    for trace, number in _groups(engine, scope):
        if trace.reply_code is not None or trace.enhanced_code is not None:
            counts[explained_error(trace, found_in(trace), speech)] += number
    answers = [replace(answer, seen=number) for answer, number in counts.items()]
    return sorted(answers, key=_order)


def _order(one: ErrorAnswer) -> tuple[object, ...]:
    """Most first; of alike numbers an order that is the same in every store."""
    return -(one.seen or 0), one.code or 0, one.enhanced or "", one.meaning, one.reason, one.move, one.next_step, one.customer_text


def explained_error(trace: Trace, found: FoundMeaning, speech: Speech) -> ErrorAnswer:
    """What the reply of a trace means, without the message that it was."""
    entry = KnownError(
        code=trace.reply_code,
        enhanced=trace.enhanced_code,
        reason=trace.reason or Reason.UNKNOWN,
        meaning=found.meaning,
        move=found.move,
        next_step=found.next_step,
        saying=found.saying,
    )
    return error_answer(entry, speech, voice=speech.voice(trace, found.saying) if speech.operates else None)


def _groups(engine: Engine, scope: Scope) -> Iterator[tuple[Trace, int]]:
    """A trace that stands for each group of alike ones, and how many they are; each trace is in one group."""

    def tally(sender: tuple[str, ...] = (), relay: tuple[str, ...] = ()) -> Counter[tuple[Value, ...]]:
        return engine.tally(Query(disposition=_REFUSED, sender=sender, relay=relay), scope, _FIELDS)

    both = tally(_NULL_SENDER, _LOOPBACK)
    by_nobody = tally(_NULL_SENDER) - both
    by_ourselves = tally(relay=_LOOPBACK) - both
    others = tally() - by_nobody - by_ourselves - both
    nobody, ourselves = {"sender": ""}, {"relay_ip": "127.0.0.1"}
    for groups, known in ((both, nobody | ourselves), (by_nobody, nobody), (by_ourselves, ourselves), (others, {})):
        yield from ((_standing_for(values, known), number) for values, number in groups.items())


def _standing_for(values: tuple[Value, ...], known: dict[str, str]) -> Trace:
    """A trace with these values, which are words and numbers of the store."""
    return convert(_STANDS_FOR | dict(zip(_NAMES, values, strict=True)) | known, Trace)

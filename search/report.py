"""The Email Report: what became of one message for one recipient, why, what to do, and the evidence."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from mappings.trace import Trace
from search import related as relations
from search.answers import RelatedTrace, ReportAnswer, TraceAnswer, trace_answer
from search.engines import Engine
from search.explain import Explanation, explained, found_in
from search.inside import without_inside
from search.journey import filter_results, hops, timeline
from search.later import Later, later_of, with_later
from search.losses import concerning, in_words
from search.scope import Scope
from search.speech import Speech
from search.stated import stated
from search.summary import summary
from search.view import View

#: Mail that belongs to a message is looked for in all of the store; what is lacking so near to it is told.
_NEAR_MS = 7 * 86_400_000
#: A message is followed over so many servers.
_MOST_SERVERS = 5


def email_report(trace: Trace, engine: Engine, scope: Scope, speech: Speech) -> ReportAnswer:
    """Give the report on a trace (with its events) as a caller with this scope may see it, in words for whoever reads it."""
    lines = stated(trace)
    view = View.of(trace, scope, lines)
    related, more = relations.related(trace, engine, scope, view)
    later = _how_it_went_on(trace, related, engine, scope, view)
    explanation = _explanation(trace, view, later, speech)
    report = ReportAnswer(
        trace=trace_answer(trace, scope, view),
        summary=view.text(summary(trace, later)) if speech.plain else explanation.meaning,
        customer_text=explanation.customer_text,
        explanation=explanation,
        timeline=timeline(trace, lines, view),
        hops=hops(trace, lines, view),
        related=related,
        filters=filter_results(lines, view),
        warnings=[
            *_warnings(trace, more=more),
            *_lost(trace, engine, scope),
            *engine.lacking(scope, trace.time_ms - _NEAR_MS, trace.time_ms + _NEAR_MS),
        ],
        sender_notified=trace.sender_notified,
        next_ids=view.texts(trace.next_ids),
        later=None if later is None else later.by,
    )
    return report if speech.operates else without_inside(replace(report, trace=_as_told(report)))


def _as_told(report: ReportAnswer) -> TraceAnswer:
    """The trace, with the error's meaning as the explanation has it."""
    error = report.trace.error
    if error is None:
        return report.trace
    return replace(report.trace, error=replace(error, meaning=report.explanation.reason_sentence or report.explanation.meaning))


def _how_it_went_on(trace: Trace, related: list[RelatedTrace], engine: Engine, scope: Scope, view: View) -> Later | None:
    """How it went on, from server to server to the last one whose lines are here."""
    found = later_of(trace, related)
    seen = {trace.id}
    while found is not None and found.elsewhere and found.by.id not in seen and len(seen) <= _MOST_SERVERS:
        there = engine.get(found.by.id, scope)
        if there is None:
            break
        seen.add(found.by.id)
        # Only a reply that names its next queue file leads on.
        further = later_of(there, relations.related(there, engine, scope, view)[0]) if there.next_ids else None
        if further is None or not further.elsewhere:
            return dataclasses.replace(found, there=there)
        found = further
    return found


def _explanation(trace: Trace, view: View, later: Later | None, speech: Speech) -> Explanation:
    """What it means, as the caller may read it: a detail may quote what others wrote."""
    found = found_in(trace)
    told = explained(trace, found if later is None else with_later(found, later), speech)
    return replace(told, **{name: view.text(getattr(told, name)) for name in ("meaning", "next_step", "customer_text")})


def _lost(trace: Trace, engine: Engine, scope: Scope) -> list[str]:
    """Tell of lines that went before they were read, where they may be those that the message lacks."""
    if not trace.incomplete:
        return []
    return in_words(concerning(engine.state().losses, trace.time_ms, trace.last_event_ms + 1), scope)


def _warnings(trace: Trace, *, more: bool) -> list[str]:
    """Tell what the report does not hold."""
    warnings = []
    if trace.incomplete:
        warnings.append("Some lines of this message were not seen, so steps may be missing.")
    if more:
        warnings.append("There may be more related mail than is listed.")
    return warnings

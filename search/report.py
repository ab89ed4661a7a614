"""The Email Report: what became of one message for one recipient, why, what to do, and the evidence."""

from __future__ import annotations

from mappings.trace import Trace
from search import related as relations
from search.answers import ReportAnswer, trace_answer
from search.engines import Engine
from search.explain import explain
from search.journey import filter_results, hops, timeline
from search.scope import Scope
from search.summary import summary

#: Mail that belongs to a message is looked for in all of the store; what is lacking so near to it is told.
_NEAR_MS = 7 * 86_400_000


def email_report(trace: Trace, engine: Engine, scope: Scope) -> ReportAnswer:
    """Give the report on a trace (with its events) as a caller with this scope may see it."""
    explanation = explain(trace)
    related, more = relations.related(trace, engine, scope)
    return ReportAnswer(
        trace=trace_answer(trace),
        summary=summary(trace),
        customer_text=explanation.customer_text,
        explanation=explanation,
        timeline=timeline(trace, scope),
        hops=hops(trace),
        related=related,
        filters=filter_results(trace, scope),
        warnings=[*_warnings(trace, more=more), *engine.lacking(scope, trace.time_ms - _NEAR_MS, trace.time_ms + _NEAR_MS)],
        sender_notified=trace.sender_notified,
    )


def _warnings(trace: Trace, *, more: bool) -> list[str]:
    """Tell what the report does not hold."""
    warnings = []
    if trace.incomplete:
        warnings.append("Some lines of this message were not seen, so steps may be missing.")
    if more:
        warnings.append(f"There is more related mail; the first {relations.LIMIT} are listed.")
    return warnings

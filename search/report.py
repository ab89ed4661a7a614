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
        warnings=_warnings(trace, more=more),
        sender_notified=trace.sender_notified,
    )


def _warnings(trace: Trace, *, more: bool) -> list[str]:
    """Tell what the report does not hold."""
    warnings = []
    if trace.incomplete:
        warnings.append("Some lines of this message were not seen, so steps may be missing.")
    if more:
        warnings.append("There may be more related mail than is listed.")
    return warnings

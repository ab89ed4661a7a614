"""The Email Report in the terminal: what became of it and why, what to do, what to tell the customer, and the evidence."""

from __future__ import annotations

import datetime as dt

from mailtrace.amounts import counted, shown_bytes
from mailtrace.show.screen import Screen, is_clean, style_of
from mailtrace.show.table import address
from mailtrace.zones import shown_time
from mappings.vocabulary import FILTERS, Direction, Verdict
from search.answers import FilterResult, Hop, RelatedTrace, ReportAnswer, ReturnCode, SendingServer, Step, TraceAnswer
from search.later import failed_elsewhere

_WHOSE = {"remote": "said by the receiving server", "filter": "said by the filter", "local": "said by our server"}


def show_report(screen: Screen, report: ReportAnswer, zone: dt.tzinfo) -> None:
    """Show the whole report."""
    trace, failed = report.trace, failed_elsewhere(report.later)
    if failed is not None:
        screen.line(f"{headline(trace)}; at the next server {failed.disposition.value}", f"bold {style_of(failed.disposition)}")
    else:
        clean = is_clean(trace.disposition, trace.verdict)
        screen.line(headline(trace), f"bold {'green' if clean else style_of(trace.disposition)}".strip())
    screen.paragraph(report.summary)
    screen.line()
    _facts(screen, _about(trace, report.explanation.reason_sentence, zone))
    _return_code(screen, report)
    _section(screen, "For the customer")
    screen.paragraph(report.customer_text, "  ")
    _filters(screen, report.filters)
    _timeline(screen, report, zone)
    _related(screen, report.related, zone)
    for warning in report.warnings:
        screen.line()
        screen.paragraph(f"Note: {warning}")


def headline(trace: TraceAnswer) -> str:
    """Say in a few words what became of it: `Quarantined: virus (Eicar-Test-Signature)`."""
    word = trace.disposition.value.replace("_", " ")
    if is_clean(trace.disposition, trace.verdict):
        return f"Clean: {word}"
    why = trace.reason.value.replace("_", " ") if trace.reason else ""
    if not why and trace.verdict not in (Verdict.CLEAN, Verdict.NOT_SCANNED, Verdict.UNKNOWN):
        why = f"the filter found {trace.verdict.value.replace('_', ' ')}"
    detail = f" ({trace.detail})" if trace.detail else ""
    return f"{word.capitalize()}{': ' if why else ''}{why}{detail}"


def _about(trace: TraceAnswer, why: str | None, zone: dt.tzinfo) -> list[tuple[str, str]]:
    """Collect the facts that are known, in the order in which people ask for them; `why` is the reason as it is meant here."""
    header_from = trace.header_from if trace.header_from not in (None, trace.sender) else None
    recipient = address(trace.recipient)
    if trace.original_recipient and trace.original_recipient != trace.recipient:
        recipient += f" (named as {trace.original_recipient})"
    facts: list[tuple[str, str | None]] = [
        ("Date", f"{shown_time(trace.time, zone)} ({zone})"),
        ("Sending server", _server(trace.sending_server)),
        ("Sender", address(trace.sender)),
        ("From header", header_from),
        ("Recipient", recipient),
        ("Disposition", f"{trace.disposition.value}: {trace.disposition.sentence}"),
        ("Verdict", f"{trace.verdict.value}: {trace.verdict.sentence}"),
        ("Reason", f"{trace.reason.value}: {why or trace.reason.sentence}" if trace.reason else None),
        ("Quarantine id", trace.quarantine_id),
        ("Score", f"{trace.score:g}" if trace.score is not None else None),
        ("Subject", trace.subject),
        ("Message-ID", trace.message_id),
        ("Size", shown_bytes(trace.size) if trace.size is not None else None),
        ("Direction", trace.direction.value if trace.direction is not Direction.UNKNOWN else None),
        ("Next server", trace.relay),
        ("Attempts", str(trace.attempts) if trace.attempts else None),
        ("Logged at", trace.host or None),
        ("Queue ids", ", ".join(trace.queue_ids) or None),
        ("Id", trace.id),
        ("Incomplete", "some of its log lines were not seen" if trace.incomplete else None),
    ]
    return [(name, value) for name, value in facts if value is not None]


def _facts(screen: Screen, facts: list[tuple[str, str]]) -> None:
    """Show names and values in two columns."""
    wide = max(len(name) for name, _ in facts)
    for name, value in facts:
        screen.styled((f"  {name:<{wide}}  ", "dim"), (value, ""))


def _return_code(screen: Screen, report: ReportAnswer) -> None:
    """Show the Return Code in full, what it means, whose move it is and what comes next."""
    code, explained = report.trace.return_code, report.explanation
    _section(screen, "Return Code")
    if code is None:
        screen.line("  No reply is logged.")
    else:
        screen.paragraph(_reply(code), "  ", "bold")
        said = [_WHOSE.get(code.by or "", ""), "the basic code is not logged but always the same here" if code.inferred else ""]
        if any(said):
            screen.paragraph(f"({'; '.join(part for part in said if part)})", "  ", "dim")
    for name, text in (("Meaning", explained.meaning), ("Whose move", explained.move_sentence), ("Next step", explained.next_step)):
        if text:
            screen.paragraph(f"{name}: {text}", "  ")


def _reply(code: ReturnCode) -> str:
    """Write a reply as a server says it; a text that begins with its own codes is left alone."""
    text = code.text or ""
    codes = " ".join(str(part) for part in (code.code, code.enhanced) if part is not None)
    return text if codes and text.startswith(codes) else f"{codes} {text}".strip()


def _filters(screen: Screen, filters: list[FilterResult]) -> None:
    """Show what filters beside the queue said, with the tests that met."""
    if filters:
        _section(screen, "Filters")
    for one in filters:
        asked = f" asks for {one.action}" if one.action else ""
        score = f", score {one.score:g}" if one.score is not None else ""
        score += f" of {one.required:g}" if score and one.required is not None else ""
        forced = f", forced by {one.forced_by}" if one.forced_by else ""
        screen.paragraph(f"{FILTERS.get(one.filter, one.filter)}{asked}{score}{forced}", "  ", "bold")
        for symbol in one.symbols or ():
            options = f"  {'; '.join(symbol.options)}" if symbol.options else ""
            points = f" {symbol.score:g}" if symbol.score is not None else ""
            screen.paragraph(f"{symbol.name}{points}{options}", "    ", "dim")


def _timeline(screen: Screen, report: ReportAnswer, zone: dt.tzinfo) -> None:
    """Show the steps hop by hop, each with its line as evidence."""
    _section(screen, f"Timeline ({counted(len(report.hops), 'hop')}, times in {zone})")
    at_home = {hop.id for hop in report.hops}
    for number, hop in enumerate(report.hops, 1):
        screen.paragraph(_hop(number, hop), "  ", "bold")
        for step in report.timeline:
            if step.hop == hop.id:
                _step(screen, step, zone)
    stray = [step for step in report.timeline if step.hop not in at_home]
    if stray and report.hops:
        screen.line("  Beside the hops", "bold")
    for step in stray:
        _step(screen, step, zone)


def _hop(number: int, hop: Hop) -> str:
    """Name a hop: `Hop 2: scan pYLzAPuX7vKZ on mx1 (amavis)`."""
    name = hop.mail_id if hop.kind == "scan" and hop.mail_id else hop.queue_id or hop.mail_id or ""
    parts = [f"Hop {number}: {hop.kind}", name, f"on {hop.host}" if hop.host else ""]
    return " ".join(part for part in parts if part) + (f"; {hop.evidence}" if hop.evidence else "")


def _step(screen: Screen, step: Step, zone: dt.tzinfo) -> None:
    """Show one line of the journey: when, who, in words, and below it the line as it was logged."""
    screen.paragraph(f"{shown_time(step.time, zone, fine=step.fine)}  {step.program}: {step.words}", "    ")
    if step.raw is not None:
        screen.paragraph(step.raw, "      | ", "dim")


def _related(screen: Screen, related: list[RelatedTrace], zone: dt.tzinfo) -> None:
    """Show what else has to do with it, with the ids to ask for."""
    if not related:
        return
    _section(screen, "Related")
    for one in related:
        screen.paragraph(
            f"{shown_time(one.time, zone)}  {one.how.replace('_', ' ')}: {address(one.recipient)}, {one.disposition.value}", "  "
        )
        screen.paragraph(f"mailtrace report {one.id}", "    ", "dim")


def _server(sending: SendingServer) -> str:
    """Write all that is known of the sending server: `mail.example.org [192.0.2.7] (called itself mx)`."""
    name = sending.name or ""
    where = f"[{sending.ip}]" if sending.ip else ""
    helo = f"(called itself {sending.helo})" if sending.helo and sending.helo != sending.name else ""
    return " ".join(part for part in (name, where, helo) if part) or "-"


def _section(screen: Screen, title: str) -> None:
    """Begin a part of the report."""
    screen.line()
    screen.line(title, "bold underline")

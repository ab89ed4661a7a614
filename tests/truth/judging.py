"""What a trace must say about its recipient: each fact by itself, with what is wrong in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailtrace import TraceAnswer
from truth.matching import folded
from truth.records import Result, Sent

#: The facts that are counted, in the order in which they are shown.
FACTS = ("found", "sender", "recipient", "disposition", "reason", "verdict", "code", "quarantine id", "copies")
REFUSED = frozenset({"rejected", "tempfailed"})
#: Where a copy was kept, whatever became of it later.
_KEPT = frozenset({"quarantined", "delivered", "released"})
_ARRIVED = frozenset({"delivered", "released"})
_CODES = re.compile(r"\s*(?:smtp;\s*|x-postfix;\s*)?(?P<basic>\d{3})?[ -]?(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})?", re.IGNORECASE)


class Finding(NamedTuple):
    """One fact: None where it is right, else what is wrong with it."""

    fact: str
    wrong: str | None


def codes(reply: str | None) -> tuple[int | None, str | None]:
    """The basic and the enhanced code with which a reply begins."""
    found = _CODES.match(reply or "")
    if found is None:
        return None, None
    return (int(found["basic"]) if found["basic"] else None), found["enhanced"]


def judge(sent: Sent, result: Result, traces: list[TraceAnswer], lines: str) -> Iterator[Finding]:
    """Hold the traces of a recipient against what became of it; `lines` is the text of the logs."""
    yield Finding("found", None if traces else "no trace")
    yield from _per_trace(sent, result, traces)
    yield Finding("copies", _copies(sent, result, traces, lines) if traces else "no trace")


def _per_trace(sent: Sent, result: Result, traces: list[TraceAnswer]) -> Iterator[Finding]:
    """The facts that each trace of a recipient must have right, as far as they are known."""
    expect = result.expect
    checks = {"recipient": [_recipient(result, trace) for trace in traces], "disposition": [_word(expect.disposition, t) for t in traces]}
    if expect.sender_told:
        checks["sender"] = [_differs(folded(trace.sender), {folded(sent.mail_from)}) for trace in traces]
    checks["reason"] = [_differs(trace.reason, set(expect.reason or [None])) for trace in traces]
    if expect.verdict:
        checks["verdict"] = [_differs(trace.verdict, set(expect.verdict)) for trace in traces]
    told_codes = _told_codes(result)
    if told_codes:
        checks["code"] = [_code(trace, result, told_codes) for trace in traces]
    if result.quarantine and expect.disposition in _KEPT:
        ids = set().union(*(kept.ids for kept in result.quarantine))
        checks["quarantine id"] = [None if _holds(trace.quarantine_id, ids) else f"{trace.quarantine_id} not in {ids}" for trace in traces]
    for fact in FACTS:
        if fact in checks:
            yield Finding(fact, next((wrong for wrong in checks[fact] if wrong), None) if traces else "no trace")


def _differs(value: str | None, accepted: set[str] | set[str | None]) -> str | None:
    """Say what is wrong where a value is none of the accepted ones."""
    return None if value in accepted else f"{value} for {' or '.join(sorted(str(one) for one in accepted))}"


def _word(expected: str, trace: TraceAnswer) -> str | None:
    """Whether the disposition is the expected one."""
    return _differs(trace.disposition, {expected})


def _recipient(result: Result, trace: TraceAnswer) -> str | None:
    """A trace names the client's address: as the recipient, or as the original one where the recipient became another."""
    asked, final, original = folded(result.rcpt), folded(trace.recipient), trace.original_recipient
    if original is not None:
        return _differs(folded(original), {asked})
    reached = {folded(address) for delivery in result.delivered for address in delivery.to}
    return _differs(final, {asked} | reached)


def _told_codes(result: Result) -> set[int | str]:
    """The codes that the client or the sender was told; empty where there was none, or nothing but "some failure"."""
    if result.expect.disposition in REFUSED:
        return {code for code in codes(result.reply) if code is not None}
    if result.expect.disposition != "bounced":
        return set()
    failed = [notice for notice in result.dsn if notice.action == "failed"]
    told = {code for notice in failed for code in (notice.status, *codes(notice.diag)) if code is not None}
    # A notice always has a status; 5.0.0 stands where the other side gave none.
    return set() if {code for code in told if isinstance(code, str)} <= {"5.0.0"} else told


def _code(trace: TraceAnswer, result: Result, told: set[int | str]) -> str | None:
    """A refusal has the basic code that the client saw; a bounce one of those in its notice."""
    said = trace.return_code
    ours = {said.code, said.enhanced} - {None} if said is not None else set()
    if result.expect.disposition in REFUSED:
        basic, enhanced = codes(result.reply)
        right = basic in ours and (enhanced is None or enhanced in ours)
    else:
        right = bool(ours & told)
    return None if right else f"{sorted(map(str, ours))} for {sorted(map(str, told))}"


def _holds(quarantine_id: str | None, ids: set[str]) -> bool:
    """Whether an answer's quarantine id is, or holds, one of these."""
    return quarantine_id is not None and any(one in quarantine_id for one in ids)


def _copies(sent: Sent, result: Result, traces: list[TraceAnswer], lines: str) -> str | None:
    """Each address that got the message, and each queue id that the client was given, has a trace; the reply is the last server's."""
    reached = {folded(address) for delivery in result.delivered for address in delivery.to}
    missing = reached - {folded(trace.recipient) for trace in traces}
    if missing:
        return f"no trace of {sorted(missing)}"
    # The server's own queue id is asked for only where a line holds it.
    theirs = {d.sink_qid for d in result.delivered if d.sink_qid and d.sink_qid in lines}
    replies = " ".join((trace.return_code.text or "") for trace in traces if trace.return_code is not None)
    if theirs and result.expect.disposition in _ARRIVED and not any(one in replies for one in theirs):
        return f"no reply names {sorted(theirs)}"
    once = len({folded(one.rcpt) for one in sent.results}) == len(sent.results)
    if once and len(sent.queue_ids) > 1 and result.final != "rejected":
        unseen = [one for one in sent.queue_ids if not any(one in trace.queue_ids for trace in traces)]
        if unseen:
            return f"no trace with the queue ids {unseen}"
    return None

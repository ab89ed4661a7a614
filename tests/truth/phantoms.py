"""Traces that should not be: such that nothing explains, and such that are there twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from mailtrace import TraceAnswer
from truth.judging import REFUSED
from truth.matching import Matches, bare_id, folded
from truth.records import Sent, Truth

_NEAR = timedelta(seconds=8)


class Explanations:
    """What there was beside the recipients that clients named: mail the software made, copies, releases, further refusals."""

    def __init__(self, truth: Truth, matches: Matches) -> None:
        self._truth = truth
        self._matches = matches
        self._messages = {sent.id: sent for sent in truth.sent}
        self._used = {trace.id for traces in matches.of_result.values() for trace in traces}
        self._notice_ids = {bare_id(made.message_id) for made in truth.made} - {""}
        self._notice_queue_ids = {queue_id for made in truth.made for queue_id in made.received_ids}
        self._senders = {folded(sent.mail_from) for sent in truth.sent}
        self._refusals = _further_refusals(truth)

    def explain(self, trace: TraceAnswer) -> bool:
        """Whether a trace is about something that happened. A refusal explains one trace only, so ask once for each."""
        if trace.id in self._used:
            return True
        owners = [self._messages[one] for one in self._matches.owners[trace.id]]
        if owners:
            return self._is_a_copy(trace, owners)
        return self._is_a_notice(trace) or self._is_refused(trace) or self._names_a_sender_only(trace)

    def _is_a_copy(self, trace: TraceAnswer, owners: list[Sent]) -> bool:
        """An address that the message really went to, or a message of which no line tells the recipients."""
        if trace.recipient:
            addresses = set().union(*(self._addresses(sent) for sent in owners))
            return not addresses.isdisjoint({folded(trace.recipient), folded(trace.original_recipient)})
        return trace.disposition == "discarded" or any(not result.expect.told for sent in owners for result in sent.results)

    def _addresses(self, sent: Sent) -> set[str]:
        """Every address to which a message went."""
        named = {*sent.rcpts, *sent.copies, *sent.released_to()}
        for result in sent.results:
            named.update(address for delivery in result.delivered for address in delivery.to)
            named.update(address for box in result.mailbox for address in (box.delivered_to, box.orig_to) if address)
        for arrived in self._truth.arrived:
            if arrived.lab_id == sent.id or not set(sent.queue_ids).isdisjoint(arrived.received_ids):
                named.update(arrived.rcpts)
        return {folded(address) for address in named}

    def _is_a_notice(self, trace: TraceAnswer) -> bool:
        """A bounce or a notice that the software made, or one that could not be returned."""
        if bare_id(trace.message_id) in self._notice_ids or not self._notice_queue_ids.isdisjoint(trace.queue_ids):
            return True
        lost = trace.disposition in {"bounced", "expired", "deferred"}
        return lost and trace.sender == "" and folded(trace.recipient) in self._senders

    def _is_refused(self, trace: TraceAnswer) -> bool:
        """A refusal in a later transaction of a session."""
        pair = (folded(trace.sender), folded(trace.recipient))
        if trace.disposition not in REFUSED or self._refusals[pair] <= 0:
            return False
        self._refusals[pair] -= 1
        return True

    def _names_a_sender_only(self, trace: TraceAnswer) -> bool:
        """A refusal before any recipient was named."""
        at = datetime.fromisoformat(trace.time)
        return not trace.recipient and any(
            abs(at - sent.t_start) < _NEAR
            and folded(sent.mail_from) == folded(trace.sender)
            and any(result.expect.sender_told and not result.expect.told for result in sent.results)
            for sent in self._truth.sent
        )


def _further_refusals(truth: Truth) -> Counter[tuple[str, str]]:
    """Refusals of RCPT, by sender and recipient, beyond those that are a recipient's result."""
    refused: Counter[tuple[str, str]] = Counter()
    for sent in truth.sent:
        for command, answer in sent.smtp:
            if command.upper().startswith("RCPT TO:") and answer[:1] in {"4", "5"}:
                refused[folded(sent.mail_from), folded(command[8:].strip().split(">")[0])] += 1
        for result in sent.results:
            if result.final in REFUSED and result.stage == "RCPT":
                refused[folded(sent.mail_from), folded(result.rcpt)] -= 1
    return refused


def doubles(traces: list[TraceAnswer], matches: Matches) -> list[str]:
    """What is there more than once: an id, or the same message, way and recipient."""
    ids = Counter(trace.id for trace in traces)
    same = Counter(
        (
            tuple(sorted(matches.owners[trace.id])),
            tuple(sorted(trace.queue_ids or [trace.id])),
            folded(trace.recipient),
            folded(trace.original_recipient),
        )
        for trace in traces
    )
    return [str(one) for one, times in (*ids.items(), *same.items()) if times > 1]

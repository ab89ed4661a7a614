"""Which traces are about which message: by queue ids, and for refusals, which have none, by who, when and what was said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from mailtrace import TraceAnswer
from truth.records import Result, Sent, Truth

#: Stamps may be whole seconds, and clocks of client and server differ a little.
_SLACK_S = 1.1


def folded(address: str | None) -> str:
    """An address as it is compared here: without brackets, quotes, source route or case, the domain in Unicode."""
    bare = re.sub(r"^@[^:]*:", "", (address or "").strip().strip("<>"))
    local, at, domain = bare.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("ascii").decode("idna")
    return f"{local.replace(chr(34), '').replace(chr(92), '')}{at}{domain}".lower()


def bare_id(message_id: str | None) -> str:
    """A Message-ID without its brackets."""
    return (message_id or "").strip("<>")


def named(trace: TraceAnswer) -> str:
    """The recipient of a trace as the client named it."""
    return folded(trace.original_recipient or trace.recipient)


@dataclass(slots=True)
class Matches:
    """The traces of each recipient, and the messages of each trace."""

    #: Messages (their ids) whose queue ids a trace (its id) names.
    owners: dict[str, set[str]] = field(default_factory=dict)
    #: Traces by message and position of the recipient.
    of_result: dict[tuple[str, int], list[TraceAnswer]] = field(default_factory=dict)


def match(truth: Truth, traces: list[TraceAnswer]) -> Matches:
    """Find out which traces are about which recipient."""
    owner = _Owners(truth)
    matches = Matches({trace.id: owner.of(trace) for trace in traces})
    by_owner: dict[str, list[TraceAnswer]] = defaultdict(list)
    for trace in traces:
        for message in matches.owners[trace.id]:
            by_owner[message].append(trace)
    unseen = []
    for sent in truth.sent:
        for index, result in enumerate(sent.results):
            found = [trace for trace in by_owner[sent.id] if named(trace) == folded(result.rcpt)]
            if found:
                matches.of_result[sent.id, index] = found
            elif result.expect.told:
                unseen.append((sent, index, result))
    _match_refusals(unseen, traces, matches)
    return matches


class _Owners:
    """Queue ids and the messages that had them; a short id comes back, and then the time says whose it is."""

    def __init__(self, truth: Truth) -> None:
        self._lives: dict[str, list[Sent]] = defaultdict(list)
        for sent in sorted(truth.sent, key=lambda one: one.t_start):
            for queue_id in sent.queue_ids:
                self._lives[queue_id].append(sent)

    def of(self, trace: TraceAnswer) -> set[str]:
        """The messages that a trace's queue ids belong to: of several lives the last that had begun."""
        at = _seconds(trace)
        owners = set()
        for lives in (self._lives.get(queue_id, []) for queue_id in trace.queue_ids):
            begun = [sent for sent in lives if int(sent.t_start.timestamp()) - 1 <= at]
            owners |= {sent.id for sent in begun[-1:] or lives[:1]}
        return owners


def _seconds(trace: TraceAnswer) -> float:
    """First sight of a trace, in seconds since 1970."""
    return datetime.fromisoformat(trace.time).timestamp()


@dataclass(frozen=True, order=True, slots=True)
class _Pair:
    """A refusal and a trace that may be about it; the better the pair, the smaller."""

    other_id: bool
    other_reply: int
    off_s: float
    message: str
    index: int
    trace: str


def _match_refusals(unseen: Iterable[tuple[Sent, int, Result]], traces: list[TraceAnswer], matches: Matches) -> None:
    """Give each refusal, whose client saw no queue id, its trace; each trace is given once, the best pairs first."""
    by_name: dict[str, list[TraceAnswer]] = defaultdict(list)
    for trace in traces:
        by_name[named(trace)].append(trace)
    pairs = []
    for sent, index, result in unseen:
        for trace in by_name[folded(result.rcpt)]:
            pair = _pair(sent, index, result, trace)
            if pair is not None and not matches.owners[trace.id] - {sent.id}:
                pairs.append(pair)
    by_id = {trace.id: trace for trace in traces}
    taken: set[str] = set()
    for pair in sorted(pairs):
        if pair.trace in taken or (pair.message, pair.index) in matches.of_result:
            continue
        taken.add(pair.trace)
        matches.of_result[pair.message, pair.index] = [by_id[pair.trace]]


def _pair(sent: Sent, index: int, result: Result, trace: TraceAnswer) -> _Pair | None:
    """How well a trace fits a refusal; None where it cannot be about it."""
    at = _seconds(trace)
    off = max(0.0, int(sent.t_start.timestamp()) - at, at - sent.t_end.timestamp())
    if off > _SLACK_S or (result.expect.sender_told and folded(trace.sender) != folded(sent.mail_from)):
        return None
    theirs, ours = bare_id(trace.message_id), bare_id(sent.message_id)
    if theirs and ours and theirs != ours:
        return None
    return _Pair(not theirs, -_alike(result.reply or "", trace), off, sent.id, index, trace.id)


def _alike(reply: str, trace: TraceAnswer) -> int:
    """How much of a reply a trace has: its code, the beginning of its text."""
    said = trace.return_code
    if said is None:
        return 0
    text = re.sub(r"\A\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3} )?", "", reply)
    return (str(said.code) == reply[:3]) + (bool(text) and text[:40] in (said.text or ""))

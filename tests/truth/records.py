"""The records of a capture: what was sent, and what is known to have become of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from captures import Capture


class Expect(msgspec.Struct):
    """What a perfect program answers about a recipient."""

    disposition: str
    #: The acceptable ones; null among them, or instead of them, where there is no reason.
    reason: list[str | None] | None
    verdict: list[str | None] | None
    #: Whether any line tells this recipient's fate.
    told: bool
    #: Whether a line tells the sender as it was given.
    sender_told: bool


class Delivery(msgspec.Struct):
    """A copy that arrived at another server."""

    to: list[str]
    sink_qid: str | None = None


class Mailbox(msgspec.Struct):
    """A copy that lies in a mailbox of the host."""

    delivered_to: str | None = None
    orig_to: str | None = None


class Kept(msgspec.Struct):
    """A copy in quarantine: `file` is the path within it, `quarantine_id` what its header says."""

    file: str
    quarantine_id: str | None = None

    @property
    def ids(self) -> set[str]:
        """What an answer may call it."""
        return {self.file, (self.quarantine_id or self.file).strip("<>")}


class Notice(msgspec.Struct):
    """What a delivery status notification said about a recipient."""

    action: str | None = None
    status: str | None = None
    diag: str | None = None


class Result(msgspec.Struct):
    """What became of one recipient, as the client named it."""

    rcpt: str
    final: str
    expect: Expect
    reply: str | None = None
    stage: str | None = None
    delivered: list[Delivery] = []
    mailbox: list[Mailbox] = []
    quarantine: list[Kept] = []
    dsn: list[Notice] = []


class Sent(msgspec.Struct):
    """One message that a client sent, or tried to."""

    id: str
    scenario: str
    t_start: datetime
    t_end: datetime
    mail_from: str
    rcpts: list[str]
    message_id: str | None
    #: Commands of the client with the replies.
    smtp: list[tuple[str, str]]
    queue_ids: list[str]
    results: list[Result]
    copies: list[str] = []
    actions: list[dict[str, Any]] = []

    def released_to(self) -> Iterator[str]:
        """The addresses to which an administrator released it from quarantine."""
        for action in self.actions:
            for release in action.get("released") or []:
                yield from release.get("to") or []


class Arrived(msgspec.Struct):
    """One message as it arrived at another server."""

    rcpts: list[str] = []
    lab_id: str | None = None
    message_id: str | None = None
    received_ids: list[str] = []


class Truth:
    """Everything that is known about a capture."""

    def __init__(self, capture: Capture) -> None:
        self.sent = [msgspec.convert(json.loads(line), Sent) for line in capture.records("truth.jsonl")]
        self.arrived = [msgspec.convert(json.loads(line), Arrived) for line in capture.records("sink.jsonl")]
        #: Mail that the software made itself: bounces and notices.
        self.made = [msgspec.convert(json.loads(line), Arrived) for line in capture.records("generated.jsonl")]
        self.zone = capture.zone.key

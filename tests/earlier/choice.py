"""A small choice of whole messages out of the captures: the lines that each kept store was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from captures import AMAVIS_JSON, EXIM, RSPAMD, SHORT, Capture
from promise.pieces import stamp_of

#: What may name a message: queue ids (short, Exim's, long), an amavis log id and mail id, a client of postscreen, a Message-ID.
_IDS = re.compile(
    rb"\b(?=\d*[A-F])[0-9A-F]{9,12}\b|\b[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}\b"
    rb"|\b(?=\w*[a-z])[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{15}\b|(?<=\()\d{5}-\d\d(?:-\d+)?(?=\))"
    rb"|(?:(?<=mail_id: )|(?<=Checking: )|(?<=categorized\): )|(?<=\(rel-))[\w-]{12}|(?<=from )\[[\d.]+\]:\d+|[\w.]*\d@[\w.-]*\w"
)
#: Seconds that a server goes on after its client has gone.
_AFTER_S = 0.2


@dataclass(frozen=True, slots=True)
class Chosen:
    """Messages of one capture, by the names of what was tried with them, and the files that tell of them."""

    capture: Capture
    scenarios: tuple[str, ...]
    #: Time at which the logs are cut for a store with mail in flight.
    cut: str
    files: tuple[str, ...]
    #: Ids of these messages that the truth does not list, since the client never heard of them.
    also: tuple[str, ...] = ()
    #: A file whose lines are those of another with other stamps.
    twins: Mapping[str, str] = field(default_factory=dict)
    #: Whose lines they are that name no host.
    log_host: str = "mx1"

    def lines(self) -> dict[str, bytes]:
        """The chosen lines of each file."""
        records = {file: _records(self.capture.content(file)) for file in {self.twins.get(name, name) for name in self.files}}
        wanted = _wanted(records, [one for one in self._messages() if one["scenario"] in self.scenarios], self.also)
        found = {}
        for file in self.files:
            told = self.twins.get(file, file)
            kept = records[told] if told == file else _records(self.capture.content(file))
            found[file] = b"".join(kept[number] for number in range(len(kept)) if (told, number) in wanted)
        return found

    def cut_at(self, content: bytes) -> int:
        """How many bytes of a file were there at the time of the cut."""
        moment = datetime.fromisoformat(self.cut).replace(tzinfo=UTC).timestamp()
        at = 0
        for record in _records(content):
            if (stamp_of(record) or 0.0) >= moment:
                break
            at += len(record)
        return at

    def _messages(self) -> Iterator[dict[str, Any]]:
        """The truth of each message."""
        return map(msgspec.json.decode, self.capture.records("truth.jsonl"))


def _records(content: bytes) -> list[bytes]:
    """Lines, each with those that follow it without a stamp."""
    records: list[bytes] = []
    for line in content.splitlines(keepends=True):
        if records and stamp_of(line) is None:
            records[-1] += line
        else:
            records.append(line)
    return records


def _wanted(records: Mapping[str, list[bytes]], messages: list[dict[str, Any]], also: Iterable[str]) -> set[tuple[str, int]]:
    """The records of some messages: what bears an id of theirs, or of what bears one, and what names their clients at that time."""
    ids = {(file, number): set(_IDS.findall(record)) for file, listed in records.items() for number, record in enumerate(listed)}
    told = (one for message in messages for one in (*message["queue_ids"], (message["message_id"] or "").strip("<>")))
    known = {one.encode() for one in (*also, *told) if one}
    wanted = {
        (file, number)
        for message in messages
        for file, listed in records.items()
        for number, record in enumerate(listed)
        if not ids[file, number] - known and _is_of(message, record)
    }
    known.update(*(ids[one] for one in wanted))
    while True:
        found = {one for one, named in ids.items() if not named.isdisjoint(known)}
        if found <= wanted:
            return wanted
        wanted |= found
        known.update(*(ids[one] for one in found))


def _is_of(message: Mapping[str, Any], record: bytes) -> bool:
    """Whether a record may be of a message by its time and its client."""
    time = stamp_of(record)
    begin, end = (datetime.fromisoformat(message[name]).timestamp() for name in ("t_start", "t_end"))
    if time is None or message["client"]["ip"].encode() not in record:
        return False
    # A stamp of whole seconds is before what happened in that second.
    return (int(begin) if time.is_integer() else begin) <= time <= end + _AFTER_S


CHOICE = (
    Chosen(
        RSPAMD,
        (
            "clean-mixed-domains",
            "reject-two-rcpts",
            "reject-virus",
            "greylist-0",
            "greylist-retry-0",
            "quarantine-0",
            "quarantine-1",
            "quarantine-two-rcpts",
            "discard-0",
            "submission-mixed",
        ),
        "2026-11-24T04:04:08",
        ("mail-traditional.log", "rspamd.log"),
        twins={"mail-traditional.log": "mail.log"},
    ),
    Chosen(
        SHORT,
        (
            "alias-local",
            "alias-devnull",
            "smtputf8-not-offered",
            "submission-without-auth",
            "remote-refused-expires",
            "part-refused",
            "header-hold",
            "sender-discard",
            "lost-in-data",
            "postscreen-dnsbl",
            "virus-in-zip-two-rcpts",
            "banned-one-rcpt-allowed",
            "spam-gtube",
            "to-be-released",
            "to-be-released-other-rcpt",
            "deleted-by-admin",
            "filter-away-2",
            "still-deferred-refused",
        ),
        "2026-11-24T04:07:00",
        ("mail.log",),
        also=("798B118A010", "[203.0.113.98]:47975"),
    ),
    Chosen(
        EXIM,
        (
            "clean-two-domains",
            "alias-blackhole",
            "alias-defer",
            "unknown-user",
            "header-reject",
            "frozen",
            "frozen-then-thawed",
            "frozen-then-removed",
            "virus-two-rcpts",
            "spam-quarantine",
            "remote-mixed",
            "remote-refused",
        ),
        "2026-11-24T04:11:45",
        ("mainlog", "rejectlog", "spamd.log", "clamav.log"),
        log_host="mx2",
    ),
    Chosen(
        AMAVIS_JSON,
        ("clean-rcpts-two-domains", "remote-mixed-outcome", "virus-eicar", "bad-header-duplicate", "still-deferred-timeout"),
        "2026-11-26T13:04:20.097",
        ("mail.log",),
    ),
)

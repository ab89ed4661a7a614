"""Parts that lines of several Postfix daemons share: queue ids, clients, relays, the tail of the dialogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.formats.queue_id import QUEUE_ID
from mappings.address import normalise, parse_path

_ID_LINE = re.compile(rf"({QUEUE_ID}|NOQUEUE): ")
_CLIENT = re.compile(r"([^\s\[]*)\[([^\]\s\[]*)\](?::(\d{1,5}|unknown))?")
#: Postfix takes brackets out of a HELO, other programs may not: pairs of them stand within it, so that an imitation in it is whole.
_PROTO = re.compile(
    r",? proto=(\S+?),?(?: helo=<((?:[^<>]+|<[^<>]*+>)*+)>| helo=$|(?= |:|$))((?:,? sasl_[a-z]++=[^\s,]++)*+)(?:: (.*)| \d{1,6})?$",
    re.DOTALL,
)
_USER = re.compile(r"sasl_username=<?([^\s>,]+)")
_RELAY = re.compile(r"([^\[]*)\[([^\]]*)\](?::(\d{1,5}))?$")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]+(?:%\w+)?$")
#: Severities before the text; such a line is about the daemon, except for the few that `warning_of` is asked about.
SEVERITIES = ("warning: ", "error: ", "fatal: ", "panic: ", "info: ", "debug: ", "statistics: ")
#: How far back candidates for the dialogue's tail are tried: a line has at most two honest ones.
_CANDIDATES = 12


def split_id(text: str) -> tuple[str | None, str] | None:
    """The queue id (None for NOQUEUE) and what follows it; None where the line bears neither."""
    match = _ID_LINE.match(text)
    if match is None:
        return None
    queue_id = match[1]
    return (None if queue_id == "NOQUEUE" else queue_id), text[match.end() :]


@dataclass(frozen=True, slots=True)
class Client:
    """A client as Postfix names it: `name[address]:port`; an unknown name is None."""

    name: str | None
    ip: str | None
    port: int | None
    end: int


def client_at(text: str, start: int = 0) -> Client | None:
    """The client that begins at `start`."""
    match = _CLIENT.match(text, start)
    if match is None:
        return None
    name = match[1] if match[1] and match[1] != "unknown" else None
    ip = match[2] if match[2] != "unknown" else None
    port = int(match[3]) if match[3] and match[3] != "unknown" else None
    return Client(name, ip, port, match.end())


@dataclass(frozen=True, slots=True)
class Tail:
    """`; from=<...> to=<...> proto=... helo=<...>`: the end of a line about the dialogue."""

    start: int
    sender: str | None
    recipient: str | None
    proto: str | None
    helo: str | None
    user: str | None
    #: What a header or body rule says after the tail.
    text: str | None


def tail_of(text: str) -> Tail | None:
    """The dialogue's tail, searched from the end, for everything before it may be written by strangers."""
    end = len(text)
    for _ in range(_CANDIDATES):
        start = max(text.rfind("; from=<", 0, end), text.rfind("; to=<", 0, end), text.rfind("; proto=", 0, end))
        if start < 0:
            return None
        tail = _tail_at(text, start)
        if tail is not None:
            return tail
        end = start + 1
    return None


def _tail_at(text: str, start: int) -> Tail | None:
    """The tail that begins at `start`, where the rest of the line fits its grammar."""
    sender = recipient = None
    at = start + 1
    if text.startswith(" from=<", at):
        raw, at = parse_path(text, at + 6)
        if _open_quote(raw) or text[at - 1] != ">":
            return None
        sender = normalise(raw)
    if text.startswith(",", at):
        at += 1
    if text.startswith(" to=<", at):
        raw, at = parse_path(text, at + 4)
        # One that is cut off is no address of anybody.
        if _open_quote(raw) or text[at - 1] != ">":
            return None
        recipient = normalise(raw)
    if at == len(text) or text.startswith(": ", at):
        return Tail(start, sender, recipient, None, None, None, text[at + 2 :] or None)
    match = _PROTO.match(text, at)
    if match is None:
        return None
    user = _USER.search(match[3]) if match[3] else None
    return Tail(start, sender, recipient, match[1], match[2], user[1] if user else None, match[4])


@dataclass(frozen=True, slots=True)
class Relay:
    """The next server of a delivery: `name[address]:port`, or an agent's name."""

    name: str | None = None
    ip: str | None = None
    port: int | None = None


def relay_of(text: str) -> Relay:
    """The parts of `relay=`; a socket path or an agent has a name only."""
    match = _RELAY.match(text)
    if match is None or not _ADDRESS.match(match[2]):
        return Relay(text if text != "none" else None)
    return Relay(match[1] or None, match[2], int(match[3]) if match[3] else None)


def path_at(text: str, start: int) -> tuple[str, int]:
    """A normalised address at `start`, with or without brackets, and where it ends."""
    raw, end = parse_path(text, start)
    return normalise(raw), end


def _open_quote(raw: str) -> bool:
    """Whether a quoted string begins in a path and does not end in it: then the path is a piece of another one."""
    return (raw.count('"') - raw.count('\\"')) % 2 == 1

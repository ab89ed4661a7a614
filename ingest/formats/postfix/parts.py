"""Parts that lines of several Postfix daemons share: queue ids, clients, relays, the tail of the dialogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from ingest.queue_ids import POSTFIX_ID
from mappings.address import normalise, parse_path

#: One word of the dialogue as smtpd takes it apart (`smtpd_token.c`): quoted strings and brackets may hold blanks.
_CLAIM = r"(?:[^\s\"<\\]|\\.|\"(?:[^\"\\]|\\.)*+\"|<(?:[^<>\"\\]|\\.|\"(?:[^\"\\]|\\.)*+\")*+>)++"
#: What a forwarder of logs may leave behind a line: a count of its own.
COUNTED = r"(?: \d{1,6})?"
_ID_LINE = re.compile(rf"({POSTFIX_ID}|NOQUEUE): ")
_CLIENT = re.compile(r"([^\s\[]*)\[([^\]\s\[]*)\](?::(\d{1,5}|unknown))?")
#: The name of a HELO holds no blank (`NEUTER_CHARACTERS` in smtpd.c; postscreen takes one word). Other programs may not see to that:
#: pairs of brackets stand within it, so that an imitation in it is whole.
_PROTO = re.compile(r",? proto=([^\s,;:<>\"]+),?(?: helo=<((?:[^<>]+|<[^<>]*+>)*+|\S*)>(?=$|: |,? sasl_| \d)| helo=$|(?= |:|$))")
#: What smtpd knows of a login, behind the HELO, in its own order. What the client claims of itself (`MAIL FROM ... AUTH=`) is last, and
#: goes to the end of the line.
_LOGIN = re.compile(
    rf"(?:,? sasl_method=[^\s,]+)?(?:,? sasl_username=(?:<([^\s>]+)>|([^\s,]+)))?(?:,? sasl_sender=(?:{_CLAIM})?)?{COUNTED}$"
)
#: cleanup: the first header or body line that it names has no more bytes than this (`%.200s` in cleanup_message.c).
_LONGEST_CONTENT = 200
_FROM_CLIENT = re.compile(r"(?:[^\s\[\]]*\[[^\]\s\[]*\](?::(?:\d{1,5}|unknown))?|[a-z]+)$")
#: The rest of an address that was logged without its quotes: to the domain behind its only `@`.
_LATER_END = re.compile(r"[^@]*@[^\s<>@,;\"]+>")
_PAIR = re.compile(r"\\.", re.DOTALL)
_RELAY = re.compile(r"([^\[]*)\[([^\]]*)\](?::(\d{1,5}))?$")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]+(?:%\w+)?$")
#: Severities before the text; such a line is about the daemon, except for the few that `warning_of` is asked about.
SEVERITIES = ("warning: ", "error: ", "fatal: ", "panic: ", "info: ", "debug: ", "statistics: ")
#: How many places are tried where the dialogue's tail may begin: a line has at most two honest ones.
_CANDIDATES = 32
#: A line of the dialogue is no longer (`line_length_limit`), so no address is.
_LONGEST_PATH = 2048
_BEGINS = re.compile(r";(?= (?:from=<|to=<|proto=))")


def split_id(text: str) -> tuple[str | None, str] | None:
    """The queue id (None for NOQUEUE) and what follows it; None where the line bears neither."""
    match = _ID_LINE.match(text)
    if match is None:
        return None
    queue_id = match[1]
    return (None if queue_id == "NOQUEUE" else queue_id), text[match.end() :]


@dataclass(frozen=True, slots=True)
class SmtpClient:
    """A client as Postfix names it: `name[address]:port`; an unknown name is None."""

    name: str | None
    ip: str | None
    port: int | None
    end: int


def client_at(text: str, start: int = 0) -> SmtpClient | None:
    """The client that begins at `start`."""
    match = _CLIENT.match(text, start)
    if match is None:
        return None
    name = match[1] if match[1] and match[1] != "unknown" else None
    ip = match[2] if match[2] != "unknown" else None
    port = int(match[3]) if match[3] and match[3] != "unknown" else None
    return SmtpClient(name, ip, port, match.end())


@dataclass(frozen=True, slots=True)
class Tail:
    """`; from=<...> to=<...> proto=... helo=<...>`: the end of a line about the dialogue."""

    start: int
    #: Where the last address ends.
    named: int
    sender: str | None
    recipient: str | None
    proto: str | None
    helo: str | None
    user: str | None
    #: What a header or body rule says after the tail.
    text: str | None

    @property
    def recipients(self) -> list[str]:
        """The recipient, where it names one."""
        return [] if self.recipient is None else [self.recipient]


def tail_of(text: str, at: int) -> Tail | None:
    """The tail of the dialogue, with which the line ends; `at` is where the text before it begins.

    That text repeats what strangers wrote, and so do the addresses in the tail. An imitation in the text is followed by Postfix' own
    words, so it does not reach the end of the line: the first one that does is Postfix'. Where another begins before it, or in one of its
    addresses, the text has to name that address as well: it may be an imitation, in an address that was logged without quotes (before 3.5).
    """
    starts = [found.start() for found in islice(_BEGINS.finditer(text, at), _CANDIDATES)]
    for start in starts:
        tail = _tail_at(text, start)
        if tail is None or tail.text is not None:
            continue
        if len(starts) == 1:
            return tail
        agrees = _agrees(text, at, tail)
        if agrees is not False:
            alone = start == starts[0] and not any(start < other < tail.named for other in starts)
            return tail if agrees or alone else None
    return None


def tails_behind(text: str, at: int) -> list[tuple[int, Tail]]:
    """The tails behind a header or a body line that begins at `at`, each with the place of the ` from CLIENT` before it.

    The header is a stranger's, and a rule's own text follows the tail: where more than one place fits, nothing tells which is Postfix'.
    """
    found: list[tuple[int, Tail]] = []
    for begins in islice(_BEGINS.finditer(text, at), _CANDIDATES):
        start = begins.start()
        came = text.rfind(" from ", at - 1, start)
        if came < 0 or _FROM_CLIENT.match(text, came + 6, start) is None:
            continue
        if len(text[at:came].encode("utf-8", "surrogateescape")) > _LONGEST_CONTENT:
            continue
        tail = _tail_at(text, start)
        if tail is not None:
            found.append((came, tail))
    return found


_NAMES = re.compile(r"(?:\d{3} )?(?:\d\.\d{1,3}\.\d{1,3} )?(?=<)")
_REPEATED = re.compile(r": (Sender|Recipient) address (?:rejected|triggers)|: (Relay) access denied")


def _agrees(text: str, at: int, tail: Tail) -> bool | None:
    """Whether the address that the text names first is one of the tail; None where it names none."""
    names = _NAMES.match(text, at, tail.start)
    if names is None:
        return None
    raw, end = parse_path(text, names.end())
    if end > tail.start or not text.startswith(": ", end):
        return False
    named, repeated = normalise(raw), _REPEATED.match(text, end, tail.start)
    if repeated is not None:
        return named == (tail.sender if repeated[1] == "Sender" else tail.recipient)
    return True if named in {tail.sender, tail.recipient} else None


def _tail_at(text: str, start: int) -> Tail | None:
    """The tail that begins at `start`, where the rest of the line fits its grammar."""
    sender = recipient = None
    at = start + 1
    if text.startswith(" from=<", at):
        raw, at = parse_path(text, at + 6)
        if text[at - 1] != ">" or len(raw) > _LONGEST_PATH or _open_quote(raw):
            return None
        sender = normalise(raw)
    if text.startswith(",", at):
        at += 1
    if text.startswith(" to=<", at):
        raw, at = parse_path(text, at + 4)
        # One that is cut off is no address of anybody.
        if text[at - 1] != ">" or len(raw) > _LONGEST_PATH or _open_quote(raw):
            return None
        recipient = normalise(raw)
    named = at
    match = _PROTO.match(text, at)
    if match is not None:
        at = match.end()
    elif at < len(text) and not text.startswith(": ", at):
        return None
    proto, helo = (match[1], match[2]) if match is not None else (None, None)
    if text.startswith(": ", at):
        return Tail(start, named, sender, recipient, proto, helo, None, text[at + 2 :])
    login = _LOGIN.match(text, at)
    if login is None:
        return None
    return Tail(start, named, sender, recipient, proto, helo, login[1] or login[2], None)


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


def path_at(text: str, start: int, behind: str | None = None) -> tuple[str, int]:
    """A normalised address at `start`, with or without brackets, and where it ends.

    `behind` is what Postfix writes next. Releases before 3.5 log a quoted local part without its quotes, so that it may imitate the
    rest of the line, but for an `@`, which Postfix refuses there: of an address without one the true end may come later. What begins with
    no bracket and holds one is no address, nor is what holds a blank behind its `@` and begins with no quote: it ends where it begins.
    """
    raw, end = parse_path(text, start)
    if (text[start : start + 1] != "<" and ("<" in raw or ">" in raw)) or (raw[:1] != '"' and " " in raw.partition("@")[2]):
        return "", start
    if behind is not None and "@" not in raw and text[end - 1 : end] == ">":
        later = _LATER_END.match(text, end)
        if later is not None and text.startswith((behind, ", orig_to=<"), later.end()):
            return normalise(text[start + 1 : later.end() - 1]), later.end()
    return normalise(raw), end


def _open_quote(raw: str) -> bool:
    """Whether a quoted string begins in a path and does not end in it: then the path is a piece of another one."""
    return _PAIR.sub("", raw).count('"') % 2 == 1

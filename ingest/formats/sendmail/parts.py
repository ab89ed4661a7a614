"""Parts that Sendmail's lines share: how it writes text, addresses and hosts."""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.formats.escapes import bytes_in
from mappings.address import normalise, parse_path

#: A backslash is written twice, what is not ASCII as octal escapes (`str2prt` in libsm's util.c).
_PRINTED = re.compile(r"\\\\|(?:\\[0-3][0-7]{2})+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_PAIR = re.compile(r"\\.", re.DOTALL)
_WORD = re.compile(r"[^,\s\"<>]+")
#: `$_`: `name [address]`, `[address]`, or a user of this host; an ident server's word for the user may stand before it.
_HOST = re.compile(
    r"(?:IDENT:)?(?:([^\s,@\[\]]{1,128})@)?([^\s,@\[\]]{1,255})?(?: ?\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\])?(?: \(may be forged\))?"
)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]")


def printed(text: str) -> str:
    """A line as it was before Sendmail made it printable; line ends stay as they are written."""
    return _PRINTED.sub(lambda found: "\\" if found[0] == "\\\\" else bytes_in(found), text) if "\\" in text else text


#: Before a user's name: into his own box, whatever else his address becomes.
BOX = "\\"


class Address(NamedTuple):
    """An address in its one form, or what is none: a program, a file, a user's own box (`agent`)."""

    name: str
    agent: bool


def address_at(text: str, at: int) -> tuple[Address | None, int]:
    """The address that begins at `at`, and where it ends; None where it does not end."""
    if text.startswith("<", at):
        raw, end = parse_path(text, at)
        # One in which a quoted string does not end is a piece of a longer one.
        whole = text[end - 1] == ">" and _PAIR.sub("", raw).count('"') % 2 == 0
        return (Address(normalise(raw), agent=False), end) if whole else (None, end)
    quoted = _QUOTED.match(text, at)
    start = at if quoted is None else quoted.end()
    word = _WORD.match(text, start)
    end = start if word is None else word.end()
    raw = text[at:end]
    if quoted is not None and not text.startswith("@", start):
        return Address(quoted[0], agent=True), end
    if not raw:
        return None, at
    agent = raw.startswith(("|", "/", ":", BOX))
    return Address(raw if agent else normalise(raw), agent), end


def addresses_at(text: str, at: int) -> tuple[list[Address], int] | None:
    """The list that begins at `at`, with commas and no blanks between, and where it ends; None where one does not end."""
    found: list[Address] = []
    while True:
        address, at = address_at(text, at)
        if address is None:
            return None
        found.append(address)
        if not text.startswith(",", at) or text.startswith(", ", at):
            return found, at
        at += 1


class NextServer(NamedTuple):
    """A server."""

    name: str | None
    ip: str | None

    @property
    def named(self) -> str:
        """In the form that all formats share."""
        return f"{self.name or self.ip}[{self.ip}]" if self.ip else self.name or ""


class Submitter(NamedTuple):
    """Who handed a message in: a host, or a user of this one (`login`)."""

    name: str | None
    ip: str | None
    login: str | None


def client_of(text: str) -> Submitter | None:
    """Who handed a message in, as `relay=` writes it; None where it cannot be told."""
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    local = match[3] is None and match[2] == "localhost"
    return Submitter(match[2], match[3], match[1] if local else None)


def server_of(name: str | None, ip: str | None) -> NextServer:
    """The next server, as `relay=` writes it: a name as the DNS has it, or an address in brackets."""
    if name is None:
        return NextServer(None, ip)
    literal = _LITERAL.fullmatch(name)
    return NextServer(None if literal is not None else name.removesuffix(".") or None, ip)

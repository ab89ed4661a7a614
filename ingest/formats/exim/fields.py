"""Fields of Exim's lines: ` H=name (helo) [ip]:port`, ` T="quoted"`, ` F=<path>`, ` S=123`, read from the left.

Values that hold blanks or quotes are quoted with backslashes, other bytes than printable ones stand as octal escapes (`string.c`,
`string_printing`). Text from strangers stands within quotes or at the end, so reading from the left never meets it by surprise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mappings.address import normalise, parse_path

_HOST = re.compile(r"H=(?:([^\s()\[\]]++) )?(?:\(([^\n]{0,300}?)\) )?\[([^\[\]\s]{2,64})\](?::([^\s:\[\]]{1,12}))?\*?(?=[ :]|$)", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+", re.ASCII)
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9]{0,15}\*?)=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_PLAIN = re.compile(r"[^\s]*+")
#: Words that stand between fields and have no value: `PRDR`, `K` (CHUNKING), `L` or `L.-` (pipelining), `TFO*`, `DS` (DNSSEC).
_FLAG = re.compile(r"(?:PRDR|K|L[.*-]{0,2}|TFO\*?|DS|PIPE|no|routing)(?= |:|$)")
_OCTAL = re.compile(r"(?:\\[0-3][0-7]{2})+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


@dataclass(slots=True)
class Host:
    """A client or a next server: `name (helo) [ip]:port`."""

    name: str | None
    helo: str | None
    ip: str | None
    port: int | None


@dataclass(slots=True)
class Fields:
    """What was read: the values by name, the host, and where reading ended."""

    values: dict[str, str] = field(default_factory=dict)
    host: Host | None = None
    #: Where the first word stands that is no field, or the `: ` behind the fields; the length of the text where there is none.
    end: int = 0

    def path(self, name: str) -> str | None:
        """The normalised address in a value."""
        value = self.values.get(name)
        return None if value is None else normalise(value)

    def number(self, name: str) -> int | None:
        """A value that is a whole number."""
        value = self.values.get(name, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None


def read_fields(text: str, at: int) -> Fields:
    """The fields from `at` on, each behind a blank, up to the first word that is none."""
    found = Fields()
    while at < len(text):
        start = at + 1 if text[at] == " " else at
        host = _HOST.match(text, start)
        if host is not None:
            if found.host is None:
                port = int(host[4]) if host[4] and host[4].isdecimal() and len(host[4]) < 6 else None
                found.host = Host(host[1], host[2], host[3] if _ADDRESS.fullmatch(host[3]) else None, port)
            at = host.end()
            continue
        name = _NAME.match(text, start)
        if name is None:
            flag = _FLAG.match(text, start)
            if flag is None:
                break
            at = flag.end()
            continue
        value, at, done = _value(text, name.end())
        found.values.setdefault(name[1], value)
        if done:
            break
    found.end = at
    return found


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """The value at `at`, where it ends, and whether the fields end with it (a colon follows)."""
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        return plain(unquoted(quoted[1])), quoted.end(), text.startswith(":", quoted.end())
    if text.startswith("<", at):
        raw, end = parse_path(text, at)
        return plain(raw), end, text.startswith(":", end)
    word = _PLAIN.match(text, at)
    value = word[0] if word else ""
    if value.endswith(":"):
        return plain(value[:-1]), at + len(value) - 1, True
    return plain(value), at + len(value), False


def unquoted(text: str) -> str:
    """The text between quotes without its backslashes; octal escapes are left for `plain`."""
    return _ESCAPED.sub(lambda found: found[0] if found[1] in "0123" else _CONTROLS.get(found[1], found[1]), text)


def plain(text: str) -> str:
    r"""The text with bytes that stand as octal escapes (`\303\274`) read as UTF-8, and as they are where they are none."""
    return _OCTAL.sub(_bytes, text) if "\\" in text else text


def _bytes(found: re.Match[str]) -> str:
    """A run of octal escapes as text."""
    raw = bytes(int(digits, 8) for digits in found[0].split("\\")[1:])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
    return text if text.isprintable() else found[0]


def quoted_local(path: str) -> str:
    """The local part of an address that stands in quotes, without them; empty where it stands in none."""
    quoted = _QUOTED.match(path)
    return unquoted(quoted[1]) if quoted is not None and path.startswith("@", quoted.end()) else ""


def address_list(text: str, at: int) -> list[str]:
    """The addresses from `at` to the end, each once, with blanks between them."""
    found: list[str] = []
    while at < len(text):
        address, end = address_at(text, at)
        if address:
            found.append(address)
        at = max(end, at) + 1
    return list(dict.fromkeys(found))


def address_at(text: str, at: int) -> tuple[str, int]:
    """An address as Exim writes it, without brackets unless it is the null sender, and where it ends; a quoted local part may hold blanks.

    A colon at its end belongs to the line, not to it.
    """
    if text.startswith("<", at):
        raw, end = parse_path(text, at)
        return normalise(plain(raw)), end
    start = at
    if text.startswith('"', at):
        quoted = _QUOTED.match(text, at)
        at = quoted.end() if quoted else at + 1
    while at < len(text) and text[at] not in " \t" and not (text[at] == ":" and text[at + 1 : at + 2] in {"", " "}):
        at += 1
    return normalise(plain(text[start:at])), at

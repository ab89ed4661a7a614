"""Fields of Exim's lines: ` H=name (helo) [ip]:port`, ` T="quoted"`, ` F=<path>`, ` S=123`, read from the left.

Values that hold blanks or quotes are quoted with backslashes, other bytes than printable ones stand as octal escapes (`string.c`,
`string_printing`). Of strangers' words some are escaped so and some are not: a greeting (where `helo_accept_junk_hosts` lets it be more
than a name), what the client's host says of its user (`U=`), the names in a certificate and in its request (`DN=`, `SNI=`). So fields in
another order than Exim's, or twice, or with a quote that nothing opens, are not Exim's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ingest.formats.escapes import plain
from mappings.address import normalise, parse_path

_HOST = re.compile(r"H=(?:([^\s()\[\]]++) )?(?:\(([^\n]{0,300}?)\) )?\[([^\[\]\s]{2,64})\](?::([^\s:\[\]]{1,12}))?\*?(?=[ :]|$)", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+", re.ASCII)
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9]{0,15}\*?)=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_PLAIN = re.compile(r"[^\s]*+")
#: Words that stand between fields and have no value: `PRDR`, `K` (CHUNKING), `L` or `L.-` (pipelining), `TFO*`, `DS` (DNSSEC).
_FLAG = re.compile(r"(?:(?!RCPT |MAIL )[A-Z]{1,8}[.*-]{0,2}|no|routing)(?= |:|$)")
#: Where the line goes on with fields alone (an arrival, a delivery that was done), any word that begins with a capital letter is one: each
#: release has more of them, and what is behind them counts.
_ANY_FLAG = re.compile(r"[A-Z][A-Za-z0-9_-]{0,31}[.*]?-?(?= |$)")
#: The end of a greeting.
_GREETED = re.compile(r"\) \[[^\[\]\s]{2,64}\](?::[^\s:\[\]]{1,12})?\*?(?=[ :]|$)")
#: How an arrival goes on behind the client, in every release.
_ORDER = {name: number for number, name in enumerate(("U", "P", "X", "CV", "DN", "SNI", "A", "S", "id", "id*", "T"))}
_QUOTES = frozenset({"DN", "SNI", "id", "id*", "T"})
_SPAN = re.compile(r"(?:(\d{1,5})w)?(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?", re.ASCII)
_UNITS = (604_800, 86_400, 3_600, 60, 1)
#: An honest line has no more.
_MOST_FIELDS = 64
_RECIPIENT = re.compile(r' ((?:"(?:[^"\\]|\\.)*+"|[^\s"])++)(?= |$)')
_QUOTED_ADDRESS = re.compile(r'"(?:[^"\\]|\\.)*+"@[^\s"]+$')
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
    #: The names in the order of the line.
    names: list[str] = field(default_factory=list)
    #: A value does not end where its quote does, or holds one that nothing opens.
    stray: bool = False
    #: Where the client's greeting may end, too; -1 where it cannot.
    greeted: int = -1
    #: Where the first word stands that is no field, or the `: ` behind the fields; the length of the text where there is none.
    end: int = 0

    def imitated(self, text: str) -> bool:
        """Whether strangers' words stand among the fields of an arrival; in its subject the end of a greeting is none."""
        places = [_ORDER[name] for name in self.names if name in _ORDER]
        subject = text.rfind(' T="')
        quoted = _QUOTED.match(text, subject + 3) if subject >= 0 else None
        greeted = self.greeted >= 0 and not (quoted is not None and quoted.start() < self.greeted < quoted.end())
        return self.stray or greeted or len(set(self.names)) < len(self.names) or places != sorted(places)

    @property
    def user(self) -> str | None:
        """Who logged in: `A=authenticator:user`. What a client claims of itself stands behind a second colon (`+smtp_mailauth`)."""
        parts = self.values.get("A", "").split(":")
        return (parts[1] if len(parts) > 1 else parts[0]) or None

    @property
    def login_method(self) -> str | None:
        """The name that the configuration gives to the authenticator, where somebody logged in."""
        return self.values.get("A", "").partition(":")[0] or None

    def path(self, name: str) -> str | None:
        """The normalised address in a value."""
        value = self.values.get(name)
        return None if value is None else normalise(value)

    def seconds(self, name: str) -> float | None:
        """A value that is a span of time: `0.123s`, `1h2m3s` (`readconf_printtime`, `string_timediff`)."""
        return seconds_of(self.values.get(name, ""))

    def number(self, name: str) -> int | None:
        """A value that is a whole number."""
        value = self.values.get(name, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else None


def seconds_of(text: str) -> float | None:
    """A span of time as Exim writes it, in seconds; None where it is none."""
    parts = _SPAN.fullmatch(text) if text else None
    return None if parts is None else sum(float(part) * unit for part, unit in zip(parts.groups(), _UNITS, strict=True) if part)


def read_fields(text: str, at: int, *, all_fields: bool = False) -> Fields:
    """The fields from `at` on, each behind a blank, up to the first word that is none; `all_fields` where nobody's words follow them."""
    found = Fields()
    while at < len(text) and len(found.names) < _MOST_FIELDS:
        start = at + 1 if text[at] == " " else at
        host = _HOST.match(text, start)
        if host is not None:
            if found.host is None:
                port = int(host[4]) if host[4] and host[4].isdecimal() and len(host[4]) < 6 else None
                found.host = Host(host[1], host[2], host[3] if _ADDRESS.fullmatch(host[3]) else None, port)
                again = _GREETED.search(text, host.end()) if host[2] is not None else None
                found.greeted = again.start() if again is not None else -1
            at = host.end()
            continue
        name = _NAME.match(text, start)
        if name is None:
            flag = _FLAG.match(text, start) or (_ANY_FLAG.match(text, start) if all_fields else None)
            if flag is None:
                break
            at = flag.end()
            continue
        value, at, done = _value(text, name.end())
        found.names.append(name[1])
        found.stray |= _is_stray(name[1], value, text[name.end() : name.end() + 1], text[at : at + 1])
        found.values.setdefault(name[1], value)
        if done:
            break
    found.end = at
    return found


def _is_stray(name: str, value: str, first: str, behind: str) -> bool:
    """Whether a value is none that Exim would write: quotes stand around some only, and a blank, a colon or nothing behind them."""
    if first == '"':
        return name not in _QUOTES or behind not in {"", " ", ":"}
    return first != "<" and '"' in value


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """The value at `at`, where it ends, and whether the fields end with it (a colon follows)."""
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        behind = _PLAIN.match(text, quoted.end())
        if behind is not None and behind[0].startswith("@"):
            # A Message-ID whose left side is quoted.
            return plain(quoted[0] + behind[0]), behind.end(), False
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


def quoted_locals(path: str) -> list[str]:
    """The local part of an address that stands in quotes, without them; digits behind a backslash may be a byte or not."""
    quoted = _QUOTED.match(path)
    if quoted is None or not path.startswith("@", quoted.end()):
        return []
    return list(dict.fromkeys((unquoted(quoted[1]), _ESCAPED.sub(r"\1", quoted[1]))))


def address_list(text: str, at: int) -> list[str]:
    """The addresses from `at` to the end, each once, with blanks between them."""
    found: list[str] = []
    while at < len(text):
        address, end = address_at(text, at)
        if address:
            found.append(address)
        at = max(end, at) + 1
    return list(dict.fromkeys(found))


def recipients_at(text: str, at: int) -> list[str] | None:
    """The addresses from `at` to the end, each once, each behind a blank; None where one is no address."""
    found: list[str] = []
    while at < len(text):
        one = _RECIPIENT.match(text, at)
        if one is None or ('"' in one[1] and not _QUOTED_ADDRESS.match(one[1])):
            return None
        found.append(one[1])
        at = one.end()
    return list(dict.fromkeys(normalise(plain(address)) for address in dict.fromkeys(found)))


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

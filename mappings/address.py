"""One normaliser for addresses, domains and Message-IDs: the same when a trace is written and when it is asked for.

Normalised means: no angle brackets, no source route, the local part as written (quoted only where it must be), the domain in
lower case and in its Unicode form. The null sender is the empty string. Nothing here raises, whatever the text: it comes from
strangers, so every function takes time in proportion to the length of its text.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from unicodedata import normalize as unicode_form

import idna

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]+"
_LOCAL_NEEDS_NO_QUOTES = re.compile(rf"{_ATOM}(?:\.{_ATOM})*").fullmatch
#: What nearly every logged address looks like: nothing to change but the brackets.
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)").fullmatch
_ROUTE = re.compile(r"@(?:\[[^\]\"]*\]|[^\s\"@,:\[\]<>]+)(?:,@(?:\[[^\]\"]*\]|[^\s\"@,:\[\]<>]+))*:").match
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL).match
_QUOTED_OR_AT = re.compile(r'"(?:[^"\\]|\\.)*+"|["@]', re.DOTALL).finditer
#: At which servers take mail from others (RFC 5321; RFC 6409; RFC 8314).
SERVER_PORTS = frozenset({25, 465, 587})
_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|f[cd][0-9a-f]{2}:")
_PAIR = re.compile(r"\\(.)", re.DOTALL).sub
_SPECIAL = re.compile(r'(["\\])').sub
_BARE = re.compile(r"[^, \t\r\n\f\v]*").match
_DOTS = str.maketrans("。．｡", "...")
_BLANKS = " \t\r\n\f\v"
#: A name in the DNS has no more characters than this; longer ones are only put in lower case.
_LONGEST_DOMAIN = 255
_LONGEST_LABEL = 63
#: A command of SMTP is no longer (RFC 5321, section 4.5.3.1.4, has 512), so a longer text is no address and stays as it is.
_LONGEST_ADDRESS = 4096
#: Unicode composition takes more than linear time on hostile text, so longer text is compared as it is.
_LONGEST_COMPOSED = 1000


def normalise(text: str) -> str:
    """The address in its one form: `<@relay:Ann@EXAMPLE.net.>` becomes `Ann@example.net`, `<>` becomes the empty string."""
    inner = text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text
    plain = _PLAIN(inner)
    if plain is not None and "xn--" not in plain[1]:
        return inner
    if len(inner) > _LONGEST_ADDRESS:
        return inner
    inner = _without_brackets(text)
    start = 0
    while (route := _ROUTE(inner, start)) is not None and route.end() < len(inner):
        start = route.end()
    local, domain = _split(inner[start:])
    if domain is None:
        return _quote(local)
    return f"{_quote(local)}@{normalise_domain(domain)}"


def normalise_domain(text: str) -> str:
    """The domain in lower case and Unicode form, without a trailing dot and a leading `@`; address literals stay literals."""
    if len(text) > _LONGEST_DOMAIN:
        return _trim_domain(text).lower()
    return _short_domain(text)


def fold(address: str) -> str:
    """The form in which normalised addresses are compared: without case, and composed."""
    return address.lower() if address.isascii() else _fold(address)


def _fold(address: str) -> str:
    """`fold` of an address with other characters than those of ASCII."""
    local, domain = _split_normalised(address)
    folded = _compose(_compose(local).casefold())
    return folded if domain is None else f"{folded}@{_compose(domain)}"


def domain_of(address: str) -> str | None:
    """The normalised domain of an address; None for the null sender and for an address without one."""
    domain = _split_normalised(normalise(address))[1]
    return domain or None


def local_of(address: str) -> str:
    """The local part of an address, as `normalise` writes it."""
    return _split_normalised(normalise(address))[0]


def mailbox_of(address: str) -> tuple[str, str | None]:
    """The mailbox that an address, or a user's name, stands for, as it is compared: without detail (`bob+news`); and its domain."""
    local, domain = _split_normalised(fold(address))
    return local.partition("+")[0] or local, domain or None


def parse_path(text: str, start: int) -> tuple[str, int]:
    """The raw text of the path `<...>` that begins at `start`, and the position behind it.

    Quoted strings may hold `>`. A path without brackets ends at a comma or blank, one that is never closed at the end of the text.
    """
    if text[start : start + 1] != "<":
        bare = _BARE(text, start)
        end = bare.end() if bare is not None else start
        return text[start:end], end
    # Most begin with neither a quoted word nor a route, and end at the first bracket.
    end = text.find(">", _behind_quoted_words(text, start + 1) if text.startswith(('"', "@"), start + 1) else start + 1)
    if end < 0:
        end = text.find(">", start + 1)
    if end < 0:
        return text[start + 1 :], len(text)
    return text[start + 1 : end], end + 1


def parse_list(text: str) -> list[str]:
    """The raw addresses of a list such as `<a@b>,<c d@e>`; a last one that is cut off is left out, for it is not an address of anybody."""
    found: list[str] = []
    position = 0
    while position < len(text):
        if text[position] == "," or text[position] in _BLANKS:
            position += 1
            continue
        bracketed = text[position] == "<"
        inner, position = parse_path(text, position)
        if not bracketed or text[position - 1] == ">":
            found.append(inner)
        comma = text.find(",", position)
        position = len(text) if comma < 0 else comma + 1
    return found


def message_id(text: str) -> str:
    """The Message-ID without its angle brackets and blanks, also those that syslog wrote as `#012`."""
    start, end = 0, len(text)
    while start < end:
        if text[start] == "<" or text[start] in _BLANKS:
            start += 1
        elif text[end - 1] == ">" or text[end - 1] in _BLANKS:
            end -= 1
        elif end - start >= 4 and text[end - 4 : end] in ("#011", "#012", "#015"):
            end -= 4
        else:
            break
    return text[start:end]


def _without_brackets(text: str) -> str:
    """The text without surrounding blanks and brackets."""
    start, end = 0, len(text)
    while start < end:
        if text[start] in _BLANKS:
            start += 1
        elif text[end - 1] in _BLANKS:
            end -= 1
        elif end - start > 1 and text[start] == "<" and text[end - 1] == ">":
            start, end = start + 1, end - 1
        else:
            break
    return text[start:end]


def _split(text: str) -> tuple[str, str | None]:
    """Local part without its quoting, and domain as written (None without one).

    Programs log addresses in both forms, quoted as in the SMTP dialogue and bare as in their own memory; the quotes of the
    first are taken away, so that both become the same address.
    """
    if '"' not in text:
        local, at, domain = text.rpartition("@")
        return (local, domain) if at else (text, None)
    at_position = -1
    for token in _QUOTED_OR_AT(text):
        if token[0] == "@":
            at_position = token.start()
        elif token[0] == '"':
            # This quote is never closed. Without an earlier `@` it is a character of a bare local part.
            if at_position < 0:
                local, at, domain = text.rpartition("@")
                return (local, domain) if at else (text, None)
            break
    if at_position < 0:
        return _unquote(text), None
    return _unquote(text[:at_position]), text[at_position + 1 :]


def _split_normalised(address: str) -> tuple[str, str | None]:
    """Local part (still quoted) and domain of an address that `normalise` made."""
    if '"' not in address:
        local, at, domain = address.rpartition("@")
        return (local, domain) if at else (address, None)
    quoted = _QUOTED(address)
    start = quoted.end() if quoted else 0
    at_position = address.find("@", start)
    return (address, None) if at_position < 0 else (address[:at_position], address[at_position + 1 :])


def _unquote(local: str) -> str:
    """The local part that these words and quoted strings stand for."""
    if '"' not in local:
        return local
    parts: list[str] = []
    position = 0
    while position < len(local):
        quote = local.find('"', position)
        if quote < 0:
            parts.append(local[position:])
            break
        parts.append(local[position:quote])
        quoted = _QUOTED(local, quote)
        if quoted is None:
            parts.append(local[quote:])
            break
        parts.append(_PAIR(r"\1", quoted[0][1:-1]))
        position = quoted.end()
    return "".join(parts)


def _quote(local: str) -> str:
    """The local part, in quotes only where it could not stand without."""
    if not local or _LOCAL_NEEDS_NO_QUOTES(local):
        return local
    return '"' + _SPECIAL(r"\\\1", local) + '"'


def _trim_domain(text: str) -> str:
    """The domain without blanks, leading `@` and trailing dots."""
    start, end = 0, len(text)
    while start < end and (text[start] == "@" or text[start] in _BLANKS):
        start += 1
    while start < end and (text[end - 1] == "." or text[end - 1] in _BLANKS):
        end -= 1
    return text[start:end]


@lru_cache(maxsize=65536)
def _short_domain(text: str) -> str:
    """`normalise_domain` for a name that the DNS could hold."""
    domain = _trim_domain(text.translate(_DOTS))
    if domain[:1] == "[" and domain[-1:] == "]":
        return _literal(domain)
    lower = domain.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    return ".".join(_label(label) for label in domain.split("."))


def _label(text: str) -> str:
    """One label in lower case, an A-label as its U-label; one that stands for nothing valid stays as written."""
    lower = _compose(text.lower())
    if not lower.startswith("xn--") or len(lower) > _LONGEST_LABEL or not lower.isascii():
        return lower
    try:
        label = idna.ulabel(lower)
        # Only the form that encodes back is the same name.
        return label if idna.alabel(label) == lower.encode() else lower
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return lower


def _literal(text: str) -> str:
    """An address literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`, the latter in its shortest form."""
    if text[1:6].lower() != "ipv6:":
        return text.lower()
    address = text[6:-1].lower()
    try:
        return f"[IPv6:{ipaddress.IPv6Address(address)}]"
    except ValueError:
        return f"[IPv6:{address}]"


def is_loopback(address: str) -> bool:
    """Whether an IP address is a host's own (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3)."""
    return address.startswith("127.") or address == "::1"


def is_private(address: str) -> bool:
    """Whether an IP address is one of a network that is not the Internet (RFC 1918; RFC 4193), as those of containers are."""
    return _PRIVATE.match(address) is not None


def is_neighbour(address: str, port: int | None) -> bool:
    """Whether what listens there is no mail server of others: at a private address, and at a port of its own."""
    return port is not None and port not in SERVER_PORTS and is_private(address)


def _compose(text: str) -> str:
    """The text in Unicode's composed form, where it is short enough to be an address."""
    return unicode_form("NFC", text) if len(text) <= _LONGEST_COMPOSED else text


def _behind_quoted_words(text: str, position: int) -> int:
    """The position behind the quoted strings with which a path begins; `position` itself where there are none.

    A quote elsewhere is a plain character: programs that log the bare form write it so, and it must not swallow the line.
    """
    route = _ROUTE(text, position)
    at = route.end() if route else position
    while (quoted := _QUOTED(text, at)) is not None:
        behind = text[quoted.end() : quoted.end() + 1]
        if behind not in ("@", ".", ">") or not behind:
            return position
        at = quoted.end()
        if behind != ".":
            return at
        at += 1
    return at if at != position and text[at - 1] == "." else position

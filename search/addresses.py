"""What might be an address in a text of strangers, in every form that programs log; rather one too many than one too few.

`mappings.address` says which address a text is; here is only found where one might stand. One pass, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property


class _Later:
    """A pattern that is compiled when it is first used: these four take longer than an answer to somebody who may see everything."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern."""
        return re.compile(self._pattern)


#: A character of a label: what is not ASCII may be a letter in some encoding.
_L = r"[0-9A-Za-z_\-\x80-\U0010ffff]"
_STOPS = "＠﹫。．｡“”„‘’‚«»‹›…\u00a0\u2028\u2029"
_LABEL = rf"(?:(?![{_STOPS}]){_L})"
#: The dot between labels, also encoded (RFC 2045, RFC 3986).
_DOT = r"(?:[.。．｡]|[=%]2[Ee]|\\x2[Ee]|\\056)"
#: A name of two labels at least. Possessive: however long, it is gone through once.
_NAME = rf"{_LABEL}++(?:{_DOT}{_LABEL}++)++"
#: The same, whose last label does not begin with a digit.
_HOST = rf"{_LABEL}++(?:{_DOT}{_LABEL}++)*?{_DOT}[A-Za-z]"
#: What stands behind an at-sign: an address literal (RFC 5321, 4.1.3) or a name.
_DOMAIN = _Later(rf"\[(?:IPv6:)?[0-9A-Fa-f:.]{{1,45}}\]?|{_LABEL}++(?:{_DOT}{_LABEL}++)*+")
#: The at-sign: itself, in other scripts, escaped, as an entity, in words; before a name also between blanks, as a number (xtext,
#: quoted-printable, URL), and as Postfix writes it where it may not stand (`helo=<ann?example.net>`).
_AT = _Later(
    rf" {{0,3}}[@＠﹫] {{1,3}}(?={_HOST})| {{1,3}}[@＠﹫](?={_HOST})|[@＠﹫]|\\[xX]40|\\[uU]0040|\\100|&(?:#0*64|#[xX]0*40|commat);"
    rf"| ?[(\[{{] ?[aA][tT] ?[)\]}}] ?|(?:[%=+](?:25)*40|(?<=[\w\"])\?)(?={_HOST})"
)
#: `user%domain` (RFC 1123, 5.2.16), and `user=domain` as in SRS, VERP and BATV.
_INNER = _Later(rf"[%=](?P<name>{_NAME})")
#: `domain!user` (RFC 976).
_BANG = _Later(rf"(?<!{_LABEL})(?<!{_LABEL}[.])(?P<name>{_NAME})!(?=[^\s])")
#: `{"@timestamp":...`, and no address: before it a quote that opens.
_KEY_OF_JSON = re.compile(r'[{,\s]"@[a-z_]{1,32}":')
#: Without one of these there is no address.
_SIGNS = re.compile(r"[@＠﹫%=!&?]|\\[xXuU1]|[(\[{] ?[aA][tT] ?[)\]}]|\+(?:25)*40")
#: What no plain local part holds; a quoted one is found by its quotes.
_BREAKS = frozenset(' \t\r\n<>(),;:[]"“”„')
#: Words before `=` that programs write themselves: what follows is a server or an id, no domain of an address.
_KEYS = frozenset(
    re.findall(
        r"\S+",
        "arc auth auth_user ccert_subject client cn cv d dane_dn dc dkim dkim_a dkim_sd dmarc dn f from h header.d header.from header.i"
        " header.s helo host i id in_reply_to lost_connection mid mta name o orig_client orig_to ou policy proto q r recipient relay"
        " reply-to rhost s sasl_sender sasl_username sender sender_user smtp.auth smtp.helo smtp.mailfrom sni spf st t tls to transport"
        " u user uid x",
    ),
)
#: An encoded word (RFC 2047); a line may end in the middle of one.
_WORD = re.compile(r"=\?[^?\s]{1,40}\?[BbQq]\?(?:(?!=\?)[^?\s])*(?:\?=)?")
#: Bytes as Exim and syslog daemons write those that are not ASCII.
_OCTAL = re.compile(r"(?:[\\#][2-3][0-7]{2})+")


@dataclass(frozen=True, slots=True)
class Found:
    """Where something that might be an address stands; `local` and `domain` as written there, `domain` empty where there is none."""

    start: int
    end: int
    #: Where its at-sign, or what stands for it, begins.
    at: int
    local: str
    domain: str


def found_in(text: str) -> Iterator[Found]:
    """Everything in a text that might be an address; what stands inside another one (`a=b.example@c.example`) is given besides."""
    if _SIGNS.search(text) is None:
        return
    behind = 0
    for sign in _AT.compiled.finditer(text):
        named = _DOMAIN.compiled.match(text, sign.end())
        end = named.end() if named is not None else sign.end()
        start = _local_start(text, sign.start(), behind)
        # A URL has its question mark behind a path.
        if _KEY_OF_JSON.match(text, max(sign.start() - 2, 0)) is not None or (sign[0] == "?" and text.startswith("//", start)):
            continue
        yield Found(start, end, sign.start(), text[start : sign.start()], _plain(named[0]) if named is not None else "")
        behind = end
    for sign in _INNER.compiled.finditer(text):
        start = _local_start(text, sign.start(), 0, longest=64)
        local = text[start : sign.start()]
        written_by_us = sign[0][0] == "=" and local.rpartition("=")[2].lower() in _KEYS
        if local.strip("'`*{|.=%") and _is_name(sign["name"]) and not written_by_us:
            # Behind the domain SRS has the local part.
            yield Found(start, _token_end(text, sign.end()), sign.start(), local, _plain(sign["name"]))
    for sign in _BANG.compiled.finditer(text) if "!" in text else ():
        if _is_name(sign["name"]):
            yield Found(sign.start(), _token_end(text, sign.end()), sign.start(), "", _plain(sign["name"]))


def readings(text: str) -> Iterator[str]:
    """The text as it may be meant besides as it is written: with its encoded words and octal bytes read."""
    if "=?" in text and (words := _WORD.findall(text)):
        yield " ".join(map(_word, words))
    if ("\\" in text or "#" in text) and _OCTAL.search(text) is not None:
        yield _OCTAL.sub(lambda run: bytes(int(run[0][i : i + 3], 8) for i in range(1, len(run[0]), 4)).decode("utf-8", "replace"), text)


def own_key(local: str) -> str:
    """A local part without what only stands before it: the `user=` of a list of names and values, quotes."""
    key, sign, rest = local.partition("=")
    if sign and key.lstrip("'`*{|").lower() in _KEYS:
        local = rest
    return local.lstrip("'`*{|")


def _local_start(text: str, at: int, floor: int, *, longest: int = 400) -> int:
    """Where the local part before an at-sign begins, not before `floor`."""
    floor = max(floor, at - longest)
    start = at
    if at > floor and text[at - 1] == '"':
        start = first = at - 1
        while (start := text.rfind('"', floor, start)) > 0 and text[start - 1] == "\\":
            first = start
        return start if start >= 0 else first
    while start > floor and text[start - 1] not in _BREAKS:
        start -= 1
    return start


def _token_end(text: str, at: int, *, longest: int = 64) -> int:
    """Where what is one word with what stands before it ends."""
    return next((i for i in range(at, min(len(text), at + longest)) if text[i] in _BREAKS), min(len(text), at + longest))


def _is_name(text: str) -> bool:
    """Whether a dotted text can be a domain, and is no number, stamp or release."""
    return any(len(label) > 1 and label[0].isalpha() for label in _plain(text).split(".")[1:])


def _plain(domain: str) -> str:
    """A domain with plain dots."""
    return re.sub(_DOT, ".", domain)


def _word(word: str) -> str:
    """An encoded word as it is meant; where it cannot be read, an at-sign: whatever it may be."""
    try:
        ((content, charset),) = decode_header(word if word.endswith("?=") else f"{word}?=")
        return content if isinstance(content, str) else content.decode(charset or "utf-8", "replace")
    except (HeaderParseError, LookupError, ValueError, UnicodeError):
        return "@"

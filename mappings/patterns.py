"""What a value in a question means, and whether a trace's value fits it: the same for every store and for the tests.

A store turns an `Asked` into its own language; `Asked.fits` says what that must come to. `*` stands for any characters and
`?` for one; every other character, `%`, `_` and `[` too, stands for itself.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from socket import AF_INET, inet_pton

from mappings import address

_WILD = re.compile(r"[*?]").search
_STARS = re.compile(r"\*{2,}").sub
_DOTS = ".。．｡"
#: Control characters and what is left of bytes that are no text: never part of a question, and one unknown character in a column.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
#: What stands in a column for a character that no question can hold.
UNKNOWN_CHARACTER = "\ufffd"


class Form(StrEnum):
    """How a value is compared."""

    EXACT = "exact"
    #: The whole domain of an address.
    DOMAIN = "domain"
    #: The local part, or an address that has no domain.
    LOCAL = "local"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Asked:
    """A value of a question: how it is compared, and its folded text."""

    form: Form
    value: str

    def fits(self, folded: str | None) -> bool:
        """Whether a folded value of a trace fits; None, which is not known, fits nothing."""
        if folded is None:
            return False
        if self.form is Form.PATTERN:
            return expression(self.value).fullmatch(folded) is not None
        if self.form is Form.LOCAL:
            return folded == self.value or folded.startswith(self.value + "@")
        return folded == self.value

    def prefix(self) -> str:
        """What every fitting value begins with; empty where nothing is known."""
        if self.form is not Form.PATTERN:
            return self.value
        wild = _WILD(self.value)
        return self.value[: wild.start()] if wild else self.value


@lru_cache(maxsize=1024)
def expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression; possessive steps keep hostile text from taking more than its length times the pattern's."""
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*")]
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.DOTALL)


def is_pattern(text: str) -> bool:
    """Whether the text holds a wildcard."""
    return _WILD(text) is not None


def has_unprintable(text: str) -> int | None:
    """Position of the first control character or lone surrogate, or None."""
    found = _UNPRINTABLE.search(text)
    return found.start() if found else None


def searchable(text: str) -> str:
    """The text as a column holds it: each character that no question can hold is one unknown character."""
    return text if text.isprintable() else _UNPRINTABLE.sub(UNKNOWN_CHARACTER, text)


def fold_domain(domain: str) -> str:
    """A normalised domain in the form in which domains are compared."""
    return domain.lower()


def fold_name(name: str) -> str:
    """The name of a host, a HELO or a user in the form in which it is compared."""
    return name.lower()


def asked_address(text: str, *, wild: bool = True) -> Asked:
    """An address, a domain (`example.net`, `@example.net`), a local part (`oskar`, `oskar@`), a pattern, or the null sender.

    Here and in what follows `wild` is False where `*` and `?` stand for themselves.
    """
    text = text.strip()
    if wild and is_pattern(text):
        return Asked(Form.PATTERN, _address_pattern(text))
    inner = text[1:-1].strip() if text.startswith("<") and text.endswith(">") else text
    if inner.startswith("@") and ":" not in inner:
        return Asked(Form.DOMAIN, fold_domain(address.normalise_domain(inner)))
    if "@" not in inner and '"' not in inner and (inner[:1] == "[" or any(dot in inner for dot in _DOTS)):
        return Asked(Form.DOMAIN, fold_domain(address.normalise_domain(inner)))
    if "@" in inner[:-1] or not inner:
        return Asked(Form.EXACT, address.fold(address.normalise(inner)))
    return Asked(Form.LOCAL, address.fold(address.normalise(inner.removesuffix("@"))))


def asked_domain(text: str, *, wild: bool = True) -> Asked:
    """A domain or a pattern of domains, with or without a leading `@`."""
    text = text.strip().removeprefix("@")
    if wild and is_pattern(text):
        return Asked(Form.PATTERN, _STARS("*", _domain_pattern(text)))
    return Asked(Form.DOMAIN, fold_domain(address.normalise_domain(text)))


def asked_exact(text: str, *, wild: bool = True) -> Asked:
    """An id: compared with its case."""
    text = text.strip()
    return Asked(Form.PATTERN, _STARS("*", text)) if wild and is_pattern(text) else Asked(Form.EXACT, text)


def asked_folded(text: str, *, wild: bool = True) -> Asked:
    """A text that is compared without its case."""
    return asked_exact(fold_name(text), wild=wild)


def asked_message_id(text: str, *, wild: bool = True) -> Asked:
    """A Message-ID, with or without its brackets."""
    return asked_exact(address.message_id(text), wild=wild)


def _address_pattern(text: str) -> str:
    """A pattern over whole folded addresses; one that begins with `@` is about the domain."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    local, at, domain = text.rpartition("@")
    if not at:
        return _STARS("*", address.fold(text))
    return _STARS("*", f"{address.fold(local) or '*'}@{_domain_pattern(domain)}")


def _domain_pattern(text: str) -> str:
    """A pattern of domains, each label without a wildcard in its one form."""
    if not is_pattern(text):
        return fold_domain(address.normalise_domain(text))
    labels = text.split(".")
    return ".".join(label.lower() if is_pattern(label) or not label else fold_domain(address.normalise_domain(label)) for label in labels)


# Quarantine ids -------------------------------------------------------------------------------------------------------------

#: A file that amavis keeps: `banned-IMfe2sx-62IC`; what follows the first hyphen is the mail id.
_KEPT_AS = re.compile(r"[a-z]+-([A-Za-z0-9_-]{8,})").fullmatch


def quarantine_forms(value: str) -> list[str]:
    """The whole id first, then the parts that people copy: the file's name, without `.gz`, and the mail id in it."""
    name = value.rpartition("/")[2]
    bare = name.removesuffix(".gz")
    kept = _KEPT_AS(bare)
    forms = [value, value.removesuffix(".gz"), name, bare, kept[1] if kept else ""]
    return list(dict.fromkeys(form for form in forms if form))


def asked_quarantine(text: str, *, wild: bool = True) -> list[Asked]:
    """A quarantine id as people copy it; it fits where one of these fits one of the `quarantine_forms`."""
    text = text.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    if wild and is_pattern(text):
        return [asked_exact(text)]
    found = [text, text.removesuffix(".gz")]
    if text.startswith("/"):
        # A path from a file manager or a shell.
        found.append(text.rpartition("/")[2].removesuffix(".gz"))
    return [Asked(Form.EXACT, value) for value in dict.fromkeys(found) if value]


# Servers --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskedServer:
    """A server by its name, its address or its HELO (`text`), or by a network (`first` to `last`, as `ip_key` gives them)."""

    text: Asked
    first: bytes | None = None
    last: bytes | None = None

    def fits(self, ip: str | None, *names: str | None) -> bool:
        """Whether a server with this address and these names fits."""
        if any(self.text.fits(None if name is None else fold_name(name)) for name in names):
            return True
        if ip is None:
            return False
        key = ip_key(ip)
        if self.first is not None and self.last is not None and key is not None and self.first <= key <= self.last:
            return True
        return self.text.fits(ip_text(ip))


def _ipv4(text: str) -> bytes | None:
    """The four bytes of a plain IPv4 address, which nearly all are."""
    try:
        return inet_pton(AF_INET, text)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=16384)
def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in this text, an IPv4 address in IPv6 clothes as itself."""
    text = text.strip().removeprefix("[").removesuffix("]")
    if text[:5].lower() == "ipv6:":
        text = text[5:]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def ip_text(text: str) -> str:
    """An address in its one form; text that is no address in lower case."""
    if _ipv4(text) is not None:
        return text
    found = _ip(text)
    return fold_name(text) if found is None else str(found)


def ip_key(text: str) -> bytes | None:
    """The address as bytes in the order of addresses, the version first; None where it is none."""
    if (packed := _ipv4(text)) is not None:
        return b"\x04" + packed
    found = _ip(text)
    return None if found is None else bytes([found.version]) + found.packed


def asked_server(text: str, *, wild: bool = True) -> AskedServer:
    """A name, an address, a HELO, a network such as `203.0.113.0/24`, or a pattern of these."""
    text = text.strip()
    if wild and is_pattern(text):
        return AskedServer(Asked(Form.PATTERN, _STARS("*", fold_name(text))))
    asked = Asked(Form.EXACT, fold_name(text))
    if (key := ip_key(text)) is not None:
        return AskedServer(asked, key, key)
    if "/" not in text:
        return AskedServer(asked)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return AskedServer(asked)
    version = bytes([network.version])
    return AskedServer(asked, version + network.network_address.packed, version + network.broadcast_address.packed)


# Reply codes ----------------------------------------------------------------------------------------------------------------

_BASIC = re.compile(r"([2-5])(xx|[0-9]x|[0-9]{0,2})?", re.IGNORECASE).fullmatch
_ENHANCED = re.compile(r"([245])\.(x\.x|[0-9]{1,3}(?:\.(?:x|[0-9]{1,3}))?)", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class AskedCode:
    """Basic codes from `lowest` to `highest`, or enhanced codes: this one, or with `whole` all that begin with it."""

    lowest: int = 0
    highest: int = -1
    enhanced: str | None = None
    whole: bool = False

    def fits(self, basic: int | None, enhanced: str | None) -> bool:
        """Whether a reply with these codes fits."""
        if basic is not None and self.lowest <= basic <= self.highest:
            return True
        if self.enhanced is None or enhanced is None:
            return False
        return enhanced.startswith(self.enhanced) if self.whole else enhanced == self.enhanced


def asked_code(text: str) -> AskedCode | None:
    """`550`, `55x`, `5xx`, `5` (basic and enhanced), `5.1.1`, `5.1`, `5.1.x`; None where it is no code."""
    text = text.strip().lower()
    if basic := _BASIC(text):
        tail = basic[2].removesuffix("x").removesuffix("x")
        size: int = 10 ** (2 - len(tail))
        lowest = int(basic[1] + tail) * size
        return AskedCode(lowest, lowest + size - 1, f"{basic[1]}." if not tail else None, not tail)
    if _ENHANCED(text):
        stem = text.removesuffix(".x").removesuffix(".x")
        whole = stem.count(".") < 2
        return AskedCode(enhanced=f"{stem}." if whole else stem, whole=whole)
    return None


# Texts ----------------------------------------------------------------------------------------------------------------------

#: A word of a text as Unicode has it (UAX 29), and with it the standard analyzer of Elasticsearch: letters and digits, with what may stand
#: between two letters (`don't`, `example.org`) or two digits (`5.1.1`, `1,000`). Every store cuts texts so.
_TEXT_WORDS = re.compile(
    r"[^\W_]*\w*[^\W_]\w*(?:(?:(?<=[^\W\d_])[.:'\u2018\u2019\u2024\u00b7](?=[^\W\d_])|(?<=\d)[.,;'\u2018\u2019\u2024](?=\d))\w+)*"
).findall


def words_of(text: str) -> list[str]:
    """The words of a text, without case, in their order."""
    return [word.lower() for word in _TEXT_WORDS(text)]


@dataclass(frozen=True, slots=True)
class AskedWords:
    """Words of a text: any of `words` or what fits one of `patterns`, or, with `phrase`, all words one after the other."""

    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    phrase: bool = False

    def fits(self, text: str | None) -> bool:
        """Whether a text has them."""
        if text is None:
            return False
        if not self.patterns and text.isascii() and not any(map(text.lower().__contains__, self.words)):
            # Cut into words it would not have them; most texts do not.
            return False
        found = words_of(text)
        if self.phrase:
            size = len(self.words)
            return size > 0 and any(tuple(found[start : start + size]) == self.words for start in range(len(found) - size + 1))
        return not set(self.words).isdisjoint(found) or any(
            expression(pattern).fullmatch(word) for pattern in self.patterns for word in found
        )


def asked_words(text: str, *, wild: bool = True) -> AskedWords:
    """Words in any order; without `wild` a phrase."""
    if not wild:
        return AskedWords(tuple(words_of(text)), phrase=True)
    pieces = text.split()
    plain = tuple(word for piece in pieces if not is_pattern(piece) for word in words_of(piece))
    return AskedWords(plain, tuple(_STARS("*", piece.lower()) for piece in pieces if is_pattern(piece)))

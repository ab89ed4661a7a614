"""A part of a line that a stranger writes, and how each program writes it down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

#: Whatever a stranger writes, his address is of this domain; what he would like to be believed is of others.
DOMAIN = "stranger.example"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line that a stranger writes."""

    name: str
    #: How the program writes a text here: each form by its name, "" for the plain one.
    written: Callable[[str], dict[str, str]]
    #: Fields of the fact that are this part's.
    own: frozenset[str]
    #: What stands here in the line that all others are compared with.
    usual: str = "usual"


@dataclass(frozen=True, slots=True)
class Shape:
    """A line, and who wrote what in it."""

    tag: str
    line: str
    #: Those that stand in the line.
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        """Leave out the parts that this line has not."""
        object.__setattr__(self, "parts", tuple(part for part in self.parts if f"«{part.name}" in self.line))

    def filled(self, texts: dict[str, str]) -> str:
        """The line with these texts in its parts; the others have their usual one."""
        line = self.line
        for part in self.parts:
            for form, written in part.written(texts.get(part.name, part.usual)).items():
                line = line.replace(f"«{part.name}{'.' if form else ''}{form}»", written)
        return line


def printable(text: str) -> str:
    """The text on one line, as every program logs it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:_LONGEST]


def escaped(text: str) -> str:
    """A text between quotes, with backslashes before quotes and backslashes."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def quoted(text: str) -> str:
    """An address as the client gave it, its local part in quotes."""
    return f'"{escaped(text)}"@{DOMAIN}'


def bare(text: str) -> str:
    """The same as Postfix before 3.5 logs it; an `@` it refuses there."""
    return f"{printable(text).replace('@', '-')}@{DOMAIN}"


def in_one(write: Callable[[str], str]) -> Callable[[str], dict[str, str]]:
    """Written in one form only."""
    return lambda text: {"": write(text)}


def neutered(text: str) -> str:
    """A greeting in Postfix (`NEUTER_CHARACTERS`)."""
    return "".join("?" if sign in ' <>()\\";@' else sign for sign in printable(text))


def one_word(text: str) -> str:
    """Without blanks."""
    return "".join(sign for sign in printable(text) if not sign.isspace()) or "x"


def claimed(text: str) -> str:
    """`MAIL FROM ... AUTH=`: a word, or in quotes, as the client likes it."""
    return f'"{escaped(text)}"' if " " in text or '"' in text else one_word(text).replace("<", "").replace("\\", "") or "x"


def first_octets(text: str, most: int) -> str:
    """So many bytes of it."""
    return printable(text).encode("utf-8", "surrogateescape")[:most].decode("utf-8", "ignore")


def doubled(text: str) -> str:
    """A text in amavis' log."""
    return text.replace("\\", "\\\\")


def amavis_id(text: str) -> str:
    """A Message-ID in amavis (`parse_message_id`)."""
    return "<" + doubled(printable(text)).replace(">", "_") + ">"


def in_json(text: str) -> str:
    """A string in amavis' report, without its quotes."""
    return doubled(json.dumps(printable(text), ensure_ascii=False)[1:-1])


def address_in_json(text: str) -> str:
    """An address in amavis' report, without its quotes."""
    return doubled(json.dumps(quoted(text), ensure_ascii=False)[1:-1])


def rspamd_id(text: str) -> str:
    """A Message-ID in Rspamd: what is not a visible sign is a question mark."""
    return "".join(sign if sign.isascii() and sign.isprintable() and sign != " " else "?" for sign in printable(text))


def exim_forms(text: str) -> dict[str, str]:
    """A recipient in a delivery: unquoted first, then in quotes."""
    return {"": quoted(text), "bare": f"{printable(text)}@{DOMAIN}", "local": printable(text)}


def str_to_print(text: str) -> str:
    """A text in Sendmail's log (`str2prt`)."""
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    if sign == "\\":
        return "\\\\"
    return sign if sign.isascii() and sign.isprintable() else "".join(f"\\{byte:03o}" for byte in sign.encode("utf-8", "replace"))


def sendmail_sender(text: str) -> str:
    """The sender of a message there, with its brackets and cut."""
    return str_to_print(f"<{quoted(text)}>".encode("utf-8", "replace")[:200].decode("utf-8", "ignore"))

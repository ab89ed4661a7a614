"""Formats: one file (or package) per program, one entry here. A format never imports another one's parser.

`FORMATS` is the registry. A format is asked for a line by the line's program; Postfix' daemons are known by the instance before
the slash in their tag (`postfix/smtpd`, `postfix-out/smtp`), all others by the program's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.formats import amavis, clamav, opendkim, postfix
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome, Silent
from ingest.lines import Line

__all__ = ["FORMATS", "IGNORED", "UNKNOWN", "Format", "Outcome", "Silent", "parser_of"]

Parser = Callable[[Line], Outcome]


@dataclass(frozen=True, slots=True)
class Format:
    """A program family whose lines are read."""

    name: str
    parse: Parser
    #: Programs that log it under these names.
    programs: tuple[str, ...]
    #: Only with an instance in the tag: `postfix/smtpd`, never a bare `smtpd` of another product.
    instanced: bool = False


FORMATS: tuple[Format, ...] = (
    Format("postfix", postfix.parse, tuple(postfix.PROGRAMS), instanced=True),
    Format("amavis", amavis.parse, ("amavis", "amavisd", "amavisd-new")),
    Format("opendkim", opendkim.parse, ("opendkim",)),
    Format("clamav", clamav.parse, ("clamd", "clamav", "clamd.amavisd", "freshclam", "clamsmtpd")),
)

_INSTANCED = {program: f.parse for f in FORMATS if f.instanced for program in f.programs}
_PLAIN = {program: f.parse for f in FORMATS if not f.instanced for program in f.programs}
_BY_NAME = {f.name: f.parse for f in FORMATS}


def parser_of(tag: str, program: str, format_name: str | None = None) -> Parser | None:
    """The parser for lines with this tag, or None where no format knows the program; `format_name` overrides what is recognised."""
    if format_name is not None:
        return _BY_NAME[format_name]
    if "/" in tag:
        return _INSTANCED.get(program)
    return _PLAIN.get(program)

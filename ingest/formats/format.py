"""What a format is: which programs it reads, and what it knows of their lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.formats.outcome import Outcome
from ingest.formats.template import NO_TEMPLATES, Templates
from ingest.framing.line import Line
from ingest.framing.own import OwnFrame
from ingest.records import Pieces

Parser = Callable[[Line], Outcome]


@dataclass(frozen=True, slots=True)
class Format:
    """A program family whose lines are read."""

    name: str
    parse: Parser
    #: Programs that log it under these names.
    programs: tuple[str, ...]
    #: What people call it, and the releases whose logs it was written for.
    title: str
    versions: str
    #: A line with its header, as it stands in a log.
    example: str
    #: Its usual lines; `parse` asks them first.
    templates: Templates = NO_TEMPLATES
    #: Only with an instance in the tag: `postfix/smtpd`, never a bare `smtpd` of another product.
    instanced: bool = False
    #: It is a mail server, which has queue files.
    serves: bool = False
    #: Its lines say nothing that the mail server's own do not say: all are known, none is a fact.
    helper: bool = False
    #: How it stamps what it writes itself; None where it writes through syslog or journald alone.
    frame: OwnFrame | None = None
    #: What joins its records that are several lines; None where each line is whole.
    join: Callable[[], Pieces[Any]] | None = None
    #: By its text, the tag of a line whose own names the program and none of its daemons; None where others may have written it.
    speaker: Callable[[str], str | None] | None = None

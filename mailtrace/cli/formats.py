"""`mailtrace formats`: which programs' logs are read."""

from __future__ import annotations

import sys
from typing import Literal

import msgspec

from ingest.formats import FORMATS
from mailtrace.show.formats import show_formats
from mailtrace.show.screen import Screen
from search.safe import printable_json


class FormatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One program family whose logs are read."""

    name: str
    title: str
    versions: str
    #: The names under which it logs; with `instanced` behind the name of an instance (`postfix/smtpd`).
    programs: list[str]
    instanced: bool
    #: Its lines are known, and say nothing that another program's line does not say.
    helper: bool
    example: str


def formats(*, format: Literal["text", "json"] = "text") -> None:  # noqa: A002 - the option's name
    """List the programs whose logs are read, with their releases and a line of each.

    What a line is, is recognised by itself; `ingest --format NAME` reads every line of a file as one of these.

    Parameters
    ----------
    format
        How to write them.
    """
    if format == "text":
        show_formats(Screen(sys.stdout), FORMATS)
        return
    known = [
        FormatAnswer(
            name=one.name,
            title=one.title,
            versions=one.versions,
            programs=sorted(one.programs),
            instanced=one.instanced,
            helper=one.helper,
            example=one.example,
        )
        for one in FORMATS
    ]
    print(printable_json(msgspec.json.encode(known)))

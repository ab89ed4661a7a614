"""`mailtrace report`: the Email Report on one trace."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from mailtrace.cli.common import Common
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.show.report import show_report
from mailtrace.show.screen import Screen
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from search.answers import ReportAnswer
from search.safe import printable_json
from search.service import MailTrace

#: So many ids are named where a beginning is that of several.
_LISTED = 5


def report(
    id: Annotated[str, Parameter(name="ID")],  # noqa: A002 - the argument's name
    /,
    *,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> None:
    """Show the Email Report on one trace.

    It says what became of the message and why, whose move it is, what to tell the customer, and shows the log lines.

    Parameters
    ----------
    id
        Id of the trace, as `mailtrace search` shows it, or the beginning of it: as much as no other trace has.
    format
        How to write it.
    """
    settings = (common or Common()).settings()
    with asking(settings.store, settings.elasticsearch) as mail:
        found = mail.report(id) or _by_beginning(mail, id)
    if found is None:
        raise CouldNot(f"there is no trace {id!r}; ids are the words of 26 characters in mailtrace search")
    if format == "json":
        print(printable_json(msgspec.json.encode(found)))
    else:
        show_report(Screen(sys.stdout), found, named(system_zone()))


def _by_beginning(mail: MailTrace, begin: str) -> ReportAnswer | None:
    """The report on the one trace whose id begins so; raises where there are several."""
    found = mail.beginning_with(begin, limit=_LISTED + 1)
    if len(found) > 1:
        listed = ", ".join(trace.id for trace in found[:_LISTED])
        raise WrongUsage(f"several ids begin with {begin!r}; give more of it: {listed}{', ...' if len(found) > _LISTED else ''}")
    return mail.report(found[0].id) if found else None

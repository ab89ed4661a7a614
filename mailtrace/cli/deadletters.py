"""`mailtrace deadletters`: what the store refused."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import closing
from itertools import islice
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from ingest.sinks.deadletters import DeadLetter, DeadLetters
from mailtrace.amounts import counted
from mailtrace.cli.common import Common
from mailtrace.log import set_up_log
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.stores import open_sink, shown
from mailtrace.zones import named, shown_time, system_zone
from mappings.trace import Trace
from search.answers import utc
from search.rows import printable_json
from search.safe import safe

_SHOWN = 50


def deadletters(
    action: Annotated[Literal["list", "retry"], Parameter(name="ACTION")] = "list",
    /,
    *,
    limit: int = _SHOWN,
    format: Literal["text", "jsonl"] = "text",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> int:
    """Show what the store refused, or try again.

    A trace that the store refuses is kept in the data folder with the store's reason, and the reading goes on. `retry` gives all of
    them to the store anew; what it refuses again stays.

    Parameters
    ----------
    action
        `list` or `retry`.
    limit
        How many to list.
    format
        How to list them; jsonl gives them whole.
    """
    settings = (common or Common()).settings()
    letters = DeadLetters(settings.data_dir, shown(settings.store))
    if action == "retry":
        return _retry(settings, letters)
    if format == "jsonl":
        for letter in islice(letters.listed(), limit):
            print(printable_json(msgspec.json.encode(letter)))
        return 0
    _list(Screen(sys.stdout), letters, limit, named(system_zone()))
    return 0


def _list(screen: Screen, letters: DeadLetters, limit: int, zone: dt.tzinfo) -> None:
    """One paragraph for each."""
    total = 0
    for total, letter in enumerate(letters.listed(), 1):
        if total <= limit:
            _show(screen, letter, zone)
    screen.line(f"{counted(total, 'dead letter')}." if total <= limit else f"{limit:,} of {counted(total, 'dead letter')}.")


def _show(screen: Screen, letter: DeadLetter, zone: dt.tzinfo) -> None:
    """When, which trace, and why."""
    trace = letter.trace
    sides = f"{trace.sender or '<>'} to {trace.recipient or 'an unknown recipient'}"
    screen.line(safe(f"{shown_time(utc(letter.at_ms), zone)}  {trace.id}  {sides}"))
    screen.paragraph(safe(f"    {letter.reason}"))


def _retry(settings: Settings, letters: DeadLetters) -> int:
    """Give all of them to the store; the result is the exit code."""
    set_up_log("error")
    screen = Screen(sys.stdout)
    with closing(open_sink(settings.store, settings.elasticsearch, keep=settings.keeping(), on_refused=letters.add)) as sink:

        def write(traces: list[Trace]) -> None:
            sink.submit(traces)
            # Refused again means added again, which must be done before what is tried is forgotten.
            sink.flush()

        tried = letters.retry(write)
        refused, too_old = sink.refused, sink.older_than_kept
    old = f", {too_old:,} older than what is kept" if too_old else ""
    screen.line(f"{counted(tried, 'dead letter')} tried again: {tried - refused - too_old:,} stored, {refused:,} refused again{old}.")
    return 1 if refused else 0

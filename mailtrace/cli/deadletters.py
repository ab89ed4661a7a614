"""`mailtrace deadletters`: what the store refused, and what the program itself failed on."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter, validators

from ingest.aside import Failed, FailedLetters
from ingest.pipeline import Ingest
from ingest.sinks import OpenSink
from ingest.sinks.deadletters import DeadLetter, DeadLetters
from mailtrace.amounts import counted
from mailtrace.cli.common import Common
from mailtrace.log import set_up_log
from mailtrace.reading import again_options
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.stores import shown
from mailtrace.writing import open_sink
from mailtrace.zones import named, shown_time, system_zone
from mappings.trace import Trace
from search.safe import printable_json, safe
from search.times import utc

_SHOWN = 50
#: Of a line or a message so much is shown.
_LONGEST = 300


def deadletters(
    action: Annotated[Literal["list", "retry"], Parameter(name="ACTION")] = "list",
    /,
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=0))] = _SHOWN,
    format: Literal["text", "jsonl"] = "text",  # noqa: A002 - the option's name
    common: Common | None = None,
) -> int:
    """Show what could not be dealt with, or try again.

    A trace that the store refuses, and a line that Mail Trace itself fails to read, are kept in the data folder with the reason, and the
    reading goes on. `retry` deals with all of them anew, which helps after an upgrade; what fails again stays.

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
    failed = FailedLetters(settings.data_dir)
    if action == "retry":
        return _retry(settings, letters, failed)
    both: Iterator[DeadLetter | Failed] = chain(letters.listed(), failed.listed())
    if format == "jsonl":
        for letter in islice(both, limit):
            print(printable_json(msgspec.json.encode(letter)))
        return 0
    _list(Screen(sys.stdout), both, limit, named(system_zone()))
    return 0


def _list(screen: Screen, letters: Iterator[DeadLetter | Failed], limit: int, zone: dt.tzinfo) -> None:
    """One paragraph for each."""
    total = 0
    for total, letter in enumerate(letters, 1):
        if total <= limit:
            _show(screen, letter, zone)
    screen.line(f"{counted(total, 'dead letter')}." if total <= limit else f"{limit:,} of {counted(total, 'dead letter')}.")


def _show(screen: Screen, letter: DeadLetter | Failed, zone: dt.tzinfo) -> None:
    """When, which trace or line, and why."""
    when = shown_time(utc(letter.at_ms), zone)
    if isinstance(letter, DeadLetter):
        trace = letter.trace
        sides = f"{trace.sender or '<>'} to {trace.recipient or 'an unknown recipient'}"
        screen.line(safe(f"{when}  {trace.id}  {sides}"))
    else:
        for line in letter.lines:
            place = line.file if line.offset is None else f"{line.file}, near byte {line.offset:,}"
            screen.line(safe(f"{when}  {place}"))
            screen.paragraph(safe(f"    {(line.raw or 'The line is not kept; read the file again with --rebuild.')[:_LONGEST]}"))
    screen.paragraph(safe(f"    {letter.reason}"))


def _retry(settings: Settings, letters: DeadLetters, failed: FailedLetters) -> int:
    """Deal with all of them anew; the result is the exit code."""
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
        still = _read_again(settings, sink, failed, screen)
    return 1 if refused or still else 0


def _read_again(settings: Settings, sink: OpenSink, failed: FailedLetters, screen: Screen) -> int:
    """Read the lines that were put aside; how many fail again."""
    before = failed.count()
    if not before:
        return 0

    def read(letters: list[Failed]) -> None:
        Ingest(again_options(settings), sink, settings.data_dir).read_again(letters)

    failed.again(read)
    still = failed.count()
    screen.line(f"{counted(before, 'line')} put aside read again: {still:,} put aside still.")
    return still

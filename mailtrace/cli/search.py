"""`mailtrace search`: find traces."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Group, Parameter, validators

from mailtrace.amounts import counted
from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.problems import WrongUsage
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.show.table import DEFAULT_LIMIT, next_page_line, show_traces, total_line
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from search.answers import SearchAnswer, TraceAnswer
from search.engines import Total
from search.query import CRITERIA, Query
from search.rows import write_csv, write_jsonl
from search.safe import printable_json
from search.service import MailTrace

if TYPE_CHECKING:
    from mailtrace.exporting import Export

_SHOWN = Group("How to show it", sort_key=2)
#: Rows that are asked for, and laid out, together where all are walked.
_AT_ONCE = 500


def search(
    text: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    criteria: Criteria | None = None,
    *,
    limit: Annotated[int | None, Parameter(group=_SHOWN, show_default=False, validator=validators.Number(gte=0))] = None,
    cursor: Annotated[str | None, Parameter(group=_SHOWN)] = None,
    count: Annotated[bool, Parameter(group=_SHOWN, show_default=False)] = False,
    format: Annotated[Literal["table", "json", "jsonl", "csv", "parquet"], Parameter(group=_SHOWN)] = "table",  # noqa: A002 - the option's name
    output: Annotated[Path | None, Parameter(name="--output", group=_SHOWN, show_default=False)] = None,
    resume: Annotated[bool, Parameter(group=_SHOWN, show_default=False, negative="")] = False,
    common: Common | None = None,
) -> None:
    """Find traces, newest first.

    Without a criterion it lists all of them; there is no default time window.

    TEXT is what you have: an address, an id, an IP, a line of a log, the headers of a message or a whole bounce; else a question in the
    query language. What it was read as is said.

    Parameters
    ----------
    text
        What to find, as you have it.
    limit
        At most so many, 50 if not said; 0 is all of them, and jsonl and csv are then written as they are found.
    cursor
        Go on behind a page: the cursor that it ended with.
    count
        Count all that fit, also beyond 10,000.
    format
        How to write them; parquet needs --output.
    output
        Write all that fit into this file, which is there when it is whole.
    resume
        Go on with the --output that was broken off: the same question, from the last whole row on.
    """
    criteria, settings, zone = criteria or Criteria(), (common or Common()).settings(), named(system_zone())
    if output is not None or resume or format == "parquet":
        target = _target(output, format, alone=limit is None and cursor is None and not count)
        _export(_begun(target, format, criteria.as_typed(), text, resume=resume), text, criteria, settings, zone)
        return
    limit = DEFAULT_LIMIT if limit is None else limit
    query = criteria.question(settings, time.time_ns() // 1_000_000, zone)
    with asking(settings.store, settings.elasticsearch) as mail:
        if text is not None:
            query, criteria = _meant(mail, text, criteria, query, zone)
        answer, traces = _asked(mail, query, limit, cursor, count=count)
        if format == "table":
            screen = Screen(sys.stdout)
            shown = 0
            while rows := list(islice(traces, _AT_ONCE)):
                show_traces(screen, rows, zone)
                shown += len(rows)
            _foot(screen, answer, shown, criteria, limit)
        elif format == "json":
            print(printable_json(msgspec.json.encode(msgspec.structs.replace(answer, traces=list(traces)))))
        else:
            (write_csv if format == "csv" else write_jsonl)(traces, sys.stdout)
            _note(answer, count=count)


def _target(output: Path | None, format_: str, *, alone: bool) -> Path:
    """The file of an export; raises where it can be none."""
    if output is None:
        raise WrongUsage("parquet and --resume need a file: name it with --output")
    if format_ in ("table", "json"):
        raise WrongUsage("--output takes rows: give --format csv, jsonl or parquet")
    if not alone:
        raise WrongUsage("--output writes all that fit; leave out --limit, --cursor and --count")
    return output.expanduser()


def _begun(output: Path, format_: str, options: str, text: str | None, *, resume: bool) -> Export:
    """The export, as far as it is."""
    from mailtrace.exporting import Export  # noqa: PLC0415 - only an export needs it

    asked = " ".join([*([shlex.quote(text)] if text else []), *([options] if options else [])])
    return Export(output, format_, asked, time.time_ns() // 1_000_000, resume=resume)


def _export(export: Export, text: str | None, criteria: Criteria, settings: Settings, zone: tzinfo) -> None:
    """Write all that fit into a file, and say on standard error how far it is."""
    from mailtrace.show.progress import ExportingBar  # noqa: PLC0415 - only an export needs it

    query = criteria.question(settings, export.now_ms, zone)
    with asking(settings.store, settings.elasticsearch) as mail:
        if text is not None:
            query, criteria = _meant(mail, text, criteria, query, zone)
        answer = mail.search(query, limit=1)
        with ExportingBar(sys.stderr, mail.count(query) if sys.stderr.isatty() else None) as bar:
            rows = export.write(mail, query, bar.update)
    Screen(sys.stderr).line(f"mailtrace: {counted(rows, 'row')} in {export.target}")
    _note(msgspec.structs.replace(answer, next=None), count=False)


def _meant(mail: MailTrace, text: str, criteria: Criteria, query: Query, zone: tzinfo) -> tuple[Query, Criteria]:
    """The question that a text asks, beside the options; what it was read as is said."""
    meant = mail.meant(text, zone)
    if meant.read_as is not None:
        Screen(sys.stderr).line(f"mailtrace: read as {meant.read_as}")
    if query.query and meant.query.query:
        raise WrongUsage("--query and TEXT are both a question in the query language; give one of them")
    given = {field: values for field in CRITERIA if (values := getattr(meant.query, field))}
    twice = next((field for field in given if getattr(query, field)), None)
    if twice is not None:
        raise WrongUsage(f"--{twice.replace('_', '-')} and TEXT ask for the same; give one of them")
    language = {"query": meant.query.query, "tree": meant.query.tree} if meant.query.query else {}
    named = {"query": meant.query.query or criteria.query} | given
    return msgspec.structs.replace(query, **given, **language), dataclasses.replace(criteria, **named)


def _asked(mail: MailTrace, query: Query, limit: int, cursor: str | None, *, count: bool) -> tuple[SearchAnswer, Iterator[TraceAnswer]]:
    """Ask, and give the answer and its traces, which are walked to the end where there is no limit."""
    answer = mail.search(query, limit=limit or _AT_ONCE, cursor=cursor)
    if count:
        answer = msgspec.structs.replace(answer, total=Total(mail.count(query)))
    if limit or answer.next is None:
        return answer, iter(answer.traces)
    return msgspec.structs.replace(answer, next=None), chain(answer.traces, mail.walk(query, cursor=answer.next))


def _foot(screen: Screen, answer: SearchAnswer, shown: int, criteria: Criteria, limit: int) -> None:
    """Say below a table how many there are, how to go on, and what to know about the answer."""
    if shown:
        screen.line()
    screen.line(total_line(shown, answer.total) if shown or answer.total.value else "Nothing was found.")
    for warning in answer.warnings:
        screen.paragraph(warning)
    if answer.next:
        screen.line(next_page_line(criteria.as_typed(), limit, answer.next))
    if shown:
        screen.line(
            "One in full: mailtrace report ID. What an error means: mailtrace errors CODE. The most common errors: mailtrace errors.", "dim"
        )


def _note(answer: SearchAnswer, *, count: bool) -> None:
    """Say on standard error what rows for a program have no place for."""
    said = Screen(sys.stderr)
    if count:
        said.line(f"mailtrace: {total_line(answer.total.value, answer.total)}")
    for warning in answer.warnings:
        said.line(f"mailtrace: {warning}")
    if answer.next:
        said.line(f"mailtrace: there are more; go on with --cursor {answer.next}")

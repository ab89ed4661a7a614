"""`mailtrace search`: find traces."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Group, Parameter, validators

from mailtrace.amounts import counted
from mailtrace.cli.asking import Criteria
from mailtrace.cli.common import Common
from mailtrace.cli.languages import checked_language
from mailtrace.cli.stopping import stop_on_signals
from mailtrace.cli.typed import typed_again
from mailtrace.problems import WrongUsage
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.show.table import DEFAULT_LIMIT, next_page_line, show_columns, show_traces, total_line
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from mappings.locales import ENGLISH
from search.answers import SearchAnswer, TraceAnswer
from search.engines import Total
from search.live import Live, follow
from search.query import CRITERIA, SENTENCES, Query
from search.rows import Telling, columns_of, write_csv, write_jsonl
from search.safe import printable_json
from search.service import MailTrace
from search.sorting import Sort, sort_of
from search.speech import Reader

if TYPE_CHECKING:
    from mailtrace.exporting import Export

#: Rows that are shown before those that come.
_BEFORE = 10
#: Rows that are asked for, and laid out, together where all are walked.
_AT_ONCE = 500
_GROUP = Group("How to show it", sort_key=2)


def _shown(sentence: str, *, default: bool = False, at_least: int | None = None) -> Parameter:
    """An option of showing; its default is told where it says something."""
    bounds = None if at_least is None else validators.Number(gte=at_least)
    return Parameter(group=_GROUP, help=sentence, show_default=default, validator=bounds, negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Which of what was found is shown, and how."""

    limit: Annotated[
        int | None,
        _shown("At most so many, 50 if not said; 0 is all of them, and jsonl and csv are then written as they are found.", at_least=0),
    ] = None
    cursor: Annotated[str | None, _shown("Go on behind a page: the cursor that it ended with.")] = None
    count: Annotated[bool, _shown("Count all that fit, also beyond 10,000.")] = False
    sort: Annotated[str, _shown(SENTENCES["sort"], default=True)] = Sort.NEWEST.value
    format: Annotated[
        Literal["table", "json", "jsonl", "csv", "parquet"], _shown("How to write them; parquet needs --output.", default=True)
    ] = "table"
    columns: Annotated[
        str | None,
        _shown("Only these columns, in this order, parted by commas; for table and csv. Their names are those of csv, and customer_text."),
    ] = None
    lang: Annotated[str, _shown("Language of customer_text, such as de.", default=True)] = ENGLISH
    reader: Annotated[Reader | None, _shown("For whom customer_text is; by default what the operator says.")] = None
    follow: Annotated[bool, _shown(f"Show the newest {_BEFORE}, or --limit, then what comes, until Ctrl-C; as table or jsonl.")] = False
    output: Annotated[Path | None, _shown("Write all that fit into this file, which is there when it is whole.")] = None
    resume: Annotated[bool, _shown("Go on with the --output that was broken off: the same question, from the last whole row on.")] = False


def search(
    text: Annotated[str | None, Parameter(show_default=False)] = None,
    /,
    criteria: Criteria | None = None,
    *,
    showing: Showing | None = None,
    common: Common | None = None,
) -> int:
    """Find traces, newest first.

    Without a criterion it lists all of them; there is no default time window.

    TEXT is what you have: an address, an id, an IP, a line of a log, the headers of a message or a whole bounce; else a question in the
    query language. What it was read as is said.

    Parameters
    ----------
    text
        What to find, as you have it.
    """
    criteria, showing = criteria or Criteria(), showing or Showing()
    common = common or Common()
    settings, zone = common.settings(), named(system_zone())
    if showing.output is not None or showing.resume or showing.format == "parquet":
        _export(_begun(showing, criteria, text), text, criteria, settings, zone)
        return 0
    _columns(showing)
    checked_language(showing.lang)
    if showing.follow:
        _check_following(showing)
    limit = DEFAULT_LIMIT if showing.limit is None else showing.limit
    query = criteria.question(settings, time.time_ns() // 1_000_000, zone)
    with asking(settings.store, settings.elasticsearch, settings.books()) as mail:
        if text is not None:
            query, criteria = _meant(mail, text, criteria, query, zone)
        query = msgspec.structs.replace(query, sort=sort_of(showing.sort))
        if showing.follow:
            return _follow(mail, query, showing, zone)
        answer, traces = _asked(mail, query, limit, showing.cursor, count=showing.count)
        if showing.format == "table":
            screen = Screen(sys.stdout)
            shown, first = 0, ""
            while rows := list(islice(traces, _AT_ONCE)):
                _show(screen, mail, rows, zone, showing)
                shown, first = shown + len(rows), first or rows[0].id
            next_page = next_page_line(typed_again(common), _typed(criteria, query.sort), limit, answer.next) if answer.next else ""
            _foot(screen, answer, shown, next_page)
            if first:
                program = typed_again(common)
                screen.line(f"One in full: {program} report {first}", "dim")
                screen.line(f"The most common errors, and what they mean: {program} errors", "dim")
        elif showing.format == "json":
            print(printable_json(msgspec.json.encode(msgspec.structs.replace(answer, traces=list(traces)))))
        else:
            if showing.format == "csv":
                write_csv(traces, sys.stdout, _columns(showing), _telling(mail, showing))
            else:
                write_jsonl(traces, sys.stdout)
            _note(answer, count=showing.count)
    return 0


def _columns(showing: Showing) -> tuple[str, ...]:
    """The columns that are wanted; none is the usual ones."""
    if showing.columns is None:
        return ()
    if showing.format not in ("table", "csv"):
        raise WrongUsage("--columns are those of a table or of csv")
    if showing.output is not None:
        raise WrongUsage("--output writes all columns; leave out --columns")
    return columns_of(showing.columns)


def _telling(mail: MailTrace, showing: Showing) -> Telling:
    """What gives the text for the customer of a trace, for whom and in the language that is wanted."""

    def told(trace: str) -> str:
        report = mail.report(trace, reader=showing.reader, lang=showing.lang)
        return "" if report is None else report.customer_text

    return told


def _show(screen: Screen, mail: MailTrace, rows: Sequence[TraceAnswer], zone: tzinfo, showing: Showing, *, titled: bool = True) -> None:
    """Show rows as a table, with the usual columns or those that are wanted."""
    if columns := _columns(showing):
        show_columns(screen, rows, zone, columns, _telling(mail, showing), titled=titled)
    else:
        show_traces(screen, rows, zone, titled=titled)


def _check_following(showing: Showing) -> None:
    """Raise where what follows cannot be shown so."""
    if showing.format not in ("table", "jsonl"):
        raise WrongUsage("--follow shows rows as they come: give --format table or jsonl")
    if showing.cursor is not None or showing.count or sort_of(showing.sort) is not Sort.NEWEST:
        raise WrongUsage("--follow has an order of its own; leave out --cursor, --count and --sort")


def _follow(mail: MailTrace, query: Query, showing: Showing, zone: tzinfo) -> int:
    """Show the newest rows, the oldest of them first, and then each that comes; gives the exit code."""
    screen = Screen(sys.stdout)

    def show(rows: Sequence[TraceAnswer], *, titled: bool = False) -> None:
        if showing.format == "jsonl":
            write_jsonl(rows, sys.stdout)
        elif rows or titled:
            _show(screen, mail, rows, zone, showing, titled=titled)
        sys.stdout.flush()

    with stop_on_signals() as stop:
        live = Live(mail, query)
        show(live.first(mail, _BEFORE if showing.limit is None else showing.limit), titled=True)
        for found in follow(mail, live, stop.event):
            if found.more:
                Screen(sys.stderr).line("mailtrace: more came than is shown here")
            show(found.traces)
    return 0


def _target(showing: Showing) -> Path:
    """The file of an export; raises where it can be none."""
    if showing.output is None:
        raise WrongUsage("parquet and --resume need a file: name it with --output")
    if showing.format in ("table", "json"):
        raise WrongUsage("--output takes rows: give --format csv, jsonl or parquet")
    if showing.limit is not None or showing.cursor is not None or showing.count or showing.follow:
        raise WrongUsage("--output writes all that fit; leave out --limit, --cursor, --count and --follow")
    return showing.output.expanduser()


def _begun(showing: Showing, criteria: Criteria, text: str | None) -> Export:
    """The export, as far as it is."""
    from mailtrace.exporting import Export  # noqa: PLC0415 - only an export needs it

    target = _target(showing)
    sort = sort_of(showing.sort)
    asked = " ".join(filter(None, (shlex.quote(text) if text else "", _typed(criteria, sort))))
    return Export(target, showing.format, asked, time.time_ns() // 1_000_000, sort, resume=showing.resume)


def _export(export: Export, text: str | None, criteria: Criteria, settings: Settings, zone: tzinfo) -> None:
    """Write all that fit into a file, and say on standard error how far it is."""
    from mailtrace.show.progress import ExportingBar  # noqa: PLC0415 - only an export needs it

    query = criteria.question(settings, export.now_ms, zone)
    with asking(settings.store, settings.elasticsearch) as mail:
        if text is not None:
            query, criteria = _meant(mail, text, criteria, query, zone)
        query = msgspec.structs.replace(query, sort=export.sort)
        answer = mail.search(query, limit=1)
        with ExportingBar(sys.stderr, mail.count(query) if sys.stderr.isatty() else None) as bar:
            rows = export.write(mail, query, bar.update)
    Screen(sys.stderr).line(f"mailtrace: {counted(rows, 'row')} in {export.target}")
    _note(msgspec.structs.replace(answer, next=None), count=False)


def _typed(criteria: Criteria, sort: Sort) -> str:
    """The options as one would type them again; none for the usual order."""
    return " ".join(filter(None, (criteria.as_typed(), "" if sort is Sort.NEWEST else f"--sort {sort.value}")))


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


def _foot(screen: Screen, answer: SearchAnswer, shown: int, next_page: str) -> None:
    """Say below a table how many there are, how to go on, and what to know about the answer."""
    if shown:
        screen.line()
    screen.line(total_line(shown, answer.total) if shown or answer.total.value else "Nothing was found.")
    for warning in answer.warnings:
        screen.paragraph(warning)
    if next_page:
        screen.line(next_page)


def _note(answer: SearchAnswer, *, count: bool) -> None:
    """Say on standard error what rows for a program have no place for."""
    said = Screen(sys.stderr)
    if count:
        said.line(f"mailtrace: {total_line(answer.total.value, answer.total)}")
    for warning in answer.warnings:
        said.line(f"mailtrace: {warning}")
    if answer.next:
        said.line(f"mailtrace: there are more; go on with --cursor {answer.next}")

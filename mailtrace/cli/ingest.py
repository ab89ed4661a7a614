"""`mailtrace ingest`: read logs, to their end or as they grow."""

from __future__ import annotations

import gc
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from signal import SIGTERM
from typing import Annotated

import structlog
from cyclopts import Group, Parameter, validators

from ingest.pipeline import Ingest
from ingest.sinks.deadletters import DeadLetters
from ingest.summary import Summary
from ingest.tail.faults import TailError
from ingest.tail.paths import expand
from mailtrace.amounts import Keep
from mailtrace.cli.common import Common
from mailtrace.cli.stopping import stop_on_signals
from mailtrace.log import set_up_log
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.reading import STDIN, Plan, ingest_options, plan
from mailtrace.settings import Settings
from mailtrace.show.progress import ReadingBar
from mailtrace.show.screen import Screen
from mailtrace.show.summary import show_summary
from mailtrace.stores import OpenSink, drop_old, open_sink, shown
from mappings.faults import StoreError

_log = structlog.get_logger(__name__)
_KEEP_EVERY_S = 3600

#: With hyphens, for `-` is standard input; what else begins with one is refused by `About.plan`.
Paths = Annotated[str, Parameter(name="PATH", allow_leading_hyphen=True)]


@Parameter(name="*", group=Group("What is to be known about the logs", sort_key=2))
@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What lines do not say themselves."""

    timezone: str | None = None
    "Zone of stamps that name none, as Europe/Berlin; by default the system's (TZ)."
    year: Annotated[int | None, Parameter(validator=validators.Number(gte=1970, lte=9999))] = None
    "Year of the first line of each file, where stamps name none."
    log_host: str | None = None
    "Host of lines that name none."
    format: str | None = None
    "Format of the lines, where it is not to be recognised."
    rebuild: Annotated[bool, Parameter(show_default=False)] = False
    "Read from the start, whatever was read before."
    no_raw: Annotated[bool, Parameter(show_default=False)] = False
    "Do not keep the lines themselves as evidence."

    def plan(self, settings: Settings, paths: tuple[str, ...]) -> Plan:
        """Decide what is read, and how."""
        for path in paths:
            if path.startswith("-") and path != STDIN:
                raise WrongUsage(f"unknown option {path}; a file of that name is ./{path}")
        return plan(
            settings,
            paths,
            timezone=self.timezone,
            year=self.year,
            log_host=self.log_host,
            format=self.format,
            rebuild=self.rebuild,
            no_raw=self.no_raw,
        )


def ingest(
    *path: Paths,
    once: Annotated[bool, Parameter(show_default=False)] = False,
    about: About | None = None,
    common: Common | None = None,
) -> int:
    """Read logs into the store.

    It reads what is there and then follows, through rotation, until it is stopped; with --once it reads to the end. What was read
    before is not read again; reading a line twice does no harm. With --once the exit code is 1 where something was there and was not read,
    or had gone before it was read; what it was is said.

    Parameters
    ----------
    path
        Log files, folders or glob patterns; - is standard input; without any, those that the settings name.
    once
        Read to the end, write everything, and stop.
    """
    settings = (common or Common()).settings()
    read = (about or About()).plan(settings, path)
    if once or all(source.path == STDIN for source in read.sources):
        return read_once(settings, read)
    return follow(settings, read)


def read_once(settings: Settings, read: Plan) -> int:
    """Read to the end; the result is the exit code."""
    set_up_log(chatty=False)
    calm_collector()
    screen = Screen(sys.stderr)
    problems: list[TailError] = []
    empty = [source.path for source in read.sources if not expand([source.path], once=True, problem=problems.append)]
    if len(empty) == len(read.sources):
        raise CouldNot("; ".join(map(str, problems)) or f"no log file is there: {', '.join(empty)}")
    for path in [] if problems else empty:
        screen.line(f"Note: no log file is there: {path}")
    with stop_on_signals() as stop, closing(_open(settings, stop.event)) as sink, ReadingBar(sys.stderr) as bar:
        for note in sink.notes:
            screen.paragraph(f"Note: {note}")

        def progress(summary: Summary) -> None:
            bar.update(summary.bytes_read, summary.bytes_total or None, summary.lines, summary.traces)

        summary = Ingest(ingest_options(settings, read), sink, settings.data_dir, progress=progress).run_once(stop.event)
        refused, too_old = sink.refused, sink.older_than_kept
    show_summary(screen, summary, refused=refused, too_old=too_old)
    return stop.exit_code() or (1 if summary.unread or summary.losses else 0)


def follow(settings: Settings, read: Plan) -> int:
    """Read what is there, then every new line, until a signal asks for a stop; the result is the exit code."""
    set_up_log(chatty=True)
    calm_collector()
    screen = Screen(sys.stderr)
    with stop_on_signals() as stop, closing(_open(settings, stop.event)) as sink:
        for note in sink.notes:
            screen.paragraph(f"Note: {note}")
        screen.line(f"Following {read.in_words()}")
        screen.line(f"The store is {shown(settings.store)}; kept: {settings.keep}. Ctrl-C stops.")
        keeper = threading.Thread(target=_keep, args=(sink, settings.keeping(), stop.event), name="retention")
        keeper.start()
        try:
            summary = Ingest(ingest_options(settings, read), sink, settings.data_dir).follow(stop.event)
        finally:
            stop.event.set()
            keeper.join()
        refused, too_old = sink.refused, sink.older_than_kept
    show_summary(screen, summary, refused=refused, too_old=too_old)
    # To be ended by SIGTERM is how a service stops: it has done what it was for.
    return stop.exit_code() if stop.signal != SIGTERM else 0


def _open(settings: Settings, stop: threading.Event) -> OpenSink:
    """Open the store for writing; what it refuses is kept among the dead letters."""
    letters = DeadLetters(settings.data_dir, shown(settings.store))
    return open_sink(settings.store, settings.elasticsearch, keep=settings.keeping(), on_refused=letters.add, stop=stop)


def calm_collector() -> None:
    """Look for cycles seldom: joining makes many objects that live for a while and hardly any cycle.

    The collector's usual pace costs a third of the time of reading a backlog (`docs/performance.md`).
    """
    gc.freeze()
    gc.set_threshold(2_000_000, 20, 100)


def _keep(sink: OpenSink, keep: Keep, stop: threading.Event) -> None:
    """Apply retention now and then, until the reading stops."""
    while not stop.is_set():
        try:
            for name in drop_old(sink, keep, time.time_ns() // 1_000_000):
                _log.info("partition_dropped", file=name)
        except (StoreError, OSError) as error:
            _log.error("retention_failed", detail=str(error))
        stop.wait(_KEEP_EVERY_S)

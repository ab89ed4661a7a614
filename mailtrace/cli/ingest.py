"""`mailtrace ingest`: read logs, to their end or as they grow."""

from __future__ import annotations

import gc
import sys
import threading
import time
from dataclasses import dataclass
from signal import SIGTERM
from typing import Annotated

import structlog
from cyclopts import Group, Parameter, validators

from ingest.pipeline import Ingest
from ingest.sinks import OpenSink
from ingest.summary import Summary
from ingest.tail.faults import TailError
from ingest.tail.paths import expand
from mailtrace.amounts import Keep
from mailtrace.build import build_in_words
from mailtrace.cli.common import Common
from mailtrace.cli.figures import Metrics, figures
from mailtrace.cli.stopping import stop_on_signals
from mailtrace.collector import calm_collector
from mailtrace.log import Level, set_up_log
from mailtrace.metrics.beside import Beside
from mailtrace.metrics.endpoint import Collector
from mailtrace.metrics.machine import Kept, Process, Workers
from mailtrace.metrics.reading import Reading
from mailtrace.not_read import no_rights, nothing_there
from mailtrace.notify import Manager
from mailtrace.problems import CouldNot, WrongUsage
from mailtrace.reading import STDIN, ReadingPlan, ingest_options, plan
from mailtrace.settings import Settings
from mailtrace.show.progress import ReadingBar
from mailtrace.show.screen import Screen
from mailtrace.show.summary import show_summary
from mailtrace.stores import shown
from mailtrace.working import working
from mailtrace.writing import drop_old
from mailtrace.zones import named, system_zone
from mappings.faults import StoreError
from mappings.readings import Trouble
from search.times import parse_time

_log = structlog.get_logger(__name__)
_KEEP_EVERY_S = 3600
#: Seconds for which reading to the end waits for a store that cannot be used now (a full disk); following waits for ever.
_ONCE_WAITS_S = 60.0

#: With hyphens, for `-` is standard input; what else begins with one is refused by `About.plan`.
Paths = Annotated[str, Parameter(name="PATH", allow_leading_hyphen=True)]


@Parameter(name="*", group=Group("What is to be known about the logs", sort_key=2))
@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What lines do not say themselves."""

    timezone: str | None = None
    "Zone of stamps that name none, as Europe/Berlin; by default as message ids say, else the system's (TZ)."
    year: Annotated[int | None, Parameter(validator=validators.Number(gte=1970, lte=9999))] = None
    "Year of the first line of each file, where stamps name none."
    log_host: str | None = None
    "Host of lines that name none."
    format: str | None = None
    "Format of the lines, where it is not to be recognised."
    rebuild: Annotated[bool, Parameter(show_default=False)] = False
    "Read from the start, whatever was read before."
    since: str | None = None
    "With --once --rebuild: read again only what came from this time on; positions stay as they are."
    until: str | None = None
    "With --once --rebuild: what came before this time is read again."
    no_raw: Annotated[bool, Parameter(show_default=False)] = False
    "Do not keep the lines themselves as evidence."

    def plan(self, settings: Settings, paths: tuple[str, ...]) -> ReadingPlan:
        """Decide what is read, and how."""
        for path in paths:
            if path.startswith("-") and path != STDIN:
                raise WrongUsage(f"unknown option {path}; a file of that name is ./{path}")
        since_ms, until_ms = self._range()
        return plan(
            settings,
            paths,
            timezone=self.timezone,
            year=self.year,
            log_host=self.log_host,
            format=self.format,
            rebuild=self.rebuild,
            since_ms=since_ms,
            until_ms=until_ms,
            no_raw=self.no_raw,
        )

    def _range(self) -> tuple[int | None, int | None]:
        """What is to be read again, in milliseconds since 1970 UTC."""
        if (self.since is not None or self.until is not None) and not self.rebuild:
            raise WrongUsage("--since and --until say what is read again; give --rebuild with them")
        now_ms, zone = time.time_ns() // 1_000_000, named(system_zone())
        since_ms = None if self.since is None else parse_time(self.since, now_ms, zone, field="since")
        until_ms = None if self.until is None else parse_time(self.until, now_ms, zone, field="until")
        if since_ms is not None and until_ms is not None and until_ms <= since_ms:
            raise WrongUsage("--until is not after --since; exchange the two")
        return since_ms, until_ms


def ingest(
    *path: Paths,
    once: Annotated[bool, Parameter(show_default=False)] = False,
    metrics: Metrics = None,
    about: LogOptions | None = None,
    common: Common | None = None,
) -> int:
    """Read logs into the store.

    It reads what is there and then follows, through rotation, until it is stopped; with --once it reads to the end. What was read
    before is not read again; reading a line twice does no harm. With --once the exit code is 1 where something was there and was not read,
    or had gone before it was read; what it was is said.

    Parameters
    ----------
    path
        Log files, folders or glob patterns; - is standard input, journald: the journal, journald:UNIT that of a unit; without any, those
        that the settings name.
    once
        Read to the end, write everything, and stop.
    """
    settings = (common or Common()).settings(metrics=metrics)
    if once and metrics is not None:
        raise WrongUsage("--metrics shows figures while logs are followed; leave it out with --once")
    read = (about or LogOptions()).plan(settings, path)
    if read.part and not once:
        raise WrongUsage("a part of the logs is read again to its end; give --once with --since and --until")
    if once or all(source.path == STDIN for source in read.sources):
        return read_once(settings, read)
    return follow(settings, read)


def read_once(settings: Settings, read: ReadingPlan) -> int:
    """Read to the end; the result is the exit code."""
    # What is read is told at the end; of its ways only what goes wrong.
    log_level: Level = "debug" if settings.log_level == "debug" else "error"
    set_up_log(log_level)
    calm_collector()
    screen = Screen(sys.stderr)
    empty, problems = _not_there(read, once=True)
    if len(empty) == len(read.sources):
        told = [f"{one}; {no_rights(one.path)}" if one.trouble is Trouble.NO_RIGHTS else str(one) for one in problems]
        raise CouldNot("; ".join(told or map(nothing_there, empty)))
    for path in [] if problems else empty:
        screen.line(f"Note: {nothing_there(path)}")
    options = ingest_options(settings, read)
    with (
        stop_on_signals() as stop,
        working(settings, options, stop.event, once=True, log_level=log_level, wait_s=_ONCE_WAITS_S) as work,
        ReadingBar(sys.stderr) as bar,
    ):
        sink = work.sink
        screen.line(f"{build_in_words()} {work.in_words}")
        for note in sink.notes:
            screen.paragraph(f"Note: {note}")

        def progress(summary: Summary) -> None:
            bar.update(summary.bytes_read, summary.bytes_total or None, summary.lines, summary.traces)

        summary = Ingest(options, sink, settings.data_dir, journeys=work.journeys, progress=progress).run_once(stop.event)
        if read.rebuild and not stop.event.is_set():
            _note_read_again(sink, read, summary)
    show_summary(screen, summary, refused=sink.refused, too_old=sink.older_than_kept)
    # What is still in memory ends with the process: Python would look through all of it for cycles first.
    gc.freeze()
    return stop.exit_code() or (1 if summary.unread or summary.losses else 0)


def _not_there(read: ReadingPlan, *, once: bool = False) -> tuple[list[str], list[TailError]]:
    """The sources of which no file is there, and what hinders looking for them."""
    problems: list[TailError] = []
    return [one.path for one in read.sources if not expand([one.path], once=once, problem=problems.append)], problems


def _note_read_again(sink: OpenSink, read: ReadingPlan, summary: Summary) -> None:
    """What the store lacked and the logs still had, it has again: from the first line that was read on."""
    if summary.begun_us is not None:
        since_ms = max(read.since_ms or 0, summary.begun_us // 1000)
        until_ms = time.time_ns() // 1_000_000 if read.until_ms is None else read.until_ms
        if since_ms < until_ms:
            sink.read_again(since_ms, until_ms)


def follow(settings: Settings, read: ReadingPlan, service: Beside | None = None) -> int:
    """Read what is there, then every new line, until a signal asks for a stop; the result is the exit code.

    `service` is what serves in a process of its own beside it, where something does.
    """
    set_up_log(settings.log_level)
    calm_collector()
    screen = Screen(sys.stderr)
    manager = Manager(ready=lambda: service is None or service.listening.is_set())
    options = ingest_options(settings, read)
    with (
        stop_on_signals(manager.stopping) as stop,
        working(settings, options, stop.event, once=False, log_level=settings.log_level, wait_s=None, beat=manager.alive) as work,
    ):
        sink = work.sink
        screen.line(f"{build_in_words()} {work.in_words}")
        for note in sink.notes:
            screen.paragraph(f"Note: {note}")
        screen.line(f"Following {read.in_words()}")
        empty, problems = _not_there(read)
        # What hinders is told by whoever follows.
        for path in [] if problems else empty:
            screen.line(f"Note: {nothing_there(path).replace('is there:', 'is there yet:')}")
        screen.line(f"The store is {shown(settings.store)}; kept: {settings.keep}. Ctrl-C stops.")
        keeper = threading.Thread(target=_keep, args=(sink, settings.keeping(), stop.event), name="retention")
        keeper.start()
        try:
            ingesting = Ingest(options, sink, settings.data_dir, journeys=work.journeys, beat=manager.beat)
            collectors: list[Collector] = [
                Reading(lambda: ingesting.state, sink),
                Kept(settings),
                Process("ingest"),
                Workers(work.others),
                *([service] if service else []),
            ]
            with figures(settings, collectors, screen):
                summary = ingesting.follow(stop.event)
        finally:
            stop.event.set()
            keeper.join()
    show_summary(screen, summary, refused=sink.refused, too_old=sink.older_than_kept)
    # To be ended by SIGTERM is how a service stops: it has done what it was for.
    return stop.exit_code() if stop.signal != SIGTERM else 0


def _keep(sink: OpenSink, keep: Keep, stop: threading.Event) -> None:
    """Apply retention now and then, until the reading stops."""
    while not stop.is_set():
        try:
            for name in drop_old(sink, keep, time.time_ns() // 1_000_000):
                _log.info("partition_dropped", file=name)
        except (StoreError, OSError) as error:
            _log.error("retention_failed", detail=str(error))
        stop.wait(_KEEP_EVERY_S)

"""`mailtrace doctor`: whether everything is in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ingest.aside import FailedLetters
from ingest.sinks.deadletters import DeadLetters
from ingest.tail.checkpoint import marks_of_files
from mailtrace.amounts import counted
from mailtrace.build import build_in_words
from mailtrace.cli.common import Common
from mailtrace.cli.doctor_embedded import embedded_findings
from mailtrace.cli.doctor_reading import reading_findings
from mailtrace.cli.doctor_rights import rights_findings
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.problems import CommandError, of_os_error
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.stores import asking, embedded_folder, is_cluster, shown
from mappings import private
from mappings.faults import StoreError
from search.engines import StoreState
from search.safe import safe
from search.standing import NotRead, of_domains, standings
from search.times import utc

#: So many losses are told one by one, the latest.
_LOSSES = 20


def doctor(*, look: Annotated[bool, Parameter(show_default=False)] = False, common: Common | None = None) -> int:
    """Check that everything is in order.

    It looks at the settings, the data folder, the store, each source (whether it can be opened, how its reading stands, what of it is
    not understood) and what was left out. In a cluster it puts the index template in place, or brings it up to date, and says so.

    The exit code is 0 where everything is in order or there are notes, and 1 where something is wrong: a source that cannot be read, is
    not read any more or is more than 15 minutes behind, a quarter of its lines not understood, a damaged store, a fault.

    Parameters
    ----------
    look
        Only look; change nothing.
    """
    common = common or Common()
    settings = common.settings()
    screen = Screen(sys.stdout)
    worst = GOOD
    for kind, sentence in _findings(settings, common.settings_file(), look=look):
        screen.paragraph(f"{kind:<5} {safe(sentence)}")
        worst = BAD if BAD in (kind, worst) else kind if kind != GOOD else worst
    screen.line({GOOD: "Everything is in order.", NOTE: "It works; see the notes.", BAD: "Something is wrong."}[worst], "bold")
    return 1 if worst == BAD else 0


def _findings(settings: Settings, settings_file: Path | None, *, look: bool) -> Iterator[Finding]:
    """Everything that is looked at."""
    yield GOOD, build_in_words()
    yield GOOD, f"The settings are right; the store is {shown(settings.store)}, and {settings.keep} is kept."
    yield _folder(settings.data_dir)
    folders = [settings.data_dir, *([] if is_cluster(settings.store) else [embedded_folder(settings.store)])]
    yield from rights_findings(settings, folders, settings_file)
    try:
        yield from _store(settings, look=look)
    except (StoreError, CommandError) as error:
        yield BAD, str(error)
    except OSError as error:
        yield BAD, f"{of_os_error(error)}."
    for path, mark in sorted(marks_of_files(settings.data_dir).items()):
        zone = mark.told.zone_in_words(path)
        if zone is not None:
            yield NOTE, zone
    if settings.source:
        from mailtrace.cli.doctor_sources import sources_findings  # noqa: PLC0415 - only where there are logs is what reads them loaded

        yield from sources_findings([source.path for source in settings.source])
    letters = DeadLetters(settings.data_dir).count()
    if letters:
        yield NOTE, f"{counted(letters, 'trace')} could not be stored; see `mailtrace deadletters list`."
    failed = FailedLetters(settings.data_dir).count()
    if failed:
        yield (
            BAD,
            f"A fault of Mail Trace itself: {counted(failed, 'line')} put aside; see `mailtrace deadletters list`, and please report it.",
        )


def _folder(data: Path) -> Finding:
    """The data folder can be written to, or made."""
    try:
        private.folder(data)
        probe = data / ".doctor"
        private.create(probe)
        probe.unlink()
    except OSError as error:
        return BAD, f"The data folder {data} cannot be written to: {error.strerror}."
    return GOOD, f"The data folder {data} can be written to."


def _store(settings: Settings, *, look: bool) -> Iterator[Finding]:
    """The store, and how far it is filled; each check needs those before it."""
    if is_cluster(settings.store):
        from mailtrace.cli.doctor_cluster import cluster_findings  # noqa: PLC0415 - only what uses a cluster loads its client

        yield from cluster_findings(settings, look=look)
    else:
        folder = embedded_folder(settings.store)
        if not folder.is_dir():
            yield NOTE, f"There is no store in {folder} yet; `mailtrace ingest PATH` makes it."
            return
        yield from embedded_findings(folder, [source.path for source in settings.source])
    yield from _state(settings)


def _state(settings: Settings) -> Iterator[Finding]:
    """What is in the store, and how far logs are read."""
    with asking(settings.store, settings.elasticsearch) as mail:
        state = mail.engine.state()
    if state.oldest_ms is None or state.newest_ms is None:
        yield NOTE, "There is no mail in the store yet."
    else:
        yield GOOD, f"Mail from {utc(state.oldest_ms)} to {utc(state.newest_ms)}."
    for loss in state.losses[-_LOSSES:]:
        yield NOTE, loss.in_words()
    if len(state.losses) > _LOSSES:
        yield NOTE, f"{len(state.losses) - _LOSSES:,} earlier losses of this kind are known."
    yield from reading_told(state, time.time_ns() // 1_000_000)


def reading_told(state: StoreState, now_ms: int) -> Iterator[Finding]:
    """How the reading of all sources stands, and of log domains of which no source tells."""
    found = standings(state.readings, now_ms)
    for name, one in sorted(of_domains(state.read_up_to_ms, found, now_ms).items()):
        if state.read_up_to_ms[name] > 0:
            yield GOOD, f"Logs of {name} are read up to {utc(state.read_up_to_ms[name])}."
        if one.why is NotRead.NOT_RECORDED:
            yield GOOD, f"How the reading of {name} stands is not known: an earlier release wrote the store."
    yield from reading_findings(found, now_ms)

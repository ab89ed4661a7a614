"""`mailtrace doctor`: whether everything is in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from ingest.aside import FailedLetters
from ingest.sinks.deadletters import DeadLetters
from mailtrace.amounts import counted, shown_bytes
from mailtrace.cli.common import Common
from mailtrace.cli.doctor_embedded import embedded_findings
from mailtrace.cli.doctor_rights import rights_findings
from mailtrace.cli.finding import BAD, GOOD, NOTE, Finding
from mailtrace.problems import Problem, of_os_error
from mailtrace.settings import Settings
from mailtrace.show.screen import Screen
from mailtrace.stores import access, asking, embedded_folder, is_cluster, shape, shown
from mappings import private
from mappings.elasticsearch.checkup import MOST_SHARD_BYTES, Checkup
from mappings.elasticsearch.connection import Connection
from mappings.elasticsearch.names import Names
from mappings.elasticsearch.ranges import Stray
from mappings.elasticsearch.setup import Setup
from mappings.faults import StoreError
from search.answers import utc
from search.safe import safe

#: So many losses are told one by one, the latest.
_LOSSES = 20


def doctor(*, look: Annotated[bool, Parameter(show_default=False)] = False, common: Common | None = None) -> int:
    """Check that everything is in order.

    It looks at the settings, the data folder, the store and what was left out. In a cluster it puts the index template in place, or
    brings it up to date, and says so.

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
    yield GOOD, f"The settings are right; the store is {shown(settings.store)}, and {settings.keep} is kept."
    yield _folder(settings.data_dir)
    folders = [settings.data_dir, *([] if is_cluster(settings.store) else [embedded_folder(settings.store)])]
    yield from rights_findings(settings, folders, settings_file)
    checks = _cluster(settings, look=look) if is_cluster(settings.store) else _embedded(settings)
    for check in checks:
        try:
            yield from check()
        except (StoreError, Problem) as error:
            yield BAD, str(error)
            break
        except OSError as error:
            yield BAD, f"{of_os_error(error)}."
            break
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


def _embedded(settings: Settings) -> list[Callable[[], Iterator[Finding]]]:
    """The checks of an embedded store."""

    def there() -> Iterator[Finding]:
        folder = embedded_folder(settings.store)
        if not folder.is_dir():
            yield NOTE, f"There is no store in {folder} yet; `mailtrace ingest PATH` makes it."
            return
        yield from embedded_findings(folder, [source.path for source in settings.source])
        yield from _state(settings)

    return [there]


def _cluster(settings: Settings, *, look: bool) -> list[Callable[[], Iterator[Finding]]]:
    """The checks of a cluster, in an order in which each needs those before it."""
    names = Names(settings.elasticsearch.prefix)
    reached = access(settings.store, settings.elasticsearch)

    def asked() -> Iterator[Finding]:
        with closing(Connection(reached)) as connection:
            checkup = Checkup(connection, names)
            setup = Setup(connection, names, shape(settings.elasticsearch), keep_seconds=settings.keeping().seconds)
            yield from _server(checkup)
            yield from _in_place(setup, look=look)
            yield from _catalog(checkup, look=look)
            yield from _indices(checkup)
            if not settings.elasticsearch.lifecycle:
                yield GOOD, f"Old indices are deleted by `mailtrace retention`; lifecycle policies are {checkup.lifecycles(setup)}."
            for writer in checkup.writers():
                yield GOOD, f"The log domain {writer.log_domain} is written by process {writer.pid} on {writer.host}."

    return [lambda: _transport(settings), asked, lambda: _state(settings)]


def _transport(settings: Settings) -> Iterator[Finding]:
    """Whether secrets go over the wire as they are."""
    parts = urlsplit(settings.store)
    known = access(settings.store, settings.elasticsearch)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and known.header() and not local:
        yield NOTE, "The credentials go to the server unencrypted; use https."


def _server(checkup: Checkup) -> Iterator[Finding]:
    """The server answers, and is well."""
    versions = checkup.versions()
    old = [version for version in versions if int(version.partition(".")[0]) < 8]
    yield (BAD if old else GOOD), f"Elasticsearch {', '.join(versions)} answers." + (" Version 8 or later is needed." if old else "")
    health = checkup.health()
    words = {"green": "The cluster is green.", "yellow": "The cluster is yellow: copies of some data are missing."}
    yield (
        {"green": GOOD, "yellow": NOTE}.get(health, BAD),
        words.get(health, f"The cluster is {health}: some data cannot be reached."),
    )


def _in_place(setup: Setup, *, look: bool) -> Iterator[Finding]:
    """The index template and the meta index."""
    if look:
        for sentence in setup.look():
            yield (GOOD if "up to date" in sentence else NOTE), sentence
        return
    done = setup.put_in_place()
    for sentence in done or setup.look():
        yield GOOD, sentence


def _catalog(checkup: Checkup, *, look: bool) -> Iterator[Finding]:
    """Whether the catalog and the server have the same indices; what can be mended is mended."""
    for name in [] if look else checkup.put_into_alias():
        yield GOOD, f"Put the index {name} into the alias, from which it was missing."
    found = checkup.catalog(look=look)
    for one in found.taken:
        yield (NOTE, f"{one.lacked()} The next ingest takes it in.") if look else (GOOD, f"{one.lacked()} It is taken in now.")
    for sentence in Stray.told(found.strays):
        yield BAD, sentence
    for one in checkup.lost():
        yield BAD, one.lost()


def _indices(checkup: Checkup) -> Iterator[Finding]:
    """The indices: how much is in them."""
    for name, large in checkup.large(MOST_SHARD_BYTES).items():
        much = f"{shown_bytes(large)}, and should have at most {shown_bytes(MOST_SHARD_BYTES)}"
        yield NOTE, f"A shard of the index {name} has {much}: set more shards, or a shorter period; new indices follow."
    indices, size, traces = checkup.held()
    yield GOOD, f"{counted(indices, 'index', 'indices')}, {shown_bytes(size)}, {counted(traces, 'trace')}."


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
    for source, read_ms in sorted(state.read_up_to_ms.items()):
        yield GOOD, f"Logs of {source} are read up to {utc(read_ms)}."

"""`mailtrace serve`: the page and the query API."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from signal import SIGTERM
from typing import Annotated

from cyclopts import Parameter, validators

from ingest.processes.child import own_python
from mailtrace.cli.common import Common
from mailtrace.cli.figures import Metrics, figures
from mailtrace.cli.stopping import stop_on_signals
from mailtrace.log import set_up_log
from mailtrace.metrics.beside import Beside, attend
from mailtrace.metrics.endpoint import Collector, Together
from mailtrace.metrics.machine import Kept, Process, Workers
from mailtrace.metrics.service import Answers, UnderWay
from mailtrace.notify import Manager
from mailtrace.problems import CouldNot
from mailtrace.serving import service
from mailtrace.show.screen import Screen

Host = Annotated[str | None, Parameter(name="--host")]
Port = Annotated[int | None, Parameter(name="--port", validator=validators.Number(gte=0, lte=65_535))]


def serve(
    *,
    host: Host = None,
    port: Port = None,
    metrics: Metrics = None,
    with_parent: Annotated[bool, Parameter(show=False)] = False,
    common: Common | None = None,
) -> int:
    """Serve the page and the query API, and read no log.

    It answers from the store, also while `mailtrace ingest` writes to it. Without any access token (`mailtrace token`) it listens on
    this machine only, and whoever can reach it there sees everything.

    Parameters
    ----------
    host
        Address to listen on; by default the setting, which is 127.0.0.1.
    port
        Port to listen on; by default the setting, which is 8025; 0 takes one that is free.
    """
    settings = (common or Common()).settings(metrics=metrics)
    set_up_log(settings.log_level)
    screen = Screen(sys.stderr)
    answers = Answers()
    # With a parent, that one is watched over, and shows the figures of both.
    manager = Manager({} if with_parent else None)

    def told(address: str, everybody: bool) -> None:
        if with_parent:
            threading.Thread(target=_answer_parent, args=(own, stop.event), name="parent", daemon=True).start()
        screen.line(f"Mail Trace is at {address}")
        if everybody:
            screen.paragraph("No access token is configured: only this machine reaches it, and whoever is on it sees everything.")

    own: list[Collector] = [answers, UnderWay(lambda: made.busy), Process("service"), Workers(lambda: made.crew.numbers)]
    with (
        stop_on_signals(manager.stopping) as stop,
        service(settings, host, port, told, on_answer=answers.note, beat=manager.beat) as made,
        nullcontext() if with_parent else figures(settings, [*own, Kept(settings)], screen),
    ):
        # Answers leave few cycles behind; looking for them often would hold everybody up while exports are under way.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        made.run_until(stop.event)
    return stop.exit_code() if stop.signal != SIGTERM else 0


def _answer_parent(own: Sequence[Collector], stop: threading.Event) -> None:
    """Answer whoever started us, and stop when he is gone: then our standard input ends."""
    attend(Connection(0), Together(own))
    stop.set()


@contextmanager
def beside(common: Common, host: str | None, port: int | None) -> Iterator[Beside]:
    """Serve in a process of its own for as long as this one does something else; it ends with this one, however that ends.

    Should it end by itself, this one is asked to stop, and says so: whoever watches over both starts both again.
    """
    # Whether it can be served at all is found out before any log is read.
    with service(common.settings(), host, port, lambda _address, _open: None):
        pass
    given = (("--host", host), ("--port", port), ("--config", common.config), ("--data", common.data), ("--store", common.store))
    options = [word for name, value in given if value is not None for word in (name, str(value))]
    ours, theirs = Pipe()
    program = [*own_python(), "-m", "mailtrace", "serve", "--with-parent", *options]
    # A session of its own: what asks us to stop by way of the terminal or the group must not end it before us.
    with subprocess.Popen(program, stdin=theirs.fileno(), start_new_session=True) as child:  # noqa: S603
        theirs.close()
        over = threading.Event()
        made = Beside(ours)

        def watch() -> None:
            while child.poll() is None and not made.answers():
                continue
            made.listening.set()
            child.wait()
            if not over.is_set():
                os.kill(os.getpid(), SIGTERM)

        watcher = threading.Thread(target=watch, name="service", daemon=True)
        watcher.start()
        try:
            yield made
            if child.poll() is not None:
                raise CouldNot(f"the service of the page ended by itself (code {child.returncode}), so the reading was stopped too")
        finally:
            over.set()
            ours.close()
            watcher.join()

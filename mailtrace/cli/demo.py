"""`mailtrace demo`: try it on a bundled real log."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from importlib.resources import as_file, files

from mailtrace.cli.common import Common
from mailtrace.cli.ingest import read_once
from mailtrace.cli.typed import typed_again
from mailtrace.layers import load
from mailtrace.reading import plan
from mailtrace.settings import Settings
from mailtrace.show.report import show_report
from mailtrace.show.screen import Screen
from mailtrace.show.table import show_traces, total_line
from mailtrace.stores import asking
from mailtrace.zones import named, system_zone
from search.query import Query

_SHOWN = 15


def demo(*, common: Common | None = None) -> int:
    """Try it on a bundled real log.

    It reads a log of Postfix, Amavis and ClamAV with test mail, viruses and spam, then shows a search and one Email Report. The
    store is temporary, unless --data or --store says where to keep it.
    """
    common = common or Common()
    keep = common.data is not None or common.store is not None
    with nullcontext() if keep else tempfile.TemporaryDirectory(prefix="mailtrace-demo-") as folder:
        own = {"config": common.config, "data": folder, "store": f"sqlite:{folder}/store"}
        settings = common.settings() if folder is None else load(own)
        return _shown(settings, typed_again(common) if keep else "mailtrace", kept=keep)


def _shown(settings: Settings, command: str, *, kept: bool) -> int:
    """Read the bundled log and show what is in it."""
    screen, zone = Screen(sys.stdout), named(system_zone())
    with as_file(files("mailtrace.demo") / "mail.log.gz") as log:
        screen.line("$ mailtrace ingest --once mail.log", "bold")
        code = read_once(settings, plan(settings, [str(log)]))
    if code:
        return code
    with asking(settings.store, settings.elasticsearch) as mail:
        screen.line()
        screen.line(f"$ {command} search --limit {_SHOWN}", "bold")
        answer = mail.search(Query(), limit=_SHOWN)
        show_traces(screen, answer.traces, zone)
        screen.line(total_line(len(answer.traces), answer.total))
        found = mail.search(Query(disposition=("quarantined",), reason=("virus",)), limit=1).traces
        report = mail.report(found[0].id) if found else None
        if report is not None:
            screen.line()
            screen.line(f"$ {command} report {report.trace.id}", "bold")
            show_report(screen, report, zone)
    screen.line()
    if kept:
        screen.line(f"Ask more: {command} search anna@example.com", "bold")
    screen.line(f"The store is kept: {settings.store}" if kept else "Now your own: mailtrace ingest --once /var/log/mail.log", "bold")
    return 0

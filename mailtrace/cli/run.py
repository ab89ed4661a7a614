"""`mailtrace run`: follow the logs, and serve page and API."""

from __future__ import annotations

from mailtrace.cli.common import Common
from mailtrace.cli.figures import Metrics
from mailtrace.cli.ingest import LogOptions, Paths, follow
from mailtrace.cli.serve import Host, Port, beside
from mailtrace.problems import WrongUsage


def run(
    *path: Paths,
    host: Host = None,
    port: Port = None,
    metrics: Metrics = None,
    about: LogOptions | None = None,
    common: Common | None = None,
) -> int:
    """Follow the logs, and serve the page and the query API: the one-machine product.

    It reads what is there into the store, then every new line, through rotation, until it is stopped; started again, it goes
    on where it was. It applies retention. The page's address is told when it can be opened.

    Parameters
    ----------
    path
        Log files, folders or glob patterns; without any, those that the settings name.
    host
        Address of the page; by default the setting, which is 127.0.0.1.
    port
        Port of the page; by default the setting, which is 8025; 0 takes one that is free.
    """
    common = common or Common()
    settings = common.settings(metrics=metrics)
    read = (about or LogOptions()).plan(settings, path)
    if read.part:
        raise WrongUsage("a part of the logs is read again to its end: mailtrace ingest --once --rebuild, with --since and --until")
    with beside(common, host, port) as service:
        return follow(settings, read, service)
